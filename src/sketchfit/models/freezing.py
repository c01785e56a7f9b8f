"""Which parameters are trained, as a pure function of the epoch, by timm's layer groups.

The first group (0) is the stem, the last one the head. Gradual unfreezing is ULMFiT's (arXiv 1801.06146). Of a batch
norm, the affine weights can be frozen, and the running statistics, which change with each batch in train mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from sketchfit._timm import timm
from sketchfit.config.freezing import FreezingSection
from sketchfit.errors import UserError
from sketchfit.models.classifier import classifier_names


@dataclass(frozen=True)
class FrozenRow:
    """A layer group: its number and modules, how many parameters it has and how many of them are trained."""

    group: int
    name: str
    parameters: int
    trainable: int


@dataclass(frozen=True)
class FrozenTable:
    """What is trained in an epoch, by layer group from the stem to the head."""

    rows: tuple[FrozenRow, ...]
    batch_norms: int
    frozen_batch_norms: int

    @property
    def trainable(self) -> int:
        """Number of parameters that are trained."""
        return sum(row.trainable for row in self.rows)

    @property
    def parameters(self) -> int:
        """Number of all parameters."""
        return sum(row.parameters for row in self.rows)

    def __str__(self) -> str:
        width = max(len("layers"), *(len(row.name) for row in self.rows))
        lines = [f"group  {'layers':<{width}}  {'parameters':>12}  {'trainable':>12}"]
        lines += [
            f"{row.group:>5}  {row.name:<{width}}  {row.parameters:>12,}  {row.trainable:>12,}" for row in self.rows
        ]
        lines.append(f"{'all':>5}  {'':<{width}}  {self.parameters:>12,}  {self.trainable:>12,}")
        if self.batch_norms:
            lines.append(f"running statistics frozen in {self.frozen_batch_norms} of {self.batch_norms} batch norms")
        return "\n".join(lines)


def layer_groups(model: nn.Module) -> list[list[str]]:
    """Return the parameter names of each layer group, stem first; the last group is only the head (timm's classifier).

    Groups are those of timm's coarse `group_matcher`, or the top-level modules of a model without them.
    """
    numbers = _coarse_groups(model)
    heads = tuple(f"{name}." for name in classifier_names(model))
    names = [name for name, _ in model.named_parameters()]
    trunk = [name for name in names if not name.startswith(heads)] if heads else names
    groups = [[name for name in trunk if numbers[name] == group] for group in sorted(set(numbers.values()))]
    head = [name for name in names if name not in set(trunk)]
    return [group for group in [*groups, head] if group]


def _coarse_groups(model: nn.Module) -> dict[str, int]:
    """Return the number of the group of each parameter, by its name."""
    try:
        matcher = model.group_matcher(coarse=True)  # type: ignore[operator]
        numbers: dict[str, int] = timm.models.group_parameters(model, matcher, reverse=True)
        return numbers
    except (AttributeError, AssertionError, NotImplementedError):  # it has none, or only fine ones
        tops = list(dict.fromkeys(name.partition(".")[0] for name, _ in model.named_parameters()))
        return {name: tops.index(name.partition(".")[0]) for name, _ in model.named_parameters()}


def first_trained(section: FreezingSection, groups: int, epoch: int, epochs: int) -> int:
    """Return the number of the lowest layer group that is trained in an epoch; all above it are trained too.

    Args:
        section: settings.
        groups: number of layer groups; the last one is the head.
        epoch: from 0.
        epochs: number of epochs of the training.

    Raises:
        UserError: `first` is not a group of this model.
    """
    if section.train == "all":
        return 0
    if section.train == "gradual":
        every = section.gradual_epochs or max(epochs / 2 / max(groups - 1, 1), 1e-9)
        return max(groups - 1 - math.floor(epoch / every + 1e-9), 0)
    if section.epochs and epoch >= section.epochs:
        return 0
    first = groups - 1 if section.train == "head" else section.first
    if not -groups <= first < groups:
        raise UserError(f"model.freeze.first is {first}, but this backbone has layer groups 0 to {groups - 1}")
    return first % groups


def apply_freezing(model: nn.Module, section: FreezingSection, epoch: int, epochs: int) -> FrozenTable:
    """Put the model in train mode and set what is trained in this epoch, in place; call it at the start of each epoch.

    A frozen parameter does not require gradients and has none, so an optimizer leaves it unchanged. Where the loop
    leaves train mode within an epoch, call `freeze_statistics` (or this function) after it is in train mode again.

    Args:
        model: a timm model, unwrapped.
        section: settings.
        epoch: from 0.
        epochs: number of epochs of the training.

    Raises:
        UserError: `first` is not a group of this model, or a name pattern matches nothing.
    """
    groups = layer_groups(model)
    parameters = dict(model.named_parameters())
    _check_patterns([*section.frozen, *section.trained], list(parameters))
    first = first_trained(section, len(groups), epoch, epochs)
    trained = {name: number >= first for number, group in enumerate(groups) for name in group}
    trained.update({name: False for name in parameters if _matches(name, section.frozen)})
    if section.depthwise == "frozen":
        trained.update(dict.fromkeys(large_depthwise_kernels(model), False))
    norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
    for norm in norms:
        for name in (f"{norm}.weight", f"{norm}.bias"):
            if name in trained and section.batch_norm in ("frozen", "train"):
                trained[name] = section.batch_norm == "train"
    trained.update({name: True for name in parameters if _matches(name, section.trained)})

    for name, parameter in parameters.items():
        parameter.requires_grad_(trained[name])
        if not trained[name]:
            parameter.grad = None
    model.train()
    frozen = freeze_statistics(model, section)
    rows = tuple(_row(number, group, parameters) for number, group in enumerate(groups))
    return FrozenTable(rows, len(norms), frozen)


def large_depthwise_kernels(model: nn.Module) -> list[str]:
    """Return the names of the kernels of depthwise convolutions that are larger than 3 × 3.

    oneDNN computes the gradient of such a kernel as that of a convolution of blocks of 16 channels, which takes more
    than ten times as long as its forward pass.
    """
    return [
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1 and max(module.kernel_size) > 3
    ]


def freeze_statistics(model: nn.Module, section: FreezingSection) -> int:
    """Put the batch norms whose running statistics are frozen into eval mode.

    Args:
        model: a model in train mode on which `apply_freezing` was called in this epoch.
        section: settings, the same as there.

    Returns:
        Number of frozen batch norms. With `follow`, those whose affine weights are not trained; for one without affine
        weights, the smallest module around it that has parameters decides.
    """
    count = 0
    for name, module in model.named_modules():
        if not (isinstance(module, _BatchNorm) and module.track_running_stats):
            continue
        if section.batch_norm in ("frozen", "statistics") or (
            section.batch_norm == "follow" and not _is_trained(model, name)
        ):
            module.eval()
            count += 1
    return count


def _is_trained(model: nn.Module, name: str) -> bool:
    """Return whether a parameter of a module is trained, or of the smallest module around it that has parameters."""
    own = list(model.get_submodule(name).parameters())
    if own or not name:
        return any(parameter.requires_grad for parameter in own)
    return _is_trained(model, name.rpartition(".")[0])


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _check_patterns(patterns: Sequence[str], names: Sequence[str]) -> None:
    unmatched = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
    if unmatched:
        raise UserError(
            [f"model.freeze: the pattern {pattern!r} matches no parameter" for pattern in unmatched],
            f"Names are like {names[0]}, {names[len(names) // 2]}, {names[-1]}.",
        )


def _row(number: int, names: Sequence[str], parameters: dict[str, nn.Parameter]) -> FrozenRow:
    group = [parameters[name] for name in names]
    return FrozenRow(
        number,
        _label(names),
        sum(parameter.numel() for parameter in group),
        sum(parameter.numel() for parameter in group if parameter.requires_grad),
    )


def _label(names: Sequence[str]) -> str:
    """Return the name of a group: its modules, two levels deep, shortened."""
    modules = list(dict.fromkeys(".".join(name.split(".")[:-1][:2]) or name for name in names))
    return ", ".join(modules) if len(modules) <= 3 else f"{modules[0]} … {modules[-1]}"
