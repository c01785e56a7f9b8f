"""Which backend is used: the one that the recipe names, or the one that `auto` finds worth its conversion."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from sketchfit.errors import MissingPackageError, RecipeError
from sketchfit.models.backends import backends
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.network import Network

WORTH = 1e12
"""Floating-point operations from which a conversion pays: it takes seconds, about in proportion to the network, and
saves a share of the time afterwards; `benchmarks/conversion_worth.py` measures where that breaks even."""


def choose_backend(
    network: Network, compute: Compute, size: int, images: int | None, flops: Callable[[], int] | None = None
) -> str:
    """Return the name of the backend for `inference.backend=auto`.

    Converted networks compute in fp32 on the CPU: with another precision or device, torch is used.

    Args:
        size: side of the input in pixels.
        images: pictures that are to be predicted; None: unknown, and torch is used.
        flops: counts the operations of one picture, where they may be known; None: `forward_flops`.
    """
    if images is None or compute.precision != "fp32":
        return "eager"
    usable = [name for name in automatic_backends() if compute.device.type in backends.get(name).devices]
    count = flops or (lambda: forward_flops(network, size, compute.device))
    if not usable or not worth_converting(images, count()):
        return "eager"
    return usable[0]


def converts(name: str, compute: Compute) -> bool:
    """Return whether a backend, not `auto`, is a converted network that computes as this device and precision do."""
    usable = compute.device.type == "cpu" and compute.precision == "fp32"
    return usable and issubclass(backends.get(name), ConvertedKind)


def automatic_backends() -> tuple[str, ...]:
    """Return the backends for `auto` whose packages are installed, the preferred one first."""
    ranked = sorted(backends.items(), key=lambda item: -item[1].auto)
    return tuple(name for name, kind in ranked if kind.auto > 0 and not missing_packages(kind.packages))


def worth_converting(images: int, flops: int) -> bool:
    """Return whether so many images are worth converting a network of so many operations per image."""
    return images * flops >= WORTH


def forward_flops(network: Network, size: int, device: torch.device) -> int:
    """Count the floating-point operations of one image's forward pass; 0 where torch cannot count them."""
    model = network.model.eval()
    # The counter hooks parameters that require gradients, and fails at views of them where none are recorded.
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in trainable:
            parameter.requires_grad_(False)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 3, size, size, device=device))
        return int(counter.get_total_flops())
    except (RuntimeError, NotImplementedError, AssertionError, AttributeError):
        return 0
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def check_backend(name: str, device: torch.device) -> None:
    """Check that a backend can be used, before hours of training.

    Raises:
        UserError: there is no such backend, its packages are missing, or it does not compute on this device.
    """
    if name == "auto":
        return
    kind = backends.get(name)
    if missing := missing_packages(kind.packages):
        raise MissingPackageError(
            f"inference.backend={name} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            "not installed",
            "pip install 'sketchfit[fast]', or set inference.backend=auto",
        )
    if kind.devices and device.type not in kind.devices:
        raise RecipeError(
            f"inference.backend={name} computes on {' or '.join(kind.devices)}, and the device of the run is "
            f"{device.type}",
            f"Set inference.backend=auto, or compute.device={kind.devices[0]}",
        )


def missing_packages(packages: tuple[str, ...]) -> list[str]:
    """Return those of the packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]
