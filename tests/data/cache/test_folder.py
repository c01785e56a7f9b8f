from __future__ import annotations

import os
from pathlib import Path

import pytest

from sketchfit.data.cache import folder as folder_module
from sketchfit.data.cache.folder import default_cache


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKETCHFIT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(folder_module.tempfile, "tempdir", str(tmp_path))
    folder_module._temporary.cache_clear()


def test_the_first_that_is_given_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_cache() == tmp_path / "home" / ".cache" / "sketchfit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache() == tmp_path / "xdg" / "sketchfit"
    monkeypatch.setenv("SKETCHFIT_CACHE", "/x/y")
    assert default_cache() == Path("/x/y")


def _no_home(_: object = None) -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_user_without_home_gets_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Path, "home", _no_home)
    found = default_cache()
    assert found == tmp_path / f"sketchfit-{os.getuid()}"
    assert found.stat().st_mode & 0o777 == 0o700
    assert default_cache() == found
    assert [str(found) in record.message for record in caplog.records] == [True]


def test_a_home_that_cannot_be_written_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module.os, "access", lambda *_: False)
    assert default_cache() == tmp_path / f"sketchfit-{os.getuid()}"
    cache = tmp_path / "home" / ".cache" / "sketchfit"
    cache.mkdir(parents=True)
    assert default_cache() == cache  # it may be complete


def test_the_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", _no_home)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"sketchfit-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    found = default_cache()
    assert found.parent == tmp_path
    assert not found.is_symlink()
    assert found == default_cache()
