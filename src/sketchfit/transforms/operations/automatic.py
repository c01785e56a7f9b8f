"""Automatic policies: RandAugment, TrivialAugment, AutoAugment and AugMix on timm's operations; `pick` on sketchfit's.

timm's policies sample from Python's global generator, which threads would share. So only timm's operations (on PIL
images), policy tables and lists of operations are used; what is applied, and how strongly, is sampled here from the
sample's own generator. Uncovered parts are filled with paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from PIL import Image
from pydantic import AfterValidator, Field, PrivateAttr, SerializeAsAny
from typing_extensions import override

from sketchfit.registry import nearest
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import (
    AmountRange,
    Choice,
    CountRange,
    Op,
    OperationSequence,
    Picture,
    Pixel,
    Probability,
    Sampled,
    ShareRange,
    Uniforms,
    between,
    paper_after,
)

STEPS = 20
"""Number of steps to which `pick` rounds a magnitude."""


def _known(name: str) -> str:
    if name not in _ARGUMENTS:
        raise ValueError(f"timm has no operation {name!r}{nearest(name, _ARGUMENTS)}")
    return name


TimmName = Annotated[str, AfterValidator(_known)]
"""timm's name of an operation."""


@operations.register("pick")
class Pick(Choice):
    """Applies a random choice of the operations in `of`, each with a random magnitude: RandAugment for drawings.

    A chosen operation is always applied, whatever its own `p`, and in the order of `of`.
    """

    op: Literal["pick"] = "pick"
    of: tuple[SerializeAsAny[Op], ...] = Field(min_length=1)
    """The operations, as in a policy."""
    count: int = Field(2, ge=1)
    """Number of operations chosen, without repetition."""
    magnitude: ShareRange = (0.2, 1.0)
    """Magnitude of each operation: 1 uses its ranges unchanged, 0 has no effect."""

    # Every operation at every step of the magnitude.
    _sequences: list[list[OperationSequence]] = PrivateAttr(default_factory=list)

    @override
    def model_post_init(self, context: Any) -> None:
        self._sequences = [
            [OperationSequence([op.scaled(m / STEPS).always()]) for m in range(STEPS + 1)] for op in self.of
        ]

    @override
    def choose(self, u: Uniforms, rng: np.random.Generator) -> list[Sampled]:
        v = rng.random(2 * len(self.of)).tolist()
        plans = self._sequences
        chosen = sorted(sorted(range(len(plans)), key=v.__getitem__)[: self.count])
        sampled: list[Sampled] = []
        for at in chosen:
            sampled += plans[at][round(between(self.magnitude, v[len(plans) + at]) * STEPS)].sample(rng)
        return sampled


@operations.register("randaugment")
class RandAugment(Pixel):
    """A fixed number of operations of about the same magnitude, from timm's increasing set.

    Cubuk et al., *RandAugment: practical automated data augmentation* (arXiv:1909.13719).
    """

    op: Literal["randaugment"] = "randaugment"
    layers: int = Field(2, ge=1)
    """Number of operations in sequence."""
    magnitude: float = Field(9.0, ge=0, le=10)
    """Strength, 0 to 10."""
    sd: float = Field(0.5, ge=0)
    """Standard deviation of the magnitude."""
    each: Probability = 0.5
    """Probability of each operation."""
    skip: tuple[TimmName, ...] = ()
    """timm's names of operations to leave out: `SolarizeIncreasing` and `Equalize` damage thin strokes."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        names = _increasing(self.skip)
        for _ in range(self.layers):
            use, choice, sign = rng.random(3).tolist()
            level = self.magnitude + self.sd * float(rng.standard_normal())
            if use < self.each:
                image, paper = _do(names[int(choice * len(names))], level, sign, image, paper)
        return image, paper


@operations.register("trivialaugment")
class TrivialAugment(Pixel):
    """One operation of timm's increasing set, of any magnitude; nothing to tune.

    Müller and Hutter, *TrivialAugment: tuning-free yet state-of-the-art data augmentation* (arXiv:2103.10158).
    """

    draws: ClassVar[int] = 3

    op: Literal["trivialaugment"] = "trivialaugment"
    magnitude: AmountRange = (0.0, 10.0)
    """Range of the strength, 0 to 10."""
    skip: tuple[TimmName, ...] = ()
    """timm's names of operations to leave out: `SolarizeIncreasing` and `Equalize` damage thin strokes."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        names = ("Identity", *_increasing(self.skip))
        return _do(names[int(u[0] * len(names))], between(self.magnitude, u[1]), u[2], image, paper)


@operations.register("autoaugment")
class AutoAugment(Pixel):
    """One of the pairs of operations that a search on ImageNet found; timm's tables.

    Cubuk et al., *AutoAugment: learning augmentation policies from data* (arXiv:1805.09501).
    """

    draws: ClassVar[int] = 1

    op: Literal["autoaugment"] = "autoaugment"
    table: Literal["original", "originalr", "v0", "v0r"] = "original"
    """timm's name of the table: the paper's (with either reading of posterize), or EfficientNet's."""
    skip: tuple[TimmName, ...] = ()
    """timm's names of operations to leave out of their pairs."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        pairs = _searched(self.table)
        for name, p, level in pairs[int(u[0] * len(pairs))]:
            use, sign = rng.random(2).tolist()
            if use < p and name not in self.skip:
                image, paper = _do(name, level, sign, image, paper)
        return image, paper


@operations.register("augmix")
class AugMix(Pixel):
    """A mix of several short chains of operations with the image itself (without the consistency loss).

    Hendrycks et al., *AugMix: a simple data processing method to improve robustness and uncertainty*
    (arXiv:1912.02781).
    """

    op: Literal["augmix"] = "augmix"
    magnitude: float = Field(3.0, ge=0, le=10)
    """Strength, 0 to 10."""
    width: int = Field(3, ge=1)
    """Number of chains."""
    depth: CountRange = (1, 3)
    """Least and largest number of operations in a chain."""
    alpha: float = Field(1.0, gt=0)
    """Parameter of the Dirichlet distribution over chains, and of the Beta distribution between them and the image."""
    skip: tuple[TimmName, ...] = ()
    """timm's names of operations to leave out: `SolarizeIncreasing` and `Equalize` damage thin strokes."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        names = _increasing(("Invert", "SolarizeAdd", *self.skip))
        keep = rng.beta(self.alpha, self.alpha)
        mixed = keep * image.astype(np.float32)
        ground = keep * paper.astype(np.float32)
        for weight in (1 - keep) * rng.dirichlet([self.alpha] * self.width):
            chain, colour = image, paper
            for _ in range(int(rng.integers(self.depth[0], self.depth[1] + 1))):
                choice, sign = rng.random(2).tolist()
                chain, colour = _do(names[int(choice * len(names))], self.magnitude, sign, chain, colour)
            mixed += weight * chain
            ground += weight * colour
        return np.rint(mixed).astype(np.uint8), np.rint(ground).astype(np.uint8)


def argument(name: str, level: float, sign: float) -> tuple[float, ...]:
    """Return the arguments of timm's operation `name` at a level from 0 to 10.

    They are timm's, except that posterizing keeps at least one bit: Pillow refuses fewer.

    Args:
        name: timm's name of the operation.
        level: strength; clipped to [0, 10].
        sign: uniform in [0, 1); decides the direction where there are two.

    Raises:
        KeyError: no such operation.
    """
    share = min(max(level / 10, 0.0), 1.0)
    return _ARGUMENTS[name](share, 1.0 if sign < 0.5 else -1.0)


def _both_ways(most: float) -> Callable[[float, float], tuple[float, ...]]:
    return lambda share, sign: (share * most * sign,)


_PLAIN = ("AutoContrast", "Equalize", "Invert", "Identity")
_SIGNED = {"Rotate": 30.0, "ShearX": 0.3, "ShearY": 0.3, "TranslateXRel": 0.45, "TranslateYRel": 0.45}
_ENHANCE = ("Color", "Contrast", "Brightness", "Sharpness")
_ARGUMENTS: dict[str, Callable[[float, float], tuple[float, ...]]] = {
    **{name: lambda share, sign: () for name in _PLAIN},  # noqa: ARG005
    **{name: _both_ways(most) for name, most in _SIGNED.items()},
    **{name: lambda share, sign: (1.8 * share + 0.1,) for name in _ENHANCE},  # noqa: ARG005
    **{f"{name}Increasing": lambda share, sign: (max(0.1, 1 + 0.9 * share * sign),) for name in _ENHANCE},
    "Posterize": lambda share, sign: (max(int(4 * share), 1),),  # noqa: ARG005
    "PosterizeOriginal": lambda share, sign: (int(4 * share) + 4,),  # noqa: ARG005
    "PosterizeIncreasing": lambda share, sign: (max(4 - int(4 * share), 1),),  # noqa: ARG005
    "Solarize": lambda share, sign: (min(256, int(256 * share)),),  # noqa: ARG005
    "SolarizeIncreasing": lambda share, sign: (256 - min(256, int(256 * share)),),  # noqa: ARG005
    "SolarizeAdd": lambda share, sign: (min(128, int(110 * share)),),  # noqa: ARG005
}


_CONTRAST_KEPT = 0.25
"""Share of the values' standard deviation that an operation must leave."""


def _timm() -> Any:
    """Return timm's module of automatic augmentation; imported at the first use, which takes seconds."""
    from sketchfit._timm import timm

    return timm.data.auto_augment


@cache
def _operation(name: str) -> Callable[..., Any]:
    return _timm().NAME_TO_OP[name]  # type: ignore[no-any-return]


@cache
def _increasing(skip: tuple[str, ...]) -> tuple[str, ...]:
    """Return timm's operations whose effect grows with the level, without those in `skip`."""
    names: Sequence[str] = _timm().rand_augment_choices("", increasing=True)
    return tuple(name for name in names if name not in skip)


@cache
def _searched(table: str) -> list[list[tuple[str, float, float]]]:
    pairs: Sequence[Sequence[Any]] = _timm().auto_augment_policy(table)
    return [[(op.name, op.prob, op.magnitude) for op in pair] for pair in pairs]


def _do(name: str, level: float, sign: float, image: Picture, paper: Picture) -> tuple[Picture, Picture]:
    """Apply one of timm's operations to an array [H, W, C] with its paper [C].

    Nothing is changed where it would erase the drawing, as more brightness does to pencil on grey paper.
    """
    if name == "Identity":
        return image, paper
    arguments = argument(name, level, sign)
    fill = int(paper[0]) if len(paper) == 1 else tuple(paper.tolist())
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    done = _operation(name)(picture, *arguments, fillcolor=fill, resample=Image.Resampling.BILINEAR)
    out = np.array(done).reshape(image.shape)
    if float(out.std()) < _CONTRAST_KEPT * float(image.std()):
        return image, paper
    return out, paper if name in _SIGNED else paper_after(image, out, paper)
