from __future__ import annotations

import huggingface_hub
import pytest
from huggingface_hub import constants

from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.hub import has_cached_weights, is_cached

SECTION = ModelSection(backbone="resnet18.a1_in1k")


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: None)


def test_weights_in_the_cache(monkeypatch):
    found = []

    def cached(repository, file, revision):
        found.append((repository, file))
        return "/cache/model.safetensors"

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    assert has_cached_weights(SECTION)
    assert found == [("timm/resnet18.a1_in1k", "model.safetensors")]


def test_weights_that_can_be_downloaded(online, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *_, **__: None)
    assert not has_cached_weights(SECTION)


def test_no_network(online, monkeypatch):
    def fails(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", fails)
    with pytest.raises(UserError, match="no route to host"):
        has_cached_weights(SECTION)


def test_offline(online, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE"):
        has_cached_weights(SECTION)


def test_a_model_without_weights():
    with pytest.raises(UserError, match="timm has no weights"):
        has_cached_weights(ModelSection(backbone="resnet18t"))


def test_whether_weights_are_in_the_cache_needs_no_network(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: "/cache/model.safetensors")
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", None)
    assert is_cached(SECTION)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: None)
    assert not is_cached(SECTION)
