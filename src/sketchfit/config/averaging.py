"""The recipe's `averaging` section: means of weights, over a training or over several."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.section import Section


class AveragingSection(Section):
    """Which weights are reported in place of the last ones."""

    ema: bool = True
    """Keep an exponential moving average of the weights, and report that."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """What the average keeps of itself at each update."""
    ema_warmup: bool = True
    """Start with a small decay that grows to `ema_decay`, so that the average forgets the first weights."""
    ema_warmup_power: Annotated[float, Field(gt=0, le=1)] = 0.75
    """With warm-up the decay after n updates is 1 - n^-power, at most `ema_decay`."""
    swa: bool = False
    """Report the plain mean of the weights at the ends of the last epochs (arXiv 1803.05407)."""
    swa_start: Annotated[float, Field(ge=0, lt=1)] = 0.75
    """Share of the epochs after which SWA begins; the last epoch always counts."""
    soup: Literal["none", "uniform", "greedy"] = "none"
    """Train each network `soup_size` times and take the mean of the weights: of all, or greedily of those that help on
    the validation rows, which flatters the figure on them (arXiv 2203.05482)."""
    soup_size: Annotated[int, Field(ge=2, le=20)] = 3
    """Trainings a soup, with seeds of their own: that many times the time, none more in inference."""
    wise_ft: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the fine-tuned weights in a mean with those before fine-tuning; 1: fine-tuned alone (2109.01903). A new
    head takes part where the probe fitted it first."""
    refresh_batches: Annotated[int, Field(ge=0)] = 100
    """After SWA, a soup or WiSE-FT, take batch norm's statistics anew from so many training batches; 0: don't."""

    def swa_from(self, epochs: int) -> int:
        """The first epoch, from 0, at whose end SWA takes the weights; of short trainings the last one."""
        return min(math.ceil(self.swa_start * epochs), epochs - 1)
