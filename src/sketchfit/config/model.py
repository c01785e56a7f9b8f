"""`model:` the backbone, its weights, its head and what of it is trained."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sketchfit.config.freezing import FreezingSection
from sketchfit.config.head import HeadSection
from sketchfit.config.lora import LoraSection
from sketchfit.config.section import Section


class ModelSection(Section):
    """The backbone, its weights, its head and what of it is trained."""

    backbone: str = "mobilenetv2_100"
    """Any timm model name; a `.tag` chooses the weights, e.g. `resnet50.a1_in1k`."""
    pretrained: bool = True
    """Start from pretrained weights: `weights` where given, else from the Hugging Face hub through timm."""
    weights: str | None = None
    """Local `.safetensors` or `.pth` file of weights for the backbone, instead of the hub."""
    input_size: int = Field(default=224, ge=16, le=2048)
    """Side of the network's input in pixels."""
    mean: float | tuple[float, float, float] | None = None
    """Mean that the input is normalised with, in [0, 1]; by default what the weights were trained with."""
    std: float | tuple[float, float, float] | None = None
    """Standard deviation that the input is normalised with; by default what the weights were trained with."""
    drop_rate: float = Field(default=0.0, ge=0, lt=1)
    """Dropout before the classifier."""
    drop_path_rate: float | None = Field(default=None, ge=0, lt=1)
    """Stochastic depth (1603.09382); the backbone's own default when empty."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Further keyword arguments for `timm.create_model`, e.g. `{attn_drop_rate: 0.1}`."""
    head: HeadSection = Field(default_factory=HeadSection.standard)
    """The classifier on top."""
    freeze: FreezingSection = FreezingSection()
    """What of the network is trained, and when."""
    lora: LoraSection = LoraSection()
    """Train small low-rank additions to a frozen backbone instead of its weights."""
