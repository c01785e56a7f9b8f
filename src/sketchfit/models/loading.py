"""Which tensors of a backbone a file of weights gave values to, and what the file has besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from torch import nn

from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.classifier import classifier_names


@dataclass
class Loading:
    """What timm loaded into modules.

    Attributes:
        missing, unexpected: by the id of the module: names that the file lacks, and names that the module lacks, after
            timm has renamed, fused and resampled what it adapts.
    """

    missing: dict[int, list[str]] = field(default_factory=dict)
    unexpected: dict[int, list[str]] = field(default_factory=dict)


@contextmanager
def recorded_loading() -> Iterator[Loading]:
    """Yield a record of every `load_state_dict` in the block, none of which stops at missing or unexpected names.

    timm compares names itself only where the file's classifier fits, and logs the difference nowhere else.
    """
    found, load = Loading(), nn.Module.load_state_dict

    def record(module: nn.Module, state: Any, strict: bool = True, assign: bool = False) -> Any:
        del strict
        result = load(module, state, strict=False, assign=assign)
        found.missing[id(module)] = list(result.missing_keys)
        found.unexpected[id(module)] = list(result.unexpected_keys)
        return type(result)([], [])  # timm would log complete lists

    with mock.patch.object(nn.Module, "load_state_dict", record):
        yield found


def check_loaded(model: nn.Module, loading: Loading, section: ModelSection) -> tuple[str, ...]:
    """Check that a file gave values to all of a backbone's tensors.

    Args:
        model: timm's model.
        loading: recorded while it was built.
        section: with the file of weights.

    Returns:
        Notes for the user: tensors that start from random values, and tensors of the file that are not used.

    Raises:
        UserError: tensors are missing, and `model.partial_weights` is off; or all are.
    """
    heads = tuple(f"{name}." for name in classifier_names(model))
    learnt = {name: value for name, value in model.state_dict().items() if _is_learnt(name, model)}
    trunk = {name: value.numel() for name, value in learnt.items() if not (heads and name.startswith(heads))}
    missing = [name for name in loading.missing.get(id(model), list(trunk)) if name in trunk]
    ignored = [name for name in loading.unexpected.get(id(model), []) if not (heads and name.startswith(heads))]
    others = _names(ignored, [*ignored, *learnt])
    notes = [f"{section.weights}: {section.backbone} has no such tensors, they are not used: {others}"]
    if not missing:
        return tuple(notes if ignored else ())
    share = 1 - sum(trunk[name] for name in missing) / sum(trunk.values())
    lacking = f"{len(missing)} of the backbone's {len(trunk)} tensors: {_names(missing, learnt)}"
    if len(missing) == len(trunk) or not section.partial_weights:
        has = f"; it has others: {others}" if ignored else ""
        raise UserError(
            f"model.weights: {section.weights} does not fit {section.backbone}: it has {share:.0%} of the backbone's "
            f"weights and lacks {lacking}{has}",
            "Give a complete file, or set model.backbone to the architecture of the file. With "
            "model.partial_weights=true, missing tensors start from random values.",
        )
    random = f"{section.weights} lacks {lacking}; they start from random values (model.partial_weights)"
    return (random, *(notes if ignored else ()))


def _is_learnt(name: str, model: nn.Module) -> bool:
    """Return whether an entry is trained: parameters, and running statistics; not tables that a model computes."""
    owner, _, last = name.rpartition(".")
    return last in model.get_submodule(owner)._parameters or last.startswith("running_")


def _names(names: Sequence[str], every: Collection[str]) -> str:
    """Return all names; `module.*` for a module of which all of `every` are named."""
    kept, shown = set(every) - set(names), dict[str, None]()
    others = {".".join(parts[:depth]) for parts in (name.split(".") for name in kept) for depth in range(1, len(parts))}
    for name in names:
        parents = (name.rsplit(".", name.count(".") - depth)[0] for depth in range(name.count(".")))
        parent = next((one for one in parents if one not in others), None)
        shown[name if parent is None else f"{parent}.*"] = None
    return ", ".join(shown)
