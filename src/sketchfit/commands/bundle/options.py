"""What a bundle is made of, besides the chosen network: options of `sketchfit export`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sketchfit.errors import MissingPackageError, UserError

Also = Literal["openvino", "int8", "torch"]
"""Further forms of the network: OpenVINO, 8-bit integers, `torch.export`."""

_NEEDS = ("onnx", "onnxruntime")


@dataclass(frozen=True)
class BundleOptions:
    """Options of a bundle.

    Attributes:
        member: whose network; None: the best one's.
        fold: the network of this fold; None: see `choose_network`.
        neighbours: add a sample of training drawings, which publishes them.
        also: further forms of the network.
        int8_loss: accuracy that int8 may lose, as a proportion.
        licence: of the network, for the model card; None: that of its weights.
    """

    member: str | None = None
    fold: int | None = None
    neighbours: bool = False
    also: tuple[Also, ...] = ()
    int8_loss: float = 0.01
    licence: str | None = None


def check_packages(options: BundleOptions) -> None:
    """Refuse what needs packages that are not installed.

    Raises:
        UserError: they are missing.
    """
    from sketchfit.models.choose_backend import missing_packages  # imports torch

    needs = (*_NEEDS, *(["openvino"] if "openvino" in options.also else []))
    if missing := missing_packages(needs):
        raise MissingPackageError(f"a bundle needs {', '.join(missing)}", "pip install 'sketchfit[fast]'")


def parse_also(names: Iterable[str]) -> tuple[Also, ...]:
    """Return the further forms of these names.

    Raises:
        UserError: there is no such form.
    """
    known = {str(one): one for one in get_args(Also)}
    given = list(dict.fromkeys(names))
    if unknown := [name for name in given if name not in known]:
        raise UserError([f"there is no form {name!r}" for name in unknown], f"Forms: {', '.join(known)}.")
    return tuple(known[name] for name in given)


def parse_points(points: float) -> float:
    """Return the accuracy that int8 may lose as a proportion, given in points.

    Raises:
        UserError: it is not a number from 0 to 100.
    """
    if not 0 <= points <= 100:
        raise UserError(f"int8 cannot lose {points:g} points of accuracy", "Give --int8-loss as points from 0 to 100.")
    return points / 100
