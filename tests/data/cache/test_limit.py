from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sketchfit.data.cache.entries import PARTS, cache_entries
from sketchfit.data.cache.limit import cache_limit, delete_unused, make_room, parse_size
from sketchfit.data.store import Store, open_store, stored
from sketchfit.data.store_settings import StoreSettings
from sketchfit.errors import UserError
from sketchfit.own_system import scope
from sketchfit.remains import part_of

SIZE = 256
"""Side of stored images: a store of one takes 64 KB and a little."""


def make_store(cache: Path, number: int, used: float | None = None) -> Store:
    root = cache.parent / "images"
    root.mkdir(exist_ok=True)
    Image.fromarray(np.full((20, 20), 10 * number, np.uint8)).save(root / f"{number}.png")
    store = open_store(root, [f"{number}.png"], StoreSettings(SIZE), cache)
    if used is not None:
        for path in [*store.folder.iterdir(), store.folder, *cache.glob(f"{store.folder.name}.*")]:
            os.utime(path, (used, used))
    return store


def names(cache: Path) -> list[str]:
    return [one.stem.name for one in cache_entries(cache)]


def test_the_longest_unused_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    folders = [make_store(cache, number, used).folder for number, used in enumerate((300.0, 100.0, 200.0))]
    assert names(cache) == [folders[place].name for place in (1, 2, 0)]
    monkeypatch.setenv("SKETCHFIT_CACHE_LIMIT", "230KB")
    make_room(cache, 0)
    assert len(names(cache)) == 3
    make_room(cache, SIZE**2)
    assert names(cache) == [folders[place].name for place in (2, 0)]
    for number in (7, 8):  # the second one needs the room of another store
        make_store(cache, number)
    assert folders[2].name not in names(cache)
    assert folders[0].name in names(cache)


def test_what_is_used_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    cache = tmp_path / "cache"
    store = make_store(cache, 1)
    monkeypatch.setenv("SKETCHFIT_CACHE_LIMIT", "1")
    make_room(cache, 0)
    assert "in use" in caplog.text
    assert store.images[0].max() == 10
    part = store.images[:1]
    del store
    assert delete_unused(cache_entries(cache)) == []  # a part of the array is still there
    del part
    assert len(delete_unused(cache_entries(cache))) == 1
    assert names(cache) == []


def test_what_another_process_uses_stays(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = make_store(cache, 1, used=100.0).folder
    script = (
        "import sys\nfrom pathlib import Path\nfrom sketchfit.data.store import stored\n"
        f"kept = stored(Path({str(folder)!r}))\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        entry = cache_entries(cache)[0]
        assert entry.used > 100.0  # it was used just now
        assert delete_unused([entry]) == []
        other.kill()
    assert delete_unused(cache_entries(cache)) == [entry]


def test_unfinished_parts_are_entries(tmp_path: Path) -> None:
    (tmp_path / ".store-abc.123.part").mkdir()
    for name in (".features-abc.part", ".features-abc.part.json", "other.txt", "store-x.lock", "CACHEDIR.TAG"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".store-abc.123.part" / "grey.npy").write_bytes(bytes(100_000))
    entries = cache_entries(tmp_path)
    assert {(one.kind, one.stem.name) for one in entries} == {(PARTS, "store-abc"), (PARTS, "features-abc")}
    assert max(one.size for one in entries) >= 100_000
    assert len(delete_unused(entries)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CACHEDIR.TAG", "other.txt", "store-x.lock"]


@given(st.integers(0, 10**12))
def test_sizes_are_read_back(size: int) -> None:
    assert parse_size(str(size)) == parse_size(f"{size}B") == size
    assert parse_size(f"{size} KB") == 1000 * size
    assert parse_size(f"{size}MiB") == size << 20


@pytest.mark.parametrize("text", ["much", "-1GB", "5 PB", "GB"])
def test_other_sizes_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKETCHFIT_CACHE_LIMIT", text)
    with pytest.raises(UserError, match="SKETCHFIT_CACHE_LIMIT"):
        cache_limit()


def test_a_read_only_cache_is_read(tmp_path: Path, small_disk: Path) -> None:
    cache = small_disk / "cache"
    folder = make_store(cache, 1).folder
    (tmp_path / "images").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert stored(folder).images[0].max() == 10
    root = cache.parent / "images"
    assert not open_store(root, ["1.png"], StoreSettings(SIZE), cache).built
    with pytest.raises(OSError, match="Read-only"):
        open_store(root, ["1.png"], StoreSettings(SIZE + 1), cache)


def test_what_a_killed_process_was_writing_is_deleted_also_where_nothing_is_built(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    make_store(cache, 1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f".autotune-abc.json.{ended.pid}-{scope()}.part", f".store-abc.{ended.pid}-{scope()}.part/grey.npy"):
        path = cache / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    mine = part_of(cache / "maps-abc.npy")
    mine.write_text("half")
    assert not make_store(cache, 1).built
    assert list(cache.glob(".*.part")) == [mine]
