"""`inference:` how probabilities are computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Distinct, Scope, Section
from sketchfit.config.views import ViewName

BACKENDS = ("auto", "eager", "compiled", "onnxruntime", "openvino")
"""Names of the package's backends, and the one that chooses among them."""


class InferenceSection(Section):
    """How probabilities are computed."""

    batch_size: int = Field(default=64, ge=1)
    """Images per forward pass."""
    backend: Annotated[str, MemberOf("backends", BACKENDS)] = "auto"
    """What computes probabilities after training. `eager`: torch as in training; `compiled`: `torch.compile`;
    `onnxruntime`, `openvino`: the network converted for the CPU, in fp32 (`pip install 'sketchfit[fast]'`). `auto`:
    eager for the folds' own out-of-fold and test rows; for the passes of kernel heads (`training.kernel`), views and
    `predict` converted where packages, device and precision allow it and there are enough rows. A conversion whose
    probabilities differ by more than 1e-5 from eager (with a kernel head, 2.5e-5 over its temperature) is not used, and
    a line reports that. Validation during training is always eager."""
    views: Annotated[tuple[ViewName, ...], Distinct] = ("hflip",)
    """Test-time views to try in addition to the entire image, `identity`. A view is used only where a paired test on
    out-of-fold rows shows a higher accuracy, or a lower log-loss while accuracy is not lower. `hflip`, `vflip`,
    `rot90`, `rot180`, `rot270`, `transpose`, `rotate+8`, `rotate-8` (degrees), `scale0.9` (below 1: a margin of paper),
    `crop0.9`, `five-crop0.85` (shares of the side), `ink` (the ink alone, as large as fits), `stretch` (the ink
    stretched to the square), `thicken0.006`, `thin0.006` (shares of the side); any number. Empty: no others."""
    mode: Literal["mean-prob", "mean-logit", "vote"] = "mean-prob"
    """How views are merged: mean of probabilities, mean of logits, or a vote (ties by mean probability)."""
    prior: Annotated[Literal["keep", "auto", "correct"], Scope(owner="run")] = "auto"
    """Whether test probabilities are corrected for class frequencies that differ from the training table's. They are
    estimated without labels. `auto`: only where they differ significantly, test drawings are otherwise like training
    drawings, and out-of-fold rows that are resampled to these frequencies show a gain; where the frequencies are
    alike, and classes of equal size were split by class, the mean prediction is brought closer to the training
    frequencies if out-of-fold rows show a gain. `keep`: never. `correct`: always. New images (`predict`) are never
    corrected, because their class frequencies are not known."""
