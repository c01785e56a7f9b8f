"""Splits a model where its frozen lower part ends: that part computes a map, the rest continues from it.

timm's models have no common form for this. One pass shows in which order the parts of a model are called (top-level
modules, and what lists and sequences contain). The first part with something to train is the entry. In the lower part,
all from the entry on is replaced by zeros; in the upper part, all before it. So operations between parts that the
model's own `forward` does (position embeddings, pooling) are still done, and both are compared with the model itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from typing_extensions import override

from sketchfit.models.classifier import features_of

T = TypeVar("T")

RTOL, ATOL = 1e-3, 1e-4
"""Largest difference of the split model's logits from the model's own."""


@dataclass(frozen=True)
class SplitModel:
    """A model in two parts.

    Attributes:
        entry: name of the first module of the upper part.
        lower: images float [B, 3, H, W] to maps, the input of the entry; its own copy, in evaluation mode.
        upper: maps to what the model returns; it shares all its modules with the model.
        shape: of a map, without the batch.
    """

    entry: str
    lower: nn.Module
    upper: UpperPart
    shape: tuple[int, ...]

    def features(self, maps: Tensor) -> Tensor:
        """Return the features before the classifier, float [B, D], in the modes that the upper part has."""
        return self.upper.apply_to(maps, lambda given: features_of(self.upper.model, given))


@dataclass(frozen=True)
class _Call:
    """A part as it was called: its only input, and its output."""

    name: str
    given: Any
    made: Any


def split_model(model: nn.Module, images: Tensor) -> SplitModel | None:
    """Split a model before its first part that is trained.

    Args:
        model: after `apply_freezing`; left in the modes that it has.
        images: float [B, 3, H, W], two or more, on the model's device.

    Returns:
        None where nothing below is frozen, a frozen part is random, or the two parts do not compute the same.
    """
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            calls = _calls(model, images)
            place = _entry(model, calls, modes)
            return None if place is None else _checked(model, images, calls, place)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return None  # its forward pass depends on what a part returns, other than by the shape
    finally:
        for module, mode in modes.items():
            module.training = mode


def _checked(model: nn.Module, images: Tensor, calls: list[_Call], place: int) -> SplitModel | None:
    """Return the two parts, if both together compute the same as the model."""
    entry = calls[place].name
    stubs = {call.name: _stub(model.get_submodule(call.name), call.made) for call in calls}
    after = {call.name: stubs[call.name] for call in calls[place + 1 :]}
    outlet = _Outlet(calls[place].made)
    lower = LowerPart(copy.deepcopy(_replaced(model, {**after, entry: outlet})), entry)
    before = {call.name: stubs[call.name] for call in calls[:place]}
    inlet = _Inlet(model.get_submodule(entry))
    upper = UpperPart(_replaced(model, {**before, entry: inlet}), inlet)
    maps = lower.requires_grad_(False).eval()(images)
    if not torch.allclose(upper.eval()(maps), model(images), rtol=RTOL, atol=ATOL):
        return None
    upper.train()
    return SplitModel(entry, lower, upper, tuple(maps.shape[1:]))


def _calls(model: nn.Module, images: Tensor) -> list[_Call]:
    """Return the parts in the order in which they were called, each once."""
    calls: list[_Call] = []

    def record(name: str) -> Any:
        return lambda _, given, made: calls.append(_Call(name, given[0] if len(given) == 1 else given, made))

    hooks = [module.register_forward_hook(record(name)) for name, module in _parts(model)]
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        if type(child) in (nn.Sequential, nn.ModuleList) and any(True for _ in child.children()):
            yield from _parts(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _entry(model: nn.Module, calls: list[_Call], modes: Mapping[nn.Module, bool]) -> int | None:
    """Return the place of the first call of a part that is trained; None where the model cannot be split there."""
    names = [call.name for call in calls]
    if len(set(names)) < len(names) or not all(isinstance(call.made, Tensor) for call in calls):
        return None
    parts = {name: model.get_submodule(name) for name in names}
    place = next((number for number, name in enumerate(names) if _learns(parts[name], modes)), 0)
    above = {id(parameter) for name in names[place:] for parameter in parts[name].parameters()}
    below = any(True for name in names[:place] for _ in parts[name].parameters())
    trained = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    random = any(_is_random(module) for name in names[:place] for module in parts[name].modules())
    whole = isinstance(calls[place].given, Tensor) and trained <= above
    return place if below and whole and not random else None


def _learns(part: nn.Module, modes: Mapping[nn.Module, bool]) -> bool:
    """Return whether a parameter of a part is trained, or running statistics change."""
    statistics = any(modes[module] for module in part.modules() if getattr(module, "track_running_stats", False))
    return statistics or any(parameter.requires_grad for parameter in part.parameters())


def _is_random(module: nn.Module) -> bool:
    """Return whether a module is random in training: dropout, drop-path and the like, also timm's own."""
    shares = (getattr(module, name, None) for name in ("p", "drop_prob", "prob"))
    return "drop" in type(module).__name__.lower() and any(shares)


def _replaced(module: nn.Module, changes: Mapping[str, nn.Module], prefix: str = "") -> nn.Module:
    """Return a module that shares all but the changed modules with this one."""
    made = copy.copy(module)
    made._modules = dict(module._modules)
    for name, child in module._modules.items():
        path = f"{prefix}{name}"
        if path in changes:
            made._modules[name] = changes[path]
        elif child is not None and any(changed.startswith(f"{path}.") for changed in changes):
            made._modules[name] = _replaced(child, changes, f"{path}.")
    return made


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, given: Tensor) -> Tensor:
    """Anything [B, …] -> zeros [B, …] that take no memory."""
    return torch.zeros((), dtype=dtype, device=given.device).expand(len(given), *shape)


def _stub(part: nn.Module, made: Tensor) -> nn.Module:
    """Return a part without weights, whose `forward` returns zeros in the shape of what it returned; a model may read
    other attributes of it."""
    stub: Any = copy.copy(part)
    stub._modules, stub._parameters, stub._buffers = {}, {}, {}
    stub.forward = partial(_zeros, tuple(made.shape[1:]), made.dtype)
    return cast(nn.Module, stub)


class _Outlet(nn.Module):
    """Keeps what it is given, and returns zeros."""

    def __init__(self, made: Tensor) -> None:
        super().__init__()
        self.shape, self.dtype = tuple(made.shape[1:]), made.dtype
        self.given: Tensor | None = None

    @override
    def forward(self, given: Tensor) -> Tensor:
        """Anything [B, …] -> zeros [B, …]."""
        self.given = given
        return _zeros(self.shape, self.dtype, given)


class LowerPart(nn.Module):
    """Images float [B, 3, H, W] to maps."""

    def __init__(self, model: nn.Module, entry: str) -> None:
        super().__init__()
        self.model, self.entry = model, entry

    @override
    def forward(self, images: Tensor) -> Tensor:
        """Return the maps of images."""
        return self.apply_to(images, self.model)[0]

    def apply_to(self, images: Tensor, function: Callable[[Tensor], T]) -> tuple[Tensor, T]:
        """Return the maps of images, and what a function that calls the model returns for them."""
        made = function(images)
        outlet = self.model.get_submodule(self.entry)
        assert isinstance(outlet, _Outlet)
        assert outlet.given is not None
        maps, outlet.given = outlet.given, None
        return maps, made


class _Inlet(nn.Module):
    """Calls a module with maps that were set before, in place of what it is given."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.maps: Tensor | None = None

    @override
    def forward(self, given: Tensor) -> Any:
        """Return what the module makes of the maps."""
        del given
        return self.module(self.maps)


class UpperPart(nn.Module):
    """Maps to what the model returns."""

    def __init__(self, model: nn.Module, inlet: _Inlet) -> None:
        super().__init__()
        self.model, self.inlet = model, inlet

    @override
    def forward(self, maps: Tensor) -> Any:
        """Return what the model returns for the images of these maps."""
        return self.apply_to(maps, self.model)

    def apply_to(self, maps: Tensor, function: Callable[[Tensor], T]) -> T:
        """Return what a function that calls the model returns for the images of these maps."""
        self.inlet.maps = maps
        made = function(maps)
        self.inlet.maps = None
        return made
