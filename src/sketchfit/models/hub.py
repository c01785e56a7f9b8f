"""Pretrained weights on the Hugging Face hub: whether they can be had, without downloading them."""

from __future__ import annotations

from pathlib import Path

import torch

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError

HINT = "Give a local file with --set model.weights=FILE, or start from random weights with --set model.pretrained=false"
SECONDS = 10.0
"""Longest time for a response of the hub."""


def has_cached_weights(section: ModelSection) -> bool:
    """Return whether the pretrained weights of a backbone are in the local cache; if not, they can be downloaded.

    Args:
        section: with an existing backbone and tag, `pretrained` and no local file of weights.

    Raises:
        UserError: there are no such weights, or they are neither in the cache nor can they be downloaded.
    """
    config = timm.get_pretrained_cfg(section.backbone)
    if config is not None and config.hf_hub_id:
        repository, _, revision = config.hf_hub_id.partition("@")
        files = [config.hf_hub_filename] if config.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
        return _is_cached(repository, files, revision or None) or _can_be_downloaded(
            section, repository, files, revision or None
        )
    if config is not None and config.url:
        return (Path(torch.hub.get_dir()) / "checkpoints" / str(config.url).rpartition("/")[2]).is_file()
    raise UserError(f"model.pretrained: timm has no weights of {section.backbone}", HINT)


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
