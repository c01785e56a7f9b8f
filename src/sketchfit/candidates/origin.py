"""Where the first weights of a network are from, and their licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sketchfit._timm import timm
from sketchfit.candidates.licences import UNKNOWN, normal
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.weights import read_metadata


@dataclass(frozen=True)
class WeightsOrigin:
    """The first weights of a network.

    Attributes:
        name: timm's name with the tag, or a file's name without its folder; None for random weights.
        licence: of these weights; None where it is not known, and for random weights.
    """

    name: str | None
    licence: str | None

    @property
    def known(self) -> bool:
        """Whether nothing about the licence is unknown: random weights have none."""
        return self.name is None or self.licence is not None


def weights_origin(section: ModelSection) -> WeightsOrigin:
    """Return where the first weights of a recipe's network are from.

    The licence is timm's for weights with a tag. Of a local file it is that of its metadata (`licence`), or of the tag
    that its name states (`resnet50.a1_in1k.safetensors`).
    """
    if not section.pretrained:
        return WeightsOrigin(None, None)
    if section.weights is None:
        name = _with_tag(section.backbone)
        return WeightsOrigin(name, _licence_of_tag(name))
    path = Path(section.weights).expanduser()
    return WeightsOrigin(path.name, _stated(path) or _licence_of_tag(path.stem))


def _with_tag(name: str) -> str:
    config = timm.get_pretrained_cfg(name)
    return name if "." in name or config is None or not config.tag else f"{name}.{config.tag}"


def _licence_of_tag(name: str) -> str | None:
    """Return the licence that timm states for a name with a tag; None where there is none of this name."""
    if "." not in name or not timm.is_model(name.partition(".")[0]):
        return None
    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError:  # no such tag
        return None
    licence = normal(config.license if config else None)
    return licence if licence not in ("", UNKNOWN) else None


def _stated(path: Path) -> str | None:
    """Return the licence in the metadata of a file; None where it states none, or is no longer there."""
    try:
        return normal(read_metadata(path).get("licence")) or None
    except UserError:
        return None
