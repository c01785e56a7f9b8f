"""Downloads take the files of networks and nothing that could run code, and use the cache without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from sketchfit.errors import UserError
from sketchfit.hub.download import local_bundle, local_folder
from tests.hub.fake_hub import FakeHub

FILES = {
    "sketchfit.json": b"{}",
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "README.md": b"# card",
    "pytorch_model.bin": b"pickle",
    "preprocess.py": b"import os",
    "model.pt2": b"zip",
    "sub/model.safetensors": b"other",
}


def test_a_folder_stays_a_folder(tmp_path: Path) -> None:
    assert local_folder(tmp_path) == tmp_path
    assert local_folder("runs/first") == Path("runs/first")


def test_only_files_of_networks_are_downloaded(hub: FakeHub) -> None:
    hub.make("me/doodles", FILES)
    folder = local_folder("hf://me/doodles")
    assert sorted(path.name for path in folder.rglob("*")) == ["config.json", "model.safetensors", "sketchfit.json"]
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not any("pytorch_model" in path for _, path, _ in hub.requests)


def test_a_path_that_lost_a_slash_is_an_address(hub: FakeHub) -> None:
    hub.make("me/doodles", FILES)
    assert local_folder(Path("hf://me/doodles")) == local_folder("hf://me/doodles")


def test_a_revision(hub: FakeHub) -> None:
    one = hub.make("me/doodles", FILES)
    first = one.newest
    one.add(FILES | {"model.safetensors": b"better"})
    assert (local_folder("hf://me/doodles") / "model.safetensors").read_bytes() == b"better"
    assert (local_folder(f"hf://me/doodles@{first}") / "model.safetensors").read_bytes() == b"weights"


def test_a_bundle_needs_no_network_of_timm(hub: FakeHub) -> None:
    hub.make("me/bundle", {"bundle.json": b"{}", "network.onnx": b"graph", "example.py": b"import os"})
    folder = local_folder("hf://me/bundle")
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "network.onnx"]


def test_what_is_in_the_cache_is_used_offline(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.make("me/doodles", FILES)
    folder = local_folder("hf://me/doodles")
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert local_folder("hf://me/doodles") == folder
    assert hub.requests == []


def test_offline_without_a_cache(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.make("me/doodles", FILES)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE") as error:
        local_folder("hf://me/doodles")
    assert len(error.value.problems) == 1
    assert hub.requests == []


def test_the_cache_is_used_where_the_hub_is_down(hub: FakeHub) -> None:
    hub.make("me/doodles", FILES)
    folder = local_folder("hf://me/doodles")
    hub.fail = 503
    assert local_folder("hf://me/doodles") == folder


def test_no_network(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the port of `discard`: nothing listens
    with pytest.raises(UserError, match="cannot be reached"):
        local_folder("hf://me/doodles")


def test_a_repository_that_does_not_exist(hub: FakeHub) -> None:
    with pytest.raises(UserError, match="does not exist, or is private") as error:
        local_folder("hf://me/nothing")
    assert "HF_TOKEN" in error.value.hint


def test_a_private_repository_needs_the_token(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.make("me/secret", FILES, private=True)
    with monkeypatch.context() as without:
        without.delenv("HF_TOKEN")
        without.setattr(constants, "HF_TOKEN_PATH", "no-such-file")
        with pytest.raises(UserError, match="is private"):
            local_folder("hf://me/secret")
    assert local_folder("hf://me/secret").is_dir()


def test_a_gated_repository(hub: FakeHub) -> None:
    hub.make("me/gated", FILES, gated=True)
    with pytest.raises(UserError, match="gated"):
        local_folder("hf://me/gated")


def test_a_revision_that_does_not_exist(hub: FakeHub) -> None:
    hub.make("me/doodles", FILES)
    with pytest.raises(UserError, match="no revision 'v9'"):
        local_folder("hf://me/doodles@v9")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config.json": b"{}", "model.safetensors": b""}, "no network of sketchfit"),
        ({"sketchfit.json": b"{}", "pytorch_model.bin": b"pickle"}, "pickle"),
        ({"README.md": b""}, "no network of sketchfit"),
    ],
)
def test_repositories_of_other_kinds(hub: FakeHub, files: dict[str, bytes], message: str) -> None:
    hub.make("me/other", files)
    with pytest.raises(UserError, match=message):
        local_folder("hf://me/other")


def test_serving_needs_a_bundle(hub: FakeHub, tmp_path: Path) -> None:
    hub.make("me/doodles", FILES)
    with pytest.raises(UserError, match="no bundle") as error:
        local_bundle("hf://me/doodles@main")
    assert "push RUN me/doodles --bundle" in error.value.hint
    hub.make("me/both", FILES | {"bundle.json": b"{}"})
    assert (local_bundle("hf://me/both") / "bundle.json").is_file()
    assert local_bundle(tmp_path) == tmp_path


def test_it_needs_no_torch() -> None:
    """A service downloads bundles in an environment without the packages for training."""
    blocked = ("torch", "pandas", "timm", "sklearn", "scipy", "pyarrow", "accelerate")
    block = f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))"
    subprocess.run(
        [sys.executable, "-c", f"{block}; import sketchfit.hub.download, sketchfit.hub.upload"],
        check=True,
    )


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="huggingface_hub") as error:
        local_folder("hf://me/doodles")
    assert "pip install" in error.value.hint
