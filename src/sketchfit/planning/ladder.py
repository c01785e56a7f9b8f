"""The members that a run with a deadline may have: heads on frozen features first, then fine-tuned networks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sketchfit.candidates import BackboneCandidate
from sketchfit.config.overrides import merge
from sketchfit.config.own_size import has_one_size
from sketchfit.config.parse import backbone_name
from sketchfit.config.recipe import Recipe
from sketchfit.planning.value import COST, SKETCH
from sketchfit.runs.artefacts.plan import UnitKind
from sketchfit.training.map_cache import MOST_BYTES

SIZES = (96, 128, 160, 192, 224, 256, 288, 320, 384, 448)
"""Sides of the input in pixels."""

QUICK = 128
"""Side of the first answer."""

FROZEN = {"mobilenetv2": 5, "tf_efficientnet_lite": 5}
"""First layer group that is trained, by the start of the name of an architecture, on devices without a GPU."""

COPIES = 8
"""Augmented copies of the outputs of frozen stages, at most one per epoch. With fewer copies than epochs a network gets
the same pictures again, and is less accurate."""

LEAST_COPIES = 2
"""Where the cache has no place for more."""

BYTES_PER_PIXEL = 1.25
"""Of these outputs per pixel of the input, for EfficientNet-Lite4; MobileNetV2 has 0.75."""

PLAIN = 2
"""Further copies, without augmentation, for the head: the pictures and their mirror images."""

MOST_BACKBONES = 3
"""Backbones whose networks are fine-tuned: the cheapest one, and the best ones of those that are worth their cost."""

USUAL_SKETCH = 25.0
"""Published accuracy on ImageNet-Sketch, in percent, of a backbone that nothing is known of."""

SEEDS = 5
"""Seeds of a network member, where there is time for more than all folds of all members."""

USUAL_COST = 1.0
"""Multiplications per image, in 10⁹, of a backbone of which they are not known."""

MEASURED = 2
"""Backbones whose frozen features must be compared at one size before that replaces published accuracy."""

TRANSFER = 0.2
"""Weight of the difference of frozen features, next to that of published accuracy: at small sizes, frozen features of
MobileNetV2 are better than those of EfficientNet-Lite, whose fine-tuned networks are better."""

BANK: Mapping[str, Any] = {
    "training": {"epochs": 0, "kernel": {"use": "replace"}},
    "inference": {"views": []},
}
"""Settings of a head on frozen features."""

NETWORK: Mapping[str, Any] = {
    "training": {
        "kernel": {"use": "blend"},
        "probe": False,
        "validate_every": 0,
        "checkpoint": "last",
        "early_stopping": 0,
    }
}
"""Settings of a fine-tuned network: it is trained to its end without validation. A probe of the head takes as long as a
further epoch."""


@dataclass(frozen=True)
class PlannedBackbone:
    """A backbone that may be used.

    Attributes:
        name: for names of members.
        model: its part of the `model` section, without the input size.
        size: side of the input at which its weights were trained.
        cost: multiplications per image at that size, in 10⁹; 0 where it is not known.
        prior: see `value.Networks`.
    """

    name: str
    model: Mapping[str, Any]
    size: int
    cost: float = 0.0
    prior: float = 0.0

    @classmethod
    def of_recipe(cls, recipe: Recipe, own_size: int) -> PlannedBackbone:
        """Return the backbone of a recipe; `own_size` is that of its weights."""
        model = recipe.model.model_dump(mode="json", include={"backbone", "weights"})
        return cls(backbone_name(recipe), model, max(own_size, recipe.model.input_size or 0))

    @classmethod
    def of_candidate(cls, candidate: BackboneCandidate) -> PlannedBackbone:
        """Return a candidate as a backbone."""
        name = re.sub(r"[^\w.-]", "_", candidate.name)
        model = {key: value for key, value in candidate.settings()["model"].items() if key != "input_size"}
        sketch = USUAL_SKETCH if candidate.sketch_top1 is None else candidate.sketch_top1
        return cls(name, model, candidate.input_size, candidate.gmacs, SKETCH * (sketch - USUAL_SKETCH))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides of the input that are tried, the smallest first; one where the architecture is built for its size."""
        if has_one_size(str(self.model["backbone"])) or self.size < SIZES[0]:
            return (self.size,)
        return tuple(dict.fromkeys([*(size for size in SIZES if size < 0.95 * self.size), self.size]))

    @property
    def first_trained(self) -> int:
        """First layer group that is trained on devices without a GPU."""
        return next((group for start, group in FROZEN.items() if str(self.model["backbone"]).startswith(start)), 0)


@dataclass(frozen=True)
class Rung:
    """A member that a run may have.

    Attributes:
        name: of the member.
        kind: of its units.
        backbone: of its networks.
        size: side of the input in pixels.
        settings: relative to those of the run.
        filler: whether it is run only where nothing else fits.
        follows: member whose folds must all be finished before; empty: none.
    """

    name: str
    kind: UnitKind
    backbone: PlannedBackbone
    size: int
    settings: Mapping[str, Any]
    filler: bool = False
    follows: str = ""

    @property
    def passes(self) -> int:
        """Passes over all images for frozen features."""
        return 1 if self.settings["training"]["kernel"].get("mirrored") == "never" else 2

    @property
    def copies(self) -> int:
        """Augmented copies of which the outputs of frozen stages are stored; 0: none are."""
        return int(self.settings["model"].get("freeze", {}).get("copies", 0))


def ladder(
    backbones: Sequence[PlannedBackbone],
    *,
    on_gpu: bool,
    views: Sequence[str],
    mirrored: bool,
    seed: int = 0,
    images: int = 0,
) -> tuple[Rung, ...]:
    """Return all members, in the order in which their kinds are tried: the cheapest first answer first.

    Args:
        backbones: that may be used.
        on_gpu: whether networks are trained on a GPU, completely.
        views: test-time views of networks.
        mirrored: whether frozen features are also those of mirror images, which takes a second pass.
        seed: of the run; members that are trained again have the next ones.
        images: of both tables.
    """
    by_cost = sorted(backbones, key=lambda one: one.cost)
    quick = [_bank(one, _nearest(one.sizes, QUICK), mirrored) for one in by_cost]
    full = [_bank(one, one.size, mirrored) for one in by_cost]
    others = [replace(_bank(one, size, mirrored), filler=True) for one in by_cost for size in one.sizes]
    banks = {rung.name: rung for rung in [*others, *full, *quick]}
    order = dict.fromkeys(rung.name for rung in [*quick, *full, *others])
    best = [*by_cost[:1], *sorted(by_cost[1:], key=_worth, reverse=True)]
    networks = [
        _network(one, size, views, None if on_gpu else copies_of(size, images))
        for one in best[:MOST_BACKBONES]
        for size in _spread(one.sizes)
    ]
    again = [_again(one, number, seed) for number in range(1, SEEDS) for one in networks]
    return (*(banks[name] for name in order), *networks, *again)


def _worth(backbone: PlannedBackbone) -> float:
    """Return what a backbone is expected to be worth at equal time; an unknown cost is taken for a usual one."""
    return backbone.prior - COST * math.log2(backbone.cost or USUAL_COST)


def measured_priors(rungs: Sequence[Rung], accuracy: Mapping[str, float]) -> dict[str, float]:
    """Return the prior of each backbone, by its name: also from heads on its frozen features where they are fitted.

    Args:
        rungs: members that the run may have.
        accuracy: out of fold, of finished bank members, by name.
    """
    priors = {rung.backbone.name: rung.backbone.prior for rung in rungs}
    errors: dict[int, dict[str, float]] = {}
    for rung in rungs:
        if rung.name in accuracy:
            errors.setdefault(rung.size, {})[rung.backbone.name] = max(1e-3, 1 - accuracy[rung.name])
    best = max(errors.values(), key=len, default={})
    if len(best) < MEASURED:
        return priors
    first = next(iter(best))
    published = dict(priors)
    for name, error in best.items():
        measured = published[first] + math.log(best[first] / error)
        priors[name] = (1 - TRANSFER) * published[name] + TRANSFER * measured
    return priors


def _bank(backbone: PlannedBackbone, size: int, mirrored: bool) -> Rung:
    settings = merge(BANK, {"model": {**backbone.model, "input_size": size}})
    if not mirrored:
        settings = merge(settings, {"training": {"kernel": {"mirrored": "never"}}})
    return Rung(f"{backbone.name}-{size}-bank", "bank", backbone, size, settings)


def copies_of(size: int, images: int) -> int:
    """Return the number of augmented copies of the outputs of frozen stages for which the cache has place.

    Where those of a member need more than it has, each of its networks computes them again.

    Args:
        size: side of the input in pixels.
        images: of both tables.

    Examples:
        >>> copies_of(128, 9_000), copies_of(224, 20_000), copies_of(224, 150_000)
        (8, 4, 2)
    """
    place = MOST_BYTES // max(1, int(BYTES_PER_PIXEL * size**2 * images))
    return max(LEAST_COPIES, min(COPIES, place - PLAIN))


def _network(backbone: PlannedBackbone, size: int, views: Sequence[str], copies: int | None) -> Rung:
    """Return a network member; `copies` of the outputs of frozen stages are stored, None: it is trained completely."""
    model: dict[str, Any] = {**backbone.model, "input_size": size}
    if copies is not None and (first := backbone.first_trained):
        model["freeze"] = {"train": "from", "first": first, "copies": copies, "depthwise": "frozen"}
    settings = merge(NETWORK, {"model": model, "inference": {"views": list(views)}})
    return Rung(f"{backbone.name}-{size}", "network", backbone, size, settings)


def _again(rung: Rung, number: int, seed: int) -> Rung:
    """Return a member with another seed than the run's, which follows the one before."""
    before = rung.name if number == 1 else f"{rung.name}-seed{number - 1}"
    settings = {**rung.settings, "seed": seed + number}
    return replace(rung, name=f"{rung.name}-seed{number}", settings=settings, follows=before)


def _nearest(sizes: Sequence[int], wanted: int) -> int:
    return min(sizes, key=lambda size: abs(size - wanted))


def _spread(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return a small, a middle and the largest size."""
    small, large = _nearest(sizes, QUICK), sizes[-1]
    return tuple(dict.fromkeys([small, _nearest(sizes, round((small * large) ** 0.5)), large]))
