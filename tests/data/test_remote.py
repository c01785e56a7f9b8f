"""Data in file systems of fsspec: those in memory and of files, which need no network."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pytest

from sketchfit.commands.request import DataRequest
from sketchfit.data import remote
from sketchfit.data.cache import use
from sketchfit.data.cache.entries import REMOTE, cache_entries
from sketchfit.data.cache.limit import delete_unused
from sketchfit.data.cache.use import hold
from sketchfit.data.remote import advice_on_missing, copy_remote, hold_copy, names_at, remote_address
from sketchfit.disk import DiskError
from sketchfit.errors import DataError, MissingPackageError
from sketchfit.remains import part_of

FILES = {"train/apple/1.png": b"one", "train/pear/2.png": b"other", "train.csv": b"image_path,label\n"}


@pytest.fixture
def address():
    memory = fsspec.filesystem("memory")
    for name, content in FILES.items():
        memory.pipe_file(f"/bucket/drawings/{name}", content)
    yield "memory://bucket/drawings"
    memory.rm("/bucket", recursive=True)


@pytest.fixture
def copied(monkeypatch):
    """Return the names of the files that are copied."""
    names, system = [], fsspec.filesystem("memory")
    get = system.get_file

    def note(path, target, **options):
        names.append(path.rpartition("drawings/")[2])
        return get(path, target, **options)

    monkeypatch.setattr(system, "get_file", note)
    return names


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s3:/bucket/a b", "s3://bucket/a b"),
        ("hf://datasets/me/drawings", "hf://datasets/me/drawings"),
        ("file:///tmp/x", "file:///tmp/x"),
        ("C:/drawings", None),
        ("drawings", None),
        ("s3://", None),
    ],
)
def test_addresses_are_recognised(text, found):
    assert remote_address(text) == found


def test_a_folder_is_copied_once(address, copied, tmp_path):
    folder = copy_remote(address, tmp_path)
    assert content(folder) == FILES
    assert folder.name == "drawings"
    assert sorted(copied) == sorted(FILES)
    assert copy_remote(address, tmp_path) == folder
    assert len(copied) == len(FILES)


def test_changes_are_copied_and_what_is_gone_is_deleted(address, copied, tmp_path):
    folder = copy_remote(address, tmp_path)
    copied.clear()
    memory = fsspec.filesystem("memory")
    time.sleep(0.01)
    memory.pipe_file("/bucket/drawings/train/apple/1.png", b"two")
    memory.rm_file("/bucket/drawings/train/pear/2.png")
    (folder / "train.csv").unlink()
    copy_remote(address, tmp_path)
    assert sorted(copied) == ["train.csv", "train/apple/1.png"]
    assert content(folder) == {"train/apple/1.png": b"two", "train.csv": FILES["train.csv"]}


def test_a_table_is_copied_with_its_folder(address, tmp_path):
    table = copy_remote(f"{address}/train.csv", tmp_path)
    assert table.read_bytes() == FILES["train.csv"]
    assert content(table.parent) == FILES


def test_a_copy_that_was_interrupted_is_continued(address, copied, tmp_path, monkeypatch):
    system = fsspec.filesystem("memory")
    get = system.get_file

    def fail(path, target, **options):
        if path.endswith("2.png"):
            raise OSError("the connection was lost")
        return get(path, target, **options)

    monkeypatch.setattr(remote, "AT_ONCE", 1)
    monkeypatch.setattr(system, "get_file", fail)
    with pytest.raises(DataError, match=r"train/pear/2\.png cannot be read: OSError: the connection was lost"):
        copy_remote(address, tmp_path)
    monkeypatch.setattr(system, "get_file", get)
    copied.clear()
    assert content(copy_remote(address, tmp_path)) == FILES
    assert "train/apple/1.png" not in copied


def test_parts_of_files_are_deleted_after_errors_and_kills(address, tmp_path, monkeypatch):
    def half(path, target, **options):
        Path(target).write_bytes(b"ha")
        raise OSError("the connection was lost")

    system = fsspec.filesystem("memory")
    with monkeypatch.context() as patched:
        patched.setattr(system, "get_file", half)
        with pytest.raises(DataError):
            copy_remote(address, tmp_path)
    (folder,) = (tmp_path / REMOTE).glob("*/drawings")
    assert content(folder) == {}
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    killed = part_of(folder / "train" / "1.png")
    killed = killed.with_name(killed.name.replace(f".{os.getpid()}-", f".{ended.pid}-"))
    killed.parent.mkdir(exist_ok=True)
    killed.write_bytes(b"ha")
    assert content(copy_remote(address, tmp_path)) == FILES


def test_files_of_a_folder_are_read_through_the_same_mechanism(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "1.png").write_bytes(b"one")
    assert content(copy_remote(f"file://{source}", tmp_path / "cache")) == {"1.png": b"one"}


def test_nothing_there_is_an_error_with_the_address(tmp_path):
    with pytest.raises(DataError, match="memory://bucket/nothing does not exist"):
        copy_remote("memory://bucket/nothing", tmp_path)


def test_a_missing_package_is_named_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingPackageError) as caught:
        copy_remote("s3://bucket/drawings", tmp_path)
    assert caught.value.hint == "pip install s3fs"


def test_credentials_are_not_printed(tmp_path, monkeypatch):
    def refuse(address):
        raise PermissionError(f"no access to {address}")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    with pytest.raises(DataError) as caught:
        copy_remote("s3://somekey:verysecret@bucket/drawings", tmp_path)
    assert "PermissionError" in str(caught.value)
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize("name", ["../outside.png", "a\\b.png", "a/../../b.png"])
def test_names_that_lead_elsewhere_are_refused(name, address, tmp_path, monkeypatch):
    system = fsspec.filesystem("memory")
    found = {f"/bucket/drawings/{name}": {"size": 3, "type": "file"}}
    monkeypatch.setattr(system, "find", lambda root, detail: found)
    with pytest.raises(DataError, match="cannot be the name of a file"):
        copy_remote(address, tmp_path)


def test_objects_that_mark_folders_are_left_out(address, tmp_path, monkeypatch):
    system = fsspec.filesystem("memory")
    find, marks = system.find, {f"/bucket/drawings/{name}": {"size": 0, "type": "file"} for name in ("", "train/")}
    monkeypatch.setattr(system, "find", lambda root, detail: marks | find(root, detail=detail))
    assert content(copy_remote(address, tmp_path)) == FILES


def test_too_little_space_is_an_error_before_anything_is_copied(address, copied, tmp_path, monkeypatch):
    usage = type("Usage", (), {"total": remote.SPARE * 2, "free": remote.SPARE + 10})()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskError) as caught:
        copy_remote(address, tmp_path)
    assert caught.value.needed == sum(map(len, FILES.values())) + remote.SPARE
    assert copied == []


def test_a_disk_that_becomes_full_is_not_an_error_of_the_store(address, tmp_path, monkeypatch):
    def fill(path, target, **options):
        raise OSError(errno.ENOSPC, "No space left on device", target)

    monkeypatch.setattr(fsspec.filesystem("memory"), "get_file", fill)
    with pytest.raises(DiskError) as caught:
        copy_remote(address, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.place.is_relative_to(tmp_path)


def test_files_are_listed_again_in_the_same_process(address, tmp_path, monkeypatch):
    system, listings = fsspec.filesystem("memory"), {}
    find = system.find
    monkeypatch.setattr(system, "find", lambda root, detail: listings.setdefault(root, find(root, detail=detail)))
    monkeypatch.setattr(system, "invalidate_cache", lambda path=None: listings.clear())
    copy_remote(address, tmp_path)
    system.pipe_file("/bucket/drawings/train/pear/3.png", b"three")
    assert content(copy_remote(address, tmp_path))["train/pear/3.png"] == b"three"


@pytest.mark.parametrize(
    "data", ["https://example.org/drawings.zip", Path("gcs://me:verysecret@bucket/drawings"), "s3://"]
)
def test_other_addresses_are_refused_with_the_kinds(data):
    with pytest.raises(DataError) as caught:
        DataRequest.of(data)
    assert "address" in caught.value.problems[0]
    assert "verysecret" not in caught.value.problems[0]
    assert "s3://" in caught.value.hint


def test_a_request_has_the_copy(address, tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path))
    request = DataRequest.of(address)
    assert content(request.data) == FILES
    assert request.data.is_relative_to(tmp_path)


def test_an_image_is_copied_without_its_neighbours(address, copied, tmp_path):
    image = copy_remote(f"{address}/train/apple/1.png", tmp_path)
    assert content(image.parent) == {"1.png": b"one"}
    assert copied == ["train/apple/1.png"]


def test_images_of_a_folder_share_an_entry_and_an_open_file(address, copied, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/drawings/train/apple/3.png", b"three")
    before = len(use._held)
    images = [copy_remote(f"{address}/train/apple/{name}.png", tmp_path) for name in (1, 3, 1)]
    assert content(images[0].parent) == {"1.png": b"one", "3.png": b"three"}
    assert sorted(copied) == ["train/apple/1.png", "train/apple/3.png"]
    (entry,) = cache_entries(tmp_path)
    assert entry.name == f"{address}/train/apple/ (single images)"
    assert len(use._held) == before + 1


def test_no_more_entries_than_open_files_allow_are_held(tmp_path, monkeypatch):
    monkeypatch.setattr(use, "_held", set())
    monkeypatch.setattr(use, "MOST_HELD", 2)
    for number in range(4):
        hold(tmp_path / str(number))
    assert len(use._held) == 2
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses to delete what is open instead")
def test_a_path_in_a_copy_holds_it_and_others_hold_nothing(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    _, folder = copied_by_another_process(cache)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(cache))
    hold_copy(tmp_path)
    assert not use._held & set(folder.parents[1].glob("*.used"))
    hold_copy(folder / "1.png")
    assert delete_unused(cache_entries(cache)) == []
    assert folder.is_dir()


def test_names_have_the_address_of_what_was_copied(address, tmp_path):
    folder, image = copy_remote(address, tmp_path), copy_remote(f"{address}/train/apple/1.png", tmp_path)
    assert names_at(address, folder, ["1.png", str(folder / "train" / "a b.png")]) == [
        "1.png",
        f"{address}/train/a b.png",
    ]
    assert names_at(f"{address}/train/apple/1.png", image, [str(image)]) == [f"{address}/train/apple/1.png"]


def copied_by_another_process(cache):
    """A copy whose process has ended."""
    source = cache.parent / "source"
    source.mkdir()
    (source / "1.png").write_bytes(b"one" * 1000)
    script = (
        "from pathlib import Path\nfrom sketchfit.data.remote import copy_remote\n"
        f"print(copy_remote('file://{source}', Path({str(cache)!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return f"file://{source}", Path(done.stdout.splitlines()[-1])


def test_copies_are_parts_of_the_cache_and_are_deleted_where_no_process_uses_them(tmp_path, cli):
    cache = tmp_path / "cache"
    address, folder = copied_by_another_process(cache)
    (entry,) = cache_entries(cache)
    assert (entry.kind, entry.name) == (REMOTE, address)
    assert 3000 <= entry.size < 4000
    assert time.time() - entry.used < 60
    assert address in cli("cache", "list", "--folder", cache)[1]
    assert cli("cache", "clear", "--folder", cache, "--kind", "stores")[0] == 0
    assert folder.is_dir()
    assert cli("cache", "clear", "--folder", cache, "--kind", "remote")[0] == 0
    assert not folder.exists()
    assert cache_entries(cache) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses to delete what is open instead")
def test_a_copy_that_a_process_uses_stays(tmp_path):
    cache = tmp_path / "cache"
    address, folder = copied_by_another_process(cache)
    assert copy_remote(address, cache) == folder
    assert delete_unused(cache_entries(cache)) == []
    assert (folder / "1.png").is_file()


def test_a_limit_of_the_cache_counts_copies(tmp_path, address, monkeypatch):
    cache = tmp_path / "cache"
    _, folder = copied_by_another_process(cache)
    monkeypatch.setenv("SKETCHFIT_CACHE_LIMIT", "3000")
    second = copy_remote(address, cache)
    assert not folder.exists()
    assert content(second) == FILES


def test_a_deleted_copy_is_made_again_and_named_as_one(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    address, folder = copied_by_another_process(cache)
    delete_unused(cache_entries(cache))
    monkeypatch.setenv("SKETCHFIT_CACHE", str(cache))
    assert "address" in advice_on_missing(folder, "other")
    assert advice_on_missing(tmp_path / "data", "other") == "other"
    assert copy_remote(address, cache) == folder
    assert (folder / "1.png").stat().st_size == 3000


def test_parts_of_killed_deletions_are_listed(tmp_path):
    half = tmp_path / REMOTE / f".{'ab' * 12}.1-00000000.part"
    half.mkdir(parents=True)
    (half / "1.png").write_bytes(b"one")
    assert [(one.kind, one.size) for one in cache_entries(tmp_path)] == [("unfinished", 3)]
    assert len(delete_unused(cache_entries(tmp_path))) == 1
    assert not half.exists()
