"""`model:` the backbone, its weights, its head and which parts are trained."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sketchfit.config.freezing import FreezingSection
from sketchfit.config.head import HeadSection
from sketchfit.config.lora import LoraSection
from sketchfit.config.own_size import own_input_size
from sketchfit.config.section import CheckedBy, Section

Mean = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(gt=0)]


class ModelSection(Section):
    """The backbone, its weights, its head and which parts are trained."""

    backbone: Annotated[str, Field(min_length=1), CheckedBy("trial")] = "mobilenetv2_100"
    """Any timm model name; a `.tag` chooses the weights, e.g. `resnet50.a1_in1k`."""
    pretrained: bool = True
    """Start from pretrained weights: `weights` where given, else from the Hugging Face hub through timm."""
    weights: str | None = None
    """Local `.safetensors` or `.pth` file of weights for the backbone, instead of the hub. `{fold}` stands for the
    number of the fold: each network starts from a separate file, which has not learnt from the rows of that fold."""
    partial_weights: bool = False
    """Accept `weights` that lack tensors of the backbone; these start from random values."""
    input_size: int | None = Field(default=None, ge=16, le=2048)
    """Side of the network's input in pixels; by default that of the backbone's own weights."""
    mean: Mean | tuple[Mean, Mean, Mean] | None = None
    """Mean with which the input is normalised, in [0, 1]; by default that of the weights' own training."""
    std: Deviation | tuple[Deviation, Deviation, Deviation] | None = None
    """Standard deviation with which the input is normalised; by default that of the weights' own training."""
    drop_rate: float = Field(default=0.0, ge=0, lt=1)
    """Dropout before the classifier."""
    drop_path_rate: float | None = Field(default=None, ge=0, lt=1)
    """Stochastic depth (arXiv 1603.09382); null: the backbone's own default."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Further keyword arguments for `timm.create_model`, e.g. `{attn_drop_rate: 0.1}`."""
    head: HeadSection = Field(default_factory=HeadSection.standard)
    """The classifier on top."""
    freeze: FreezingSection = FreezingSection()
    """Which parts of the network are trained, and when."""
    lora: LoraSection = LoraSection()
    """Train small low-rank additions to a frozen backbone instead of its weights."""

    @property
    def size(self) -> int:
        """Side of the network's input in pixels: `input_size`, or the backbone's own."""
        given = self.input_size or self.args.get("img_size")
        return int(given) if isinstance(given, int) else own_input_size(self.backbone)
