"""Which backbones can be tried: those that are requested, or those of the shipped table that are at hand."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sketchfit._timm import timm
from sketchfit.candidates.candidate import BackboneCandidate
from sketchfit.candidates.cost import count_cost
from sketchfit.candidates.licences import UNKNOWN
from sketchfit.candidates.local import ENDINGS, from_file, weight_files
from sketchfit.candidates.table import shipped_candidates, with_tag
from sketchfit.config.model import ModelSection
from sketchfit.config.own_size import own_input_size
from sketchfit.errors import UserError
from sketchfit.models.backbone import check_backbone
from sketchfit.models.hub import has_cached_weights, is_cached

log = logging.getLogger(__name__)


def find_candidates(request: Sequence[str] = (), allow_noncommercial: bool = False) -> list[BackboneCandidate]:
    """Return the candidates of a request, without duplicates, in its order.

    Args:
        request: timm names, files of weights, and folders of such files. Empty: the shipped table without weights that
            are neither in the local cache nor can be downloaded, which is logged.
        allow_noncommercial: also weights whose licence forbids commercial use.

    Raises:
        UserError: there is no such model or file, its weights are not at hand, or its licence is not allowed; or an
            empty request finds nothing.
    """
    if not request:
        return _at_hand(allow_noncommercial)
    found = list(dict.fromkeys(one for text in request for one in _requested(text)))
    for one in found:
        if one.non_commercial and not allow_noncommercial:
            raise UserError(
                f"candidates: the licence of {one.name}, {one.licence}, forbids commercial use",
                "Add --allow-noncommercial, or leave it out.",
            )
    return _distinct(found)


def _requested(text: str) -> list[BackboneCandidate]:
    path = Path(text).expanduser()
    if path.is_dir():
        return [from_file(one) for one in weight_files(path)]
    if path.is_file() or path.suffix in ENDINGS or path.parent != Path():
        return [from_file(path)]
    return [_by_name(text)]


def _by_name(name: str) -> BackboneCandidate:
    """Return the candidate of a timm name, whose weights are in the cache or can be downloaded."""
    check_backbone(name)
    config = timm.get_pretrained_cfg(name)
    full = name if "." in name or config is None or not config.tag else f"{name}.{config.tag}"
    has_cached_weights(ModelSection(backbone=full))
    if (known := with_tag(full)) is not None:
        return known
    size = own_input_size(full)
    params, gmacs = count_cost(full, size)
    return BackboneCandidate(full, full, None, size, params, gmacs, (config and config.license) or UNKNOWN)


def _at_hand(allow_noncommercial: bool) -> list[BackboneCandidate]:
    """Return the shipped candidates whose weights are in the cache, and the others too if the hub can be reached."""
    allowed = [one for one in shipped_candidates() if allow_noncommercial or not one.non_commercial]
    sections = {one.name: ModelSection(backbone=one.backbone) for one in allowed}
    cached = [one for one in allowed if is_cached(sections[one.name])]
    missing = [one for one in allowed if one not in cached]
    if not missing or _can_be_downloaded(sections[missing[0].name]):
        return allowed
    if not cached:
        raise UserError(
            f"candidates: none of the {len(allowed)} backbones of the shipped table is in the local cache, and the hub "
            "cannot be reached",
            "Name local files: --candidates FOLDER_OF_WEIGHTS (.safetensors or .pth).",
        )
    log.info(f"offline: {len(cached)} of {len(allowed)} shipped candidates are in the local cache")
    return cached


def _can_be_downloaded(section: ModelSection) -> bool:
    try:
        has_cached_weights(section)
    except UserError:
        return False
    return True


def _distinct(found: Sequence[BackboneCandidate]) -> list[BackboneCandidate]:
    """Return the candidates with distinct names: of equal ones, later ones get the number of their place."""
    names: dict[str, int] = {}
    kept = []
    for one in found:
        count = names[one.name] = names.get(one.name, 0) + 1
        kept.append(one if count == 1 else replace(one, name=f"{one.name}-{count}"))
    return kept
