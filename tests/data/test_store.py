from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchfit.data import store as store_module
from sketchfit.data import store_names as store_names_module
from sketchfit.data import store_settings as settings_module
from sketchfit.data.digests import ContentDigests
from sketchfit.data.image_pass import Decoding
from sketchfit.data.images import decode
from sketchfit.data.resize import to_square
from sketchfit.data.store import Store, open_store
from sketchfit.data.store_names import store_names
from sketchfit.data.store_settings import StoreSettings
from sketchfit.errors import UserError
from sketchfit.runs.arrays import create_npy
from tests.data import malformed
from tests.data.malformed import SVG, damaged_images

SETTINGS = StoreSettings(size=24)


@pytest.fixture
def images(tmp_path: Path) -> tuple[Path, list[str]]:
    """Five grey drawings of different shapes."""
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    paths = [f"sub/{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        malformed.drawing(number, (20 + 7 * number, 30), colour=False).save(root / path)
    return root, paths


@pytest.fixture
def cache_folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def same_pixels(one: Store, other: Store) -> bool:
    return (
        np.array_equal(one.images, other.images)
        and np.array_equal(one.paper, other.paper)
        and one.errors == other.errors
    )


def test_rows_are_the_images_in_order(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    done: list[int] = []
    store = open_store(root, paths[::-1], SETTINGS, cache_folder, Decoding(3, done.append))
    assert store.built
    assert store.images.shape == (5, 24, 24, 1)
    assert store.images.dtype == store.paper.dtype == np.uint8
    assert not store.images.flags.writeable
    assert isinstance(store.images, np.memmap)
    for row, path in enumerate(paths[::-1]):
        square, paper = to_square(decode(root / path)[:, :, None], 24, "pad")
        np.testing.assert_array_equal(store.images[row], square)
        np.testing.assert_array_equal(store.paper[row], paper)
    assert done == [1, 2, 3, 4, 5]
    assert store.errors == ("",) * 5
    assert store.readable.all()


def test_it_is_built_once_and_found_by_content(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    first = open_store(root, paths, SETTINGS, cache_folder)
    again = open_store(root, paths, SETTINGS, cache_folder)
    assert (first.built, again.built) == (True, False)
    assert again.folder == first.folder
    elsewhere = root.parent / "elsewhere"
    shutil.copytree(root, elsewhere)
    (elsewhere / "sub").rename(elsewhere / "other")
    moved = open_store(elsewhere, [path.replace("sub", "other") for path in paths], SETTINGS, cache_folder)
    assert not moved.built  # names and places are not content
    assert same_pixels(first, moved)


def test_a_changed_file_order_or_setting_makes_another(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images

    def folder(wanted: Sequence[str] = paths, settings: StoreSettings = SETTINGS) -> Path:
        return open_store(root, wanted, settings, cache_folder).folder

    folders = {folder()}
    for other in (
        replace(SETTINGS, size=25),
        replace(SETTINGS, resize="ink"),
        replace(SETTINGS, channels=3),
        replace(SETTINGS, max_pixels=5000),
    ):
        folders.add(folder(settings=other))
    folders.add(folder(paths[::-1]))
    folders.add(folder(paths[:-1]))
    folders.add(folder([*paths, "sub/gone.png"]))
    stat = (root / paths[0]).stat()
    before = open_store(root, paths, SETTINGS, cache_folder)
    malformed.drawing(99, (20, 30), colour=False).save(root / paths[0])
    os.utime(root / paths[0], ns=(stat.st_atime_ns, stat.st_mtime_ns))  # content decides, not the clock
    after = open_store(root, paths, SETTINGS, cache_folder)
    assert len(folders | {after.folder}) == 9
    assert after.built
    assert not np.array_equal(before.images[0], after.images[0])
    np.testing.assert_array_equal(before.images[1:], after.images[1:])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(images: tuple[Path, list[str]], tmp_path: Path, threads: int) -> None:
    root, paths = images
    one = open_store(root, paths, SETTINGS, tmp_path / "one", Decoding(1))
    assert same_pixels(one, open_store(root, paths, SETTINGS, tmp_path / f"n{threads}", Decoding(threads)))


def test_one_channel_unless_a_drawing_has_colour(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    assert open_store(root, paths, SETTINGS, cache_folder).images.shape[3] == 1
    three = open_store(root, paths, replace(SETTINGS, channels=3), cache_folder)
    assert three.images.shape[3] == three.paper.shape[1] == 3
    Image.new("RGB", (30, 20), (200, 40, 40)).save(root / "red.png")
    mixed = open_store(root, [*paths, "red.png"], SETTINGS, cache_folder)
    assert mixed.images.shape == (6, 24, 24, 3)
    assert mixed.paper[5].tolist() == [200, 40, 40]
    grey = open_store(root, paths, SETTINGS, cache_folder)
    np.testing.assert_array_equal(mixed.images[:5], np.repeat(grey.images, 3, axis=3))
    np.testing.assert_array_equal(three.images, mixed.images[:5])
    forced = open_store(root, [*paths, "red.png"], replace(SETTINGS, channels=1), cache_folder)
    assert forced.images.shape[3] == 1
    assert 70 < forced.images[5].mean() < 110  # Rec. 601 luma of that red: 88


def test_unreadable_rows_keep_their_place(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    (root / "bad.png").write_bytes(b"no image")
    rows = [paths[0], "bad.png", "gone.png", "", "sub", paths[1]]
    store = open_store(root, rows, SETTINGS, cache_folder)
    assert store.readable.tolist() == [True, False, False, False, False, True]
    assert all(store.errors[row] for row in (1, 2, 3, 4))
    assert not any(str(root) in error for error in store.errors)  # a store is shared by copies of the data
    assert (store.images[1:5] == 255).all()
    assert (store.paper[1:5] == 255).all()
    assert not open_store(root, rows, SETTINGS, cache_folder).built
    malformed.drawing(4, colour=False).save(root / "gone.png")
    assert open_store(root, rows, SETTINGS, cache_folder).readable.tolist() == [True, False, True, False, False, True]


def test_max_pixels_is_a_limit(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    store = open_store(root, paths, replace(SETTINGS, max_pixels=30 * 34), cache_folder)
    assert store.readable.tolist() == [True, True, True, False, False]


def test_no_rows(cache_folder: Path, tmp_path: Path) -> None:
    store = open_store(tmp_path, [], SETTINGS, cache_folder)
    assert store.images.shape == (0, 24, 24, 1)
    assert store.errors == ()


def test_an_error_while_building_leaves_nothing(
    images: tuple[Path, list[str]], cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths = images
    real = settings_module.to_square

    def fails(*args: object) -> object:
        raise MemoryError("full")

    monkeypatch.setattr(settings_module, "to_square", fails)
    with pytest.raises(MemoryError):
        open_store(root, paths, SETTINGS, cache_folder)
    left = [path.name for path in cache_folder.iterdir() if path.suffix != ".lock"]
    assert left == ["CACHEDIR.TAG"]
    monkeypatch.setattr(settings_module, "to_square", real)
    assert open_store(root, paths, SETTINGS, cache_folder).built


def test_remains_of_a_killed_build_are_not_trusted(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    whole = open_store(root, paths, SETTINGS, cache_folder)
    kept = np.array(whole.images)
    folder = whole.folder
    # What a kill in the middle leaves: a part folder, and (on file systems without atomic renames) half a store.
    part = folder.with_name(f".{folder.name}.12345.part")
    shutil.copytree(folder, part)
    (folder / "store.json").unlink()
    (folder / "images.npy").write_bytes(b"\x93NUMPY half")
    again = open_store(root, paths, SETTINGS, cache_folder)
    assert again.built
    np.testing.assert_array_equal(again.images, kept)
    assert not part.exists()


def _slow_build(root: Path, paths: list[str], cache: Path, started: Event) -> None:
    real = settings_module.to_square

    def slow(*args: object) -> object:
        started.set()
        time.sleep(0.2)
        return real(*args)  # type: ignore[arg-type]

    settings_module.to_square = slow  # type: ignore[assignment]
    open_store(root, paths, SETTINGS, cache, Decoding(1))


def test_a_killed_builder_holds_up_nobody(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    context = multiprocessing.get_context("fork")
    started = context.Event()
    process = context.Process(target=_slow_build, args=(root, paths, cache_folder, started))
    process.start()
    assert started.wait(20)
    time.sleep(0.3)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert list(cache_folder.glob(".store-*.part"))  # it was in the middle
    store = open_store(root, paths, SETTINGS, cache_folder)
    assert store.built
    assert store.readable.all()
    assert not list(cache_folder.glob(".store-*.part"))


def _open(root: Path, paths: list[str], cache: Path, go: Event, results: multiprocessing.Queue[object]) -> None:
    go.wait(20)
    store = open_store(root, paths, SETTINGS, cache, Decoding(1))
    results.put((store.built, int(np.asarray(store.images, dtype=np.int64).sum())))


def test_two_processes_at_once_build_one(images: tuple[Path, list[str]], cache_folder: Path) -> None:
    root, paths = images
    context = multiprocessing.get_context("fork")
    go, results = context.Event(), context.Queue()
    workers = [context.Process(target=_open, args=(root, paths, cache_folder, go, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    go.set()
    found = [results.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join(20)
        assert worker.exitcode == 0
    assert sorted(built for built, _ in found) == [False, False, True]
    assert len({total for _, total in found}) == 1


def test_a_cache_that_cannot_be_written_is_said(images: tuple[Path, list[str]], tmp_path: Path) -> None:
    root, paths = images
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written") as caught:
        open_store(root, paths, SETTINGS, tmp_path / "file" / "cache")
    assert "SKETCHFIT_CACHE" in caught.value.hint


def test_a_decoder_that_is_installed_later_is_used(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    (tmp_path / "1.svg").write_text(SVG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sketchfit.data.decoders.formats.find_spec", lambda name: None)
        without = open_store(tmp_path, ["1.svg"], StoreSettings(16), tmp_path / "cache")
    assert "pip install" in without.errors[0]
    store = open_store(tmp_path, ["1.svg"], StoreSettings(16), tmp_path / "cache")
    assert store.errors == ("",)
    assert store.images.min() < 128


def test_damage_is_kept_with_the_store(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(damaged_images()["jpeg_truncated"])
    (tmp_path / "2.jpg").write_bytes(damaged_images()["png_checksum"])
    for _ in range(2):  # built, then read
        store = open_store(tmp_path, ["1.jpg", "2.jpg", "3.jpg"], StoreSettings(16), tmp_path / "cache")
        assert [bool(text) for text in store.damage] == [True, True, False]
        assert [bool(text) for text in store.errors] == [False, False, True]


def test_only_the_arrays_that_are_needed_take_space(
    images: tuple[Path, list[str]], cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths = images
    made: list[tuple[int, ...]] = []

    def create(path: Path, shape: tuple[int, ...], dtype: type) -> np.memmap:
        made.append(shape)
        return create_npy(path, shape, dtype)

    monkeypatch.setattr("sketchfit.data.store_pixels.create_npy", create)
    open_store(root, paths, SETTINGS, cache_folder)
    assert made == [(5, 24, 24, 1)]
    open_store(root, paths, replace(SETTINGS, channels=3), cache_folder)
    assert made[1:] == [(5, 24, 24, 3)]
    malformed.drawing(7, (30, 30), colour=True).save(root / "sub" / "coloured.png")
    mixed = open_store(root, [*paths, "sub/coloured.png", "sub/none.png"], SETTINGS, cache_folder, Decoding(1))
    assert made[2:] == [(7, 24, 24, 1), (7, 24, 24, 3)]
    np.testing.assert_array_equal(
        mixed.images[0, :, :, 1], open_store(root, paths, SETTINGS, cache_folder).images[0, :, :, 0]
    )
    assert mixed.images[6].min() == 255


def test_a_complete_store_needs_no_write(
    images: tuple[Path, list[str]], cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths = images
    open_store(root, paths, SETTINGS, cache_folder)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(store_module, "FileLock", refuse)
    assert not open_store(root, paths, SETTINGS, cache_folder).built
    with pytest.raises(OSError, match="Read-only"):
        open_store(root, paths[:2], SETTINGS, cache_folder)


def test_decoders_count_where_their_formats_occur(
    images: tuple[Path, list[str]], cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths = images
    (root / "a.svg").write_text(SVG)

    def opened(decoders: tuple[str, ...], files: list[str]) -> Store:
        monkeypatch.setattr(store_names_module, "installed_decoders", lambda: decoders)
        return open_store(root, files, SETTINGS, cache_folder)

    without = opened((), paths)
    assert opened(("HEIC", "SVG"), paths).folder == without.folder
    assert set(without.names) <= set(opened(("HEIC", "JPEG XL", "SVG"), paths).names)
    mixed = opened((), [*paths, "a.svg"])
    assert opened(("SVG",), [*paths, "a.svg"]).folder != mixed.folder


def test_a_large_image_has_another_name(
    images: tuple[Path, list[str]], cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions stored it at another number of pixels before it was resized."""
    root, paths = images
    content = [ContentDigests.of((root / path).read_bytes()) for path in paths]
    enlarged = [replace(content[0], is_large=True), *content[1:]]
    names, others = (store_names(one, SETTINGS.__dict__) for one in (content, enlarged))
    assert not set(names) & set(others)
    assert len(others) == 1
