from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sketchfit.commands.cache import clear_cache, list_cache, parse_age
from sketchfit.errors import UserError
from tests.factories import Cli

DAY = 86400.0


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An image store that was used ten days ago, and features that were used now."""
    (tmp_path / "store-a").mkdir()
    for name in ("store-a/store.json", "store-a/images.npy", "store-a.lock"):
        (tmp_path / name).write_bytes(bytes(5000))
    for path in (tmp_path / "store-a").iterdir():
        os.utime(path, (time.time() - 10 * DAY,) * 2)
    for path in (tmp_path / "store-a", tmp_path / "store-a.lock"):
        os.utime(path, (time.time() - 10 * DAY,) * 2)
    for name in ("features-b.npy", "features-b.json", "features-b.lock"):
        (tmp_path / name).write_bytes(bytes(3000))
    return tmp_path


def test_entries_are_listed_with_size_and_use(cache: Path, cli: Cli) -> None:
    assert [(one.kind, one.stem.name) for one in list_cache(cache)] == [
        ("features", "features-b"),
        ("stores", "store-a"),
    ]
    status, out, _ = cli("cache", "list", "--folder", cache)
    assert status == 0
    assert [name in out for name in ("store-a", "features-b", str(cache))] == [True] * 3


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, []),
        ({"older_than": "7d"}, ["features-b"]),
        ({"older_than": "3w"}, ["features-b", "store-a"]),
        ({"kinds": ["stores"]}, ["features-b"]),
        ({"kinds": ["features", "maps"]}, ["store-a"]),
    ],
)
def test_what_is_meant_is_deleted(options: dict[str, str], left: list[str], cache: Path) -> None:
    clear_cache(cache, **options)
    assert sorted(one.stem.name for one in list_cache(cache)) == left
    assert (cache / "store-a.lock").is_file()


def test_an_empty_cache_and_mistakes(tmp_path: Path, cli: Cli) -> None:
    assert list_cache(tmp_path / "none") == clear_cache(tmp_path / "none") == []
    assert cli("cache", "clear", "--folder", tmp_path, "--kind", "shops")[0] == 2
    assert cli("cache", "clear", "--folder", tmp_path, "--older-than", "long")[0] == 2
    assert parse_age("2w") == 14 * DAY
    with pytest.raises(UserError):
        parse_age("7")
