"""Pretrained weights on the Hugging Face hub: whether they can be had, without downloading them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError

HINT = "Give a local file with --set model.weights=FILE, or start from random weights with --set model.pretrained=false"
SECONDS = 10.0
"""Longest time for a response of the hub."""


def is_cached(section: ModelSection) -> bool:
    """Return whether the pretrained weights of a backbone are in the local cache, without the network."""
    config = timm.get_pretrained_cfg(section.backbone)
    if config is None:
        return False
    if config.hf_hub_id:
        return _is_cached(*_place(config))
    return bool(config.url) and _url_is_cached(str(config.url))


def has_cached_weights(section: ModelSection) -> bool:
    """Return whether the pretrained weights of a backbone are in the local cache; if not, they can be downloaded.

    Args:
        section: with an existing backbone and tag, `pretrained` and no local file of weights.

    Raises:
        UserError: there are no such weights, or they are neither in the cache nor can they be downloaded.
    """
    config = timm.get_pretrained_cfg(section.backbone)
    if config is not None and config.hf_hub_id:
        place = _place(config)
        return _is_cached(*place) or _can_be_downloaded(section, *place)
    if config is not None and config.url:
        return _url_is_cached(str(config.url))
    raise UserError(f"model.pretrained: timm has no weights of {section.backbone}", HINT)


def _place(config: Any) -> tuple[str, list[str], str | None]:
    """Return the repository on the hub, its possible files and its revision."""
    repository, _, revision = config.hf_hub_id.partition("@")
    files = [config.hf_hub_filename] if config.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
    return repository, files, revision or None


def _url_is_cached(url: str) -> bool:
    return (Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]).is_file()


def _is_cached(repository: str, files: list[str], revision: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return any(isinstance(try_to_load_from_cache(repository, file, revision=revision), str) for file in files)


def _can_be_downloaded(section: ModelSection, repository: str, files: list[str], revision: str | None) -> bool:
    """Request the header of a file from the hub; always returns False, as nothing is in the cache.

    Raises:
        UserError: the hub has none of the files, or cannot be reached.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import EntryNotFoundError

    reason = "HF_HUB_OFFLINE is set, and the local cache does not have them"
    for file in [] if HF_HUB_OFFLINE else files:
        try:
            get_hf_file_metadata(hf_hub_url(repository, file, revision=revision), timeout=SECONDS)
            return False
        except EntryNotFoundError as error:
            reason = str(error).partition("\n")[0]
        except Exception as error:  # several libraries' errors for no network, no such repository, no access
            reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            break
    raise UserError(f"model: the weights of {section.backbone} cannot be downloaded: {reason}", HINT)
