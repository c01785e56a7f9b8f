"""The recipe's section `transforms:`: what a training picture goes through, by epoch, and how batches are mixed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from sketchfit.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
PolicySource = str | list[dict[str, Any]] | dict[str, Any]


class MixingSection(Section):
    """Mixup and CutMix on whole batches; both off while their alphas are 0."""

    mixup_alpha: float = Field(0.0, ge=0)
    """Beta(alpha, alpha) of mixup's ratio; 0 turns mixup off. Usual: 0.1 to 0.8."""
    cutmix_alpha: float = Field(0.0, ge=0)
    """Beta(alpha, alpha) of the share of the picture that CutMix leaves; 0 turns CutMix off. Usual: 1.0."""
    p: Share = 1.0
    """Probability that a batch is mixed at all."""
    switch: Share = 0.5
    """Probability of CutMix, rather than mixup, where both are on."""
    end: Share = 1.0
    """Share of the epochs after which nothing is mixed any more: 0.8 leaves the last fifth unmixed."""
    box: Literal["uniform", "ink"] = "uniform"
    """Where CutMix puts its box: anywhere, or centred on a pixel of the pasted drawing that carries ink."""

    @property
    def on(self) -> bool:
        """Whether any batch can be mixed."""
        return self.p > 0 and (self.mixup_alpha > 0 or self.cutmix_alpha > 0)


class CurriculumStage(Section):
    """One stretch of epochs with a policy of its own."""

    until: int | float | None = None
    """Where the stage ends: an epoch's number (an integer, 10: epochs 0 to 9), or a share of all epochs (a number
    with a point, 0.5). Left out: to the end."""
    policy: PolicySource
    """The stage's policy, in any form that `transforms.policy` takes."""
    lr_scale: float = Field(1.0, gt=0)
    """The learning rate in this stage is the schedule's times this (not cumulated over stages)."""

    @field_validator("until")
    @classmethod
    def _in_range(cls, until: int | float | None) -> int | float | None:
        if isinstance(until, float) and not 0 < until <= 1:
            raise ValueError("a share of epochs lies in (0, 1]; write an epoch's number without a point")
        if isinstance(until, int) and until < 1:
            raise ValueError("a stage ends after epoch 1 at the earliest")
        return until

    def end(self, epochs: int) -> int:
        """First epoch after the stage, in a training of `epochs`."""
        if self.until is None:
            return epochs
        return self.until if isinstance(self.until, int) else round(self.until * epochs)


class TransformsSection(Section):
    """What each training picture goes through. Validation and test pictures are only resized."""

    policy: PolicySource = "light"
    """The policy: a shipped one's name, the path of a YAML file, or the operations themselves as a list of `{op:
    NAME, p: …, …}`."""
    override: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Changes to operations of the policy by name, for instance `{rotate: {degrees: [-5, 5]}}`; in a curriculum, to
    each stage that has the operation."""
    drop: tuple[str, ...] = ()
    """Operations of the policy to leave out, by name."""
    add: list[dict[str, Any]] = Field(default_factory=list)
    """Operations to append to the policy."""
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
        """Number of the curriculum's stage that `epoch` (from 0) of `epochs` lies in; 0 without a curriculum."""
        for number, stage in enumerate(self.curriculum):
            if epoch < stage.end(epochs):
                return number
        return max(len(self.curriculum) - 1, 0)

    def policy_at(self, epoch: int, epochs: int) -> PolicySource:
        """The policy of `epoch` (from 0) of `epochs`."""
        return self.curriculum[self.stage(epoch, epochs)].policy if self.curriculum else self.policy

    def lr_scale_at(self, epoch: int, epochs: int) -> float:
        """What the learning rate is multiplied with in `epoch` (from 0) of `epochs`."""
        return self.curriculum[self.stage(epoch, epochs)].lr_scale if self.curriculum else 1.0

    def mixes_at(self, epoch: int, epochs: int) -> bool:
        """Whether batches are mixed in `epoch` (from 0) of `epochs`."""
        return self.mixing.on and epoch < round(self.mixing.end * epochs)
