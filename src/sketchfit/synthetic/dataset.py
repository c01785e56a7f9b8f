"""A data set of synthetic drawings in the competition's layout, with the truth of its test images."""

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
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.synthetic.page import COPY_KINDS, Traits, draw_page, near_copy

MARK = "drawn.json"
"""Says that a folder was written by `draw_dataset`, and with what settings."""

_TABLES = ("train.csv", "test.csv", "sample_submission.csv", "test_labels.csv", "copies.csv", "traits.csv")
# A file browser leaves its own file in any folder that was looked at.
_OWN = {*_TABLES, MARK, "train", "test", ".DS_Store"}


@dataclass(frozen=True)
class DrawnDataset:
    """Where a drawn data set lies and how large it is."""

    out: Path
    """Its folder: what `sketchfit run` is given."""
    train: Path
    """`train.csv`: class_name, image_path (relative to `train/`), target."""
    test: Path
    """`test.csv`: image_path (relative to `test/`)."""
    sample_submission: Path
    """`sample_submission.csv`: ID, image_path, target (0 everywhere)."""
    test_labels: Path
    """`test_labels.csv`, the truth: ID, image_path, target, class_name."""
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
    """How many of both are near-copies."""


@dataclass(frozen=True)
class _Item:
    """One image to draw. `key` alone decides what it looks like, so larger sets contain the smaller ones' drawings."""

    image: str
    name: str
    target: int
    key: tuple[int, int]


def draw_dataset(
    out: Path, *, classes: int = 20, per_class: int = 30, test_per_class: int = 10, seed: int = 0, copies: float = 0.06
) -> DrawnDataset:
    """Draw a data set. The same arguments give the same bytes with the same versions of NumPy and OpenCV.

    Args:
        out: folder to write; it is replaced as a whole if this function wrote it before.
        classes: number of classes, 2 to `len(OBJECTS)`.
        per_class: training images a class, at least 1.
        test_per_class: test images a class, at least 1.
        seed: of all randomness, not negative.
        copies: share of all images that are near-copies of another image of their class, 0 to 0.5. The two may lie on
            different sides of the split into training and test.

    Raises:
        UserError: an argument is out of range, or `out` holds something that this function did not write.
    """
    out = Path(out)
    _check(out, classes, per_class, test_per_class, seed, copies)
    names = sorted(list(OBJECTS)[:classes])
    rng = _rng(seed, 2**64 - 1)
    train, test = _items(names, per_class, test_per_class, seed, rng)
    planted = _plant(train + test, copies, rng)
    settings = {
        "classes": classes,
        "per_class": per_class,
        "test_per_class": test_per_class,
        "seed": seed,
        "copies": copies,
    }
    with _replaced(out) as folder:
        traits = _draw(folder, train + test, planted, seed)
        shuffled = [train[i] for i in rng.permutation(len(train))]
        bare = [item.image.removeprefix("test/") for item in test]
        rows: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
            "train.csv": (
                ("class_name", "image_path", "target"),
                [(item.name, item.image.removeprefix("train/"), item.target) for item in shuffled],
            ),
            "test.csv": (("image_path",), [(path,) for path in bare]),
            "sample_submission.csv": (("ID", "image_path", "target"), [(i, path, 0) for i, path in enumerate(bare)]),
            "test_labels.csv": (
                ("ID", "image_path", "target", "class_name"),
                [(i, path, item.target, item.name) for i, (path, item) in enumerate(zip(bare, test, strict=True))],
            ),
            "copies.csv": (("image", "copy_of", "kind"), [(a, b.image, kind) for a, (b, kind) in planted.items()]),
            "traits.csv": (
                ("image", *(field.name for field in fields(Traits))),
                [(image, *asdict(page).values()) for image, page in traits],
            ),
        }
        for file, (header, lines) in rows.items():
            _write_csv(folder / file, header, lines)
        write_json(folder / MARK, {"written_by": "sketchfit draw", **settings})
    return DrawnDataset(
        out=out,
        train=out / "train.csv",
        test=out / "test.csv",
        sample_submission=out / "sample_submission.csv",
        test_labels=out / "test_labels.csv",
        copies=out / "copies.csv",
        traits=out / "traits.csv",
        classes=tuple(names),
        n_train=len(train),
        n_test=len(test),
        n_copies=len(planted),
    )


def _check(out: Path, classes: int, per_class: int, test_per_class: int, seed: int, copies: float) -> None:
    problems = []
    if not 2 <= classes <= len(OBJECTS):
        problems.append(f"classes is {classes}: between 2 and {len(OBJECTS)} can be drawn")
    if per_class < 1 or test_per_class < 1:
        problems.append(f"per-class is {per_class}, test-per-class {test_per_class}: each must be at least 1")
    if seed < 0:
        problems.append(f"seed is {seed}: it must not be negative")
    if not 0.0 <= copies <= 0.5:
        problems.append(f"copies is {copies}: it must be a share between 0 and 0.5")
    if problems:
        raise UserError(problems)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file", "Name a folder that does not exist yet.")
    present = {path.name for path in out.iterdir()} if out.exists() else set()
    foreign = sorted(present - _OWN)
    if foreign or (present and MARK not in present):
        what = f"holds {', '.join(foreign[:3])}" if foreign else f"holds files but no {MARK}"
        raise UserError(
            f"{out} {what}: it was not written by this command alone, and is left as it is",
            "Name a folder that does not exist yet, or empty this one.",
        )


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))


def _items(
    names: Sequence[str], per_class: int, test_per_class: int, seed: int, rng: np.random.Generator
) -> tuple[list[_Item], list[_Item]]:
    """Training items by class, and test items in the order of their numbers, which say nothing about the class."""
    order = {name: k for k, name in enumerate(OBJECTS)}
    train = [
        _Item(f"train/{name}/sketch_{k}.JPEG", name, target, (seed, order[name] << 32 | k))
        for target, name in enumerate(names)
        for k in range(per_class)
    ]
    pairs = [(target, name, k) for target, name in enumerate(names) for k in range(test_per_class)]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    test = [
        _Item(f"test/{number}.JPEG", name, target, (seed, order[name] << 32 | 1 << 31 | k))
        for number, (target, name, k) in enumerate(shuffled)
    ]
    return train, test


def _plant(items: Sequence[_Item], share: float, rng: np.random.Generator) -> dict[str, tuple[_Item, str]]:
    """Which images are near-copies: from the image to its original, never itself a copy, and the kind."""
    wanted = round(share * len(items))
    by_class: dict[str, list[_Item]] = {}
    for item in items:
        by_class.setdefault(item.name, []).append(item)
    candidates = []
    for group in by_class.values():
        order = rng.permutation(len(group))
        # Half of a class at least stays original, so that there is always something to copy.
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
) -> list[tuple[str, Traits]]:
    """Write every image; return the traits in the items' order. A copy has its own size and quality."""
    traits = []
    for item in items:
        source, kind = planted.get(item.image, (item, ""))
        page, told = draw_page(OBJECTS[item.name], _rng(*source.key))
        if kind:
            rng = _rng(seed, item.key[1] | 1 << 62)
            page = near_copy(page, kind, rng)
            told = Traits(**{
                **asdict(told), "height": page.shape[0], "width": page.shape[1], "quality": int(rng.integers(50, 96)),
                "line": round(told.line * max(page.shape[:2]) / max(told.height, told.width), 2),
            })  # fmt: skip
        path = folder / item.image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_jpeg(page, told.quality))
        traits.append((item.image, told))
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
    """Yield an empty folder beside `out`; on success it takes the place of `out`, on an error it is removed."""
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
