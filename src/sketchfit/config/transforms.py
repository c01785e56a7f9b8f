"""The recipe's section `transforms:`: augmentation of training images, by epoch, and mixing of batches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import Distinct, Section
from sketchfit.config.training import Until, stage_end

Share = Annotated[float, Field(ge=0, le=1)]
PolicySource = str | list[dict[str, Any]] | dict[str, Any]


Turn = Literal["hflip", "vflip", "quarter_turn"]
TURNS: tuple[Turn, ...] = ("hflip", "vflip", "quarter_turn")
"""Operations that flip or turn a drawing without any change of its lines."""


class MixingSection(Section):
    """Mixup and CutMix on complete batches; both off while their alphas are 0."""

    mixup_alpha: float = Field(0.0, ge=0)
    """Beta(alpha, alpha) of mixup's ratio; 0 turns mixup off. Usual: 0.1 to 0.8."""
    cutmix_alpha: float = Field(0.0, ge=0)
    """Beta(alpha, alpha) of the share of the image that CutMix leaves; 0 turns CutMix off. Usual: 1.0."""
    p: Share = 1.0
    """Probability that a batch is mixed at all."""
    switch: Share = 0.5
    """Probability of CutMix, rather than mixup, where both are on."""
    end: Share = 1.0
    """Share of the epochs in which batches are mixed: 0.8 leaves the last fifth unmixed."""
    box: Literal["uniform", "ink"] = "uniform"
    """Place of CutMix's box: anywhere, or centred on an ink pixel of the pasted image."""

    @property
    def on(self) -> bool:
        """Whether any batch can be mixed."""
        return self.p > 0 and (self.mixup_alpha > 0 or self.cutmix_alpha > 0)


class CurriculumStage(Section):
    """A range of epochs with its own policy."""

    until: Until | None = None
    """Where the stage ends: an epoch's number (an integer, 10: epochs 0 to 9), or a share of all epochs (a number
    with a point, 0.5). Left out: to the end."""
    policy: PolicySource
    """The stage's policy, in any form that `transforms.policy` takes."""
    lr_scale: float = Field(1.0, gt=0)
    """Factor of the schedule's learning rate in this stage (not multiplied over stages)."""

    def end(self, epochs: int) -> int:
        """First epoch after the stage, in a training of `epochs`."""
        return epochs if self.until is None else stage_end(self.until, epochs)


class TransformsSection(Section):
    """Augmentation of training images. Validation and test images are only resized."""

    policy: PolicySource = "light"
    """The policy: a shipped one's name, the path of a YAML file, or the operations themselves as a list of `{op:
    NAME, p: …, …}`, in which an operation may occur several times. Empty: no augmentation."""
    override: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Changes to operations of the policy by name, for instance `{rotate: {degrees: [-5, 5]}}`; in a curriculum, in
    each stage that has the operation."""
    drop: Annotated[tuple[str, ...], Distinct] = ()
    """Operations of the policy to leave out, by name."""
    add: list[dict[str, Any]] = Field(default_factory=list)
    """Operations to append to the policy; one may occur several times."""
    mirror: Literal["auto", "keep", "never", "swap"] = "auto"
    """Drawings whose class depends on their direction, such as arrows to the left and to the right. `auto`: classes
    that become another class when they are flipped or turned (`directions`) are trained on without it; `keep`: as the
    policy has it; `never`: nothing is flipped or turned; `swap`: as `auto`, but where two classes become each other, a
    flipped drawing gets the label of the other class."""
    directions: dict[Turn, dict[str, str]] = Field(default_factory=dict)
    """Classes that become another class when they are flipped or turned, for example `{hflip: {left: right, right:
    left}}`. By default measured on the training images before training."""
    curriculum: tuple[CurriculumStage, ...] = ()
    """Policies by epoch, in order; while given, it replaces `policy`. Epochs after the last `until` stay in the last
    stage."""
    mixing: MixingSection = MixingSection()
    """Mixup and CutMix."""

    @model_validator(mode="after")
    def _stages_in_order(self) -> TransformsSection:
        for kind in (int, float):
            ends = [stage.until for stage in self.curriculum if type(stage.until) is kind]
            if ends != sorted(set(ends), key=float):
                raise ValueError(f"the curriculum's `until` must increase from stage to stage; got {ends}")
        if any(stage.until is None for stage in self.curriculum[:-1]):
            raise ValueError("only the curriculum's last stage may leave out `until`")
        return self

    def stage(self, epoch: int, epochs: int) -> int:
        """Number of the curriculum's stage that contains `epoch` (from 0) of `epochs`; 0 without a curriculum."""
        for number, stage in enumerate(self.curriculum):
            if epoch < stage.end(epochs):
                return number
        return max(len(self.curriculum) - 1, 0)

    def policy_at(self, epoch: int, epochs: int) -> PolicySource:
        """The policy of `epoch` (from 0) of `epochs`."""
        return self.curriculum[self.stage(epoch, epochs)].policy if self.curriculum else self.policy

    def lr_scale_at(self, epoch: int, epochs: int) -> float:
        """Factor of the learning rate in `epoch` (from 0) of `epochs`."""
        return self.curriculum[self.stage(epoch, epochs)].lr_scale if self.curriculum else 1.0

    def mixes_at(self, epoch: int, epochs: int) -> bool:
        """Whether batches are mixed in `epoch` (from 0) of `epochs`."""
        return self.mixing.on and epoch < round(self.mixing.end * epochs)
