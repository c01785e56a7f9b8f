"""Draw a synthetic data set in the competition's layout, with the labels of its test images."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.files import write_json
from sketchfit.synthetic.drawn_page import COPY_KINDS, PageTraits, draw_page, near_copy
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.wording import listed

MARK = "drawn.json"
"""Marks a folder that was written by `draw_dataset`; contains the settings."""

_TABLES = ("train", "test", "sample_submission", "test_labels", "copies", "traits")
# macOS adds .DS_Store to any folder that was opened.
_OWN = {*(f"{name}.csv" for name in _TABLES), MARK, "train", "test", ".DS_Store"}


@dataclass(frozen=True)
class DrawnDataset:
    """Files and size of a drawn data set."""

    out: Path
    """The folder, for `sketchfit run`."""
    train: Path
    """`train.csv`: class_name, image_path (relative to `train/`), target."""
    test: Path
    """`test.csv`: image_path (relative to `test/`)."""
    sample_submission: Path
    """`sample_submission.csv`: ID, image_path, target (0 everywhere)."""
    test_labels: Path
    """`test_labels.csv`, the labels of the test images: ID, image_path, target, class_name."""
    copies: Path
    """`copies.csv`, the planted near-copies: image, copy_of (relative to `out`), kind."""
    traits: Path
    """`traits.csv`: image (relative to `out`) and the page's traits."""
    classes: tuple[str, ...]
    """Class names in the order of their targets."""
    n_train: int
    """Training images."""
    n_test: int
    """Test images."""
    n_copies: int
    """Near-copies among both."""


@dataclass(frozen=True)
class _Item:
    """One image to draw. Only `key` decides the drawing, so a larger set contains the drawings of a smaller one."""

    image: str
    name: str
    target: int
    key: tuple[int, int]


@dataclass(frozen=True)
class _Settings:
    classes: int
    per_class: int
    test_per_class: int
    seed: int
    copies: float


def draw_dataset(
    out: Path, *, classes: int = 20, per_class: int = 30, test_per_class: int = 10, seed: int = 0, copies: float = 0.06
) -> DrawnDataset:
    """Draw a data set. The same arguments give the same bytes with the same versions of NumPy and OpenCV.

    Args:
        out: folder to write; it is replaced completely if this function wrote it before.
        classes: number of classes, 2 to `len(OBJECTS)`.
        per_class: training images per class, at least 1.
        test_per_class: test images per class, at least 1.
        seed: of all randomness, not negative.
        copies: share of all images that are near-copies of another image of their class, 0 to 0.5. One of the two may
            be a training image and the other a test image.

    Raises:
        UserError: an argument is out of range, or `out` contains something that this function did not write.
    """
    out = Path(out)
    settings = _Settings(classes, per_class, test_per_class, seed, copies)
    _check(settings)
    _check_folder(out)
    names = sorted(list(OBJECTS)[:classes])
    rng = _rng(seed, 2**64 - 1)
    train, test = _items(names, settings, rng)
    planted = _plant(train + test, copies, rng)
    with _replaced(out) as folder:
        traits = _draw(folder, train + test, planted, seed)
        _write_tables(folder, [train[i] for i in rng.permutation(len(train))], test)
        _write_facts(folder, planted, traits)
        write_json(folder / MARK, {"written_by": "sketchfit draw", **asdict(settings)})
    files = {name: out / f"{name}.csv" for name in _TABLES}
    return DrawnDataset(out, **files, classes=tuple(names), n_train=len(train), n_test=len(test), n_copies=len(planted))


def _check(settings: _Settings) -> None:
    problems = []
    if not 2 <= settings.classes <= len(OBJECTS):
        problems.append(f"classes is {settings.classes}: it must be 2 to {len(OBJECTS)}")
    for name, value in (("per-class", settings.per_class), ("test-per-class", settings.test_per_class)):
        if value < 1:
            problems.append(f"{name} is {value}: it must be at least 1")
    if settings.seed < 0:
        problems.append(f"seed is {settings.seed}: it must not be negative")
    if not 0.0 <= settings.copies <= 0.5:
        problems.append(f"copies is {settings.copies}: it must be a share between 0 and 0.5")
    if problems:
        raise UserError(problems)


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file", "Name a folder that does not exist yet.")
    present = {path.name for path in out.iterdir()} if out.exists() else set()
    foreign = sorted(present - _OWN)
    if foreign or (present and MARK not in present):
        what = listed(foreign, 3) if foreign else f"files but no {MARK}"
        raise UserError(
            f"{out} contains {what}: this command did not write all of it, and leaves it unchanged",
            "Name a folder that does not exist yet, or empty this one.",
        )


def _write_tables(folder: Path, train: Sequence[_Item], test: Sequence[_Item]) -> None:
    paths = [item.image.removeprefix("test/") for item in test]
    rows: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "train.csv": (
            ("class_name", "image_path", "target"),
            [(item.name, item.image.removeprefix("train/"), item.target) for item in train],
        ),
        "test.csv": (("image_path",), [(path,) for path in paths]),
        "sample_submission.csv": (("ID", "image_path", "target"), [(i, path, 0) for i, path in enumerate(paths)]),
        "test_labels.csv": (
            ("ID", "image_path", "target", "class_name"),
            [(i, path, item.target, item.name) for i, (path, item) in enumerate(zip(paths, test, strict=True))],
        ),
    }
    for file, (header, lines) in rows.items():
        _write_csv(folder / file, header, lines)


def _write_facts(folder: Path, planted: dict[str, tuple[_Item, str]], traits: Sequence[tuple[str, PageTraits]]) -> None:
    copies = [(image, original.image, kind) for image, (original, kind) in planted.items()]
    _write_csv(folder / "copies.csv", ("image", "copy_of", "kind"), copies)
    columns = ("image", *(field.name for field in fields(PageTraits)))
    _write_csv(folder / "traits.csv", columns, [(image, *asdict(page).values()) for image, page in traits])


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))


def _items(names: Sequence[str], settings: _Settings, rng: np.random.Generator) -> tuple[list[_Item], list[_Item]]:
    """Return training items by class, and test items in the order of their numbers, which are random."""
    seed = settings.seed
    order = {name: k for k, name in enumerate(OBJECTS)}
    train = [
        _Item(f"train/{name}/sketch_{k}.JPEG", name, target, (seed, order[name] << 32 | k))
        for target, name in enumerate(names)
        for k in range(settings.per_class)
    ]
    pairs = [(target, name, k) for target, name in enumerate(names) for k in range(settings.test_per_class)]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    test = [
        _Item(f"test/{number}.JPEG", name, target, (seed, order[name] << 32 | 1 << 31 | k))
        for number, (target, name, k) in enumerate(shuffled)
    ]
    return train, test


def _plant(items: Sequence[_Item], share: float, rng: np.random.Generator) -> dict[str, tuple[_Item, str]]:
    """Choose the near-copies: image to its original, which is never itself a copy, and the kind of the copy."""
    wanted = round(share * len(items))
    by_class: dict[str, list[_Item]] = {}
    for item in items:
        by_class.setdefault(item.name, []).append(item)
    candidates = []
    for group in by_class.values():
        order = rng.permutation(len(group))
        # At least half of a class stays original, so that there is always an image to copy.
        candidates += [group[i] for i in order[: len(group) // 2]]
    chosen = [candidates[i] for i in rng.permutation(len(candidates))[:wanted]]
    taken = {item.image for item in chosen}
    planted = {}
    for n, item in enumerate(chosen):
        originals = [other for other in by_class[item.name] if other.image not in taken]
        planted[item.image] = (originals[int(rng.integers(len(originals)))], COPY_KINDS[n % len(COPY_KINDS)])
    return planted


def _draw(
    folder: Path, items: Sequence[_Item], planted: dict[str, tuple[_Item, str]], seed: int
) -> list[tuple[str, PageTraits]]:
    """Write all images; return their traits in the same order. A copy has its own size and quality."""
    traits = []
    for item in items:
        source, kind = planted.get(item.image, (item, ""))
        page, facts = draw_page(OBJECTS[item.name], _rng(*source.key))
        if kind:
            rng = _rng(seed, item.key[1] | 1 << 62)
            page = near_copy(page, kind, rng)
            facts = PageTraits(**{
                **asdict(facts), "height": page.shape[0], "width": page.shape[1], "quality": int(rng.integers(50, 96)),
                "line": round(facts.line * max(page.shape[:2]) / max(facts.height, facts.width), 2),
            })  # fmt: skip
        path = folder / item.image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_jpeg(page, facts.quality))
        traits.append((item.image, facts))
    return traits


def _jpeg(page: NDArray[np.uint8], quality: int) -> bytes:
    pixels = page if page.ndim == 2 else np.ascontiguousarray(page[..., ::-1])
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return data.tobytes()


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


@contextmanager
def _replaced(out: Path) -> Iterator[Path]:
    """Yield an empty folder next to `out`; on success it replaces `out`, on an error it is removed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    new, old = (out.with_name(f".{out.name}.{os.getpid()}.{end}") for end in ("part", "old"))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        if out.exists():
            out.rename(old)
        new.rename(out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
