"""The recipe's `averaging` section: means of weights, within one training or over several."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.section import Section


class AveragingSection(Section):
    """Averages of weights that are used instead of the last weights."""

    ema: bool = True
    """Keep an exponential moving average (EMA) of the weights, and use it."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Share of itself that the average keeps at each update."""
    ema_warmup: bool = True
    """Start with a small decay that grows to `ema_decay`, so that the first weights lose their influence."""
    ema_warmup_power: Annotated[float, Field(gt=0, le=1)] = 0.75
    """With warm-up the decay after n updates is 1 - n^-power, at most `ema_decay`."""
    swa: bool = False
    """Use the plain mean of the weights at the ends of the last epochs (arXiv 1803.05407)."""
    swa_start: Annotated[float, Field(ge=0, lt=1)] = 0.75
    """Share of the epochs after which SWA begins; the last epoch always counts."""
    soup: Literal["none", "uniform", "greedy"] = "none"
    """Train each network `soup_size` times and use the mean of the weights: of all, or greedily of those that help on
    the validation rows, which makes the figure on them too high (arXiv 2203.05482)."""
    soup_size: Annotated[int, Field(ge=2, le=20)] = 3
    """Trainings per soup, each with its own seed: training takes that many times the time, inference does not."""
    wise_ft: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the fine-tuned weights in a mean with those before fine-tuning; 1: fine-tuned alone (arXiv 2109.01903).
    A new head is included where the probe fitted it first."""
    refresh_batches: Annotated[int, Field(ge=0)] = 100
    """After SWA, a soup or WiSE-FT, compute batch norm's statistics again from this many training batches; 0: keep
    them."""

    def swa_from(self, epochs: int) -> int:
        """First epoch, from 0, at whose end SWA uses the weights; in short trainings the last one."""
        return min(math.ceil(self.swa_start * epochs), epochs - 1)
