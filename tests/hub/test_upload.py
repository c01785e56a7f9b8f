"""A push is one commit, which removes what an earlier one left and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from huggingface_hub import constants

from sketchfit.errors import UserError
from sketchfit.hub.address import HubAddress
from sketchfit.hub.download import local_folder
from sketchfit.hub.upload import MARKS, OURS, Upload, check_upload, upload_folder
from tests.hub.fake_hub import FakeHub

ADDRESS = HubAddress("me/doodles")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    for name in ("sketchfit.json", "config.json", "model.safetensors", "README.md"):
        (place / name).write_text(f"{name} 1")
    return place


def test_a_new_repository(hub: FakeHub, folder: Path) -> None:
    url = upload_folder(folder, Upload(ADDRESS))
    one = hub.repositories["me/doodles"]
    assert url == f"{hub.endpoint}/me/doodles/commit/{one.newest}"
    assert len(one.commits) == 2
    assert not one.private
    assert hub.files("me/doodles") == {".gitattributes": b""} | {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_a_private_repository(hub: FakeHub, folder: Path) -> None:
    upload_folder(folder, Upload(ADDRESS, private=True))
    assert hub.repositories["me/doodles"].private
    upload_folder(folder, Upload(ADDRESS))
    assert hub.repositories["me/doodles"].private


def test_a_public_repository_is_not_taken_for_a_private_one(hub: FakeHub, folder: Path) -> None:
    hub.make("me/doodles", {})
    with pytest.raises(UserError, match="is public"):
        upload_folder(folder, Upload(ADDRESS, private=True))
    assert hub.files("me/doodles") == {}


def test_files_of_an_earlier_push_are_removed(hub: FakeHub, folder: Path) -> None:
    hub.make("me/doodles", {"bundle.json": b"old", "network.onnx": b"old", "notes.txt": b"mine", "README.md": b"old"})
    upload_folder(folder, Upload(ADDRESS))
    found = hub.files("me/doodles")
    assert "bundle.json" not in found
    assert "network.onnx" not in found
    assert found["notes.txt"] == b"mine"
    assert found["README.md"] == b"README.md 1"


@pytest.mark.parametrize("name", sorted(OURS - MARKS - {"README.md"}))
def test_files_that_no_push_wrote_are_neither_replaced_nor_removed(hub: FakeHub, folder: Path, name: str) -> None:
    files = {".gitattributes": b"", name: b"mine"}
    hub.make("me/doodles", files)
    for push in (lambda: check_upload(Upload(ADDRESS)), lambda: upload_folder(folder, Upload(ADDRESS))):
        with pytest.raises(UserError, match=re.escape(name)):
            push()
    assert hub.files("me/doodles") == files


def test_a_readme_among_other_files_is_not_replaced(hub: FakeHub) -> None:
    hub.make("me/doodles", {"README.md": b"mine", "paper.tex": b"mine"})
    with pytest.raises(UserError, match="README"):
        check_upload(Upload(ADDRESS))


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"notes.txt": b"mine"},
        {".gitattributes": b"", "README.md": b"of the hub"},
        {"sketchfit.json": b"{}", "example.py": b"old"},
        {"bundle.json": b"{}", "example.py": b"old", "notes.txt": b"mine"},
    ],
)
def test_repositories_that_are_new_or_of_an_earlier_push(hub: FakeHub, folder: Path, files: dict[str, bytes]) -> None:
    hub.make("me/doodles", files)
    check_upload(Upload(ADDRESS))
    upload_folder(folder, Upload(ADDRESS))
    found = hub.files("me/doodles")
    assert found["README.md"] == b"README.md 1"
    assert "example.py" not in found
    assert found.get("notes.txt") == files.get("notes.txt")


def test_the_same_files_again_make_no_commit(hub: FakeHub, folder: Path) -> None:
    upload_folder(folder, Upload(ADDRESS))
    upload_folder(folder, Upload(ADDRESS))
    assert len(hub.repositories["me/doodles"].commits) == 2


def test_a_commit_of_somebody_else_is_not_overwritten(
    hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hub.make("me/doodles", {"README.md": b"old"})
    real = Path.iterdir

    def meanwhile(path: Path) -> object:
        if path == folder:
            one.add({"README.md": b"theirs"})
        return real(path)

    monkeypatch.setattr(Path, "iterdir", meanwhile)
    with pytest.raises(UserError, match="somebody else"):
        upload_folder(folder, Upload(ADDRESS))
    assert hub.files("me/doodles") == {"README.md": b"theirs"}


def test_what_is_pushed_can_be_downloaded(hub: FakeHub, folder: Path) -> None:
    upload_folder(folder, Upload(ADDRESS))
    found = local_folder("hf://me/doodles")
    assert (found / "model.safetensors").read_text() == "model.safetensors 1"


@pytest.mark.parametrize(("status", "message"), [(401, "status 401"), (429, "too many"), (500, "status 500")])
def test_what_the_hub_refuses(hub: FakeHub, folder: Path, status: int, message: str) -> None:
    hub.fail = status
    with pytest.raises(UserError, match=message):
        upload_folder(folder, Upload(ADDRESS))


def test_a_name_of_another_owner(hub: FakeHub, folder: Path) -> None:
    with pytest.raises(UserError, match="status 403") as error:
        upload_folder(folder, Upload(HubAddress("others/doodles")))
    assert "write" in error.value.hint


def test_a_hub_that_cannot_be_reached_is_found_before_long_work(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the port of `discard`: nothing listens
    with pytest.raises(UserError, match="cannot write"):
        check_upload(Upload(ADDRESS))


def test_checks_before_long_work(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_upload(Upload(ADDRESS))
    hub.make("me/public", {})
    with pytest.raises(UserError, match="is public"):
        check_upload(Upload(HubAddress("me/public"), private=True))
    hub.fail = 401
    with pytest.raises(UserError, match="status 401"):
        check_upload(Upload(ADDRESS))
    hub.requests.clear()
    with pytest.raises(UserError, match="revision"):
        check_upload(Upload(HubAddress("me/doodles", "v1")))
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    with pytest.raises(UserError, match="no token"):
        check_upload(Upload(ADDRESS))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE"):
        check_upload(Upload(ADDRESS))
    assert hub.requests == []
