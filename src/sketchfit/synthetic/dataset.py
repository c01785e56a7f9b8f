"""Draw a synthetic data set in the competition's layout, with the labels of its test images."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.files import write_json
from sketchfit.output_folder import output_folder
from sketchfit.synthetic.drawn_page import COPY_KINDS, PageTraits, draw_page, near_copy
from sketchfit.synthetic.earlier import DIGESTS, MARK, TABLES, digests, is_drawn
from sketchfit.synthetic.items import Item, family_items, independent_items
from sketchfit.synthetic.model import draw_again, draw_model
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.synthetic.settings import NAMES, SPLITS, DrawSettings


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
    families: Path | None
    """`families.csv`, the family of each image: image (relative to `out`), family (number); None without families."""


def draw_dataset(
    out: Path, *, classes: int = 20, per_class: int = 30, test_per_class: int = 10, seed: int = 0, copies: float = 0.06
) -> DrawnDataset:
    """Draw a data set without families: `draw` with these settings.

    Args:
        out: folder to write, as for `draw`.
        classes: see `DrawSettings`, as for the others.
        per_class: training images per class.
        test_per_class: test images per class.
        seed: of all randomness.
        copies: share of near-copies.

    Raises:
        UserError: as `draw`.
    """
    return draw(out, DrawSettings(classes, per_class, test_per_class, seed, copies))


def draw(out: Path, settings: DrawSettings, *, fresh: bool = False) -> DrawnDataset:
    """Draw a data set. The same settings give the same bytes with the same versions of NumPy and OpenCV.

    Where the folder has this set already, unchanged, nothing is written.

    Args:
        out: folder to write.
        settings: numbers of images, seed, copies, families.
        fresh: also replace a set of other settings, or one that was changed since it was drawn.

    Raises:
        UserError: a setting is out of range, or `out` contains something else.
    """
    out = Path(out)
    settings.check()
    recorded = _recorded(settings)
    present = is_drawn(out, recorded, fresh=fresh)
    names = sorted(list(OBJECTS)[: settings.classes])
    rng = _rng(settings.seed, 2**64 - 1)
    train, test = (family_items if settings.families else independent_items)(names, settings, rng)
    planted = _plant(train + test, settings.copies, rng)
    if not present:
        with output_folder(out) as folder:
            traits = _draw(folder, train + test, planted, settings.seed)
            _write_tables(folder, [train[i] for i in rng.permutation(len(train))], test)
            _write_facts(folder, planted, traits)
            if settings.families:
                lines = [(item.image, item.family) for item in train + test]
                _write_csv(folder / "families.csv", ("image", "family"), lines)
            write_json(folder / MARK, {"written_by": "sketchfit draw", **recorded, DIGESTS: digests(folder)})
    files = {name: out / f"{name}.csv" for name in TABLES}
    families = out / "families.csv" if settings.families else None
    return DrawnDataset(
        out, **files, classes=tuple(names), n_train=len(train), n_test=len(test), n_copies=len(planted),
        families=families,
    )  # fmt: skip


def _recorded(settings: DrawSettings) -> dict[str, object]:
    """Return the settings for `drawn.json`; those of families only with families."""
    values = asdict(settings)
    relations = {"families", "split", "names"}
    if not settings.families:
        return {name: value for name, value in values.items() if name not in relations}
    return {**values, "split": settings.split or SPLITS[0], "names": settings.names or NAMES[0]}


def _write_tables(folder: Path, train: Sequence[Item], test: Sequence[Item]) -> None:
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


def _write_facts(folder: Path, planted: dict[str, tuple[Item, str]], traits: Sequence[tuple[str, PageTraits]]) -> None:
    copies = [(image, original.image, kind) for image, (original, kind) in planted.items()]
    _write_csv(folder / "copies.csv", ("image", "copy_of", "kind"), copies)
    columns = ("image", *(field.name for field in fields(PageTraits)))
    _write_csv(folder / "traits.csv", columns, [(image, *asdict(page).values()) for image, page in traits])


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))


def _plant(items: Sequence[Item], share: float, rng: np.random.Generator) -> dict[str, tuple[Item, str]]:
    """Choose the near-copies: image to its original, which is never itself a copy, and the kind of the copy."""
    wanted = round(share * len(items))
    alike: dict[tuple[str, int | None], list[Item]] = {}
    for item in items:
        alike.setdefault((item.name, item.family), []).append(item)
    candidates = []
    for group in alike.values():
        order = rng.permutation(len(group))
        # At least half of a class or family stays original, so that there is always an image to copy.
        candidates += [group[i] for i in order[: len(group) // 2]]
    chosen = [candidates[i] for i in rng.permutation(len(candidates))[:wanted]]
    taken = {item.image for item in chosen}
    planted = {}
    for n, item in enumerate(chosen):
        originals = [other for other in alike[item.name, item.family] if other.image not in taken]
        planted[item.image] = (originals[int(rng.integers(len(originals)))], COPY_KINDS[n % len(COPY_KINDS)])
    return planted


def _draw(
    folder: Path, items: Sequence[Item], planted: dict[str, tuple[Item, str]], seed: int
) -> list[tuple[str, PageTraits]]:
    """Write all images; return their traits in the same order. A copy has its own size and quality."""
    traits = []
    for item in items:
        source, kind = planted.get(item.image, (item, ""))
        page, facts = _page(source)
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


def _page(item: Item) -> tuple[NDArray[np.uint8], PageTraits]:
    drawer = OBJECTS[item.name]
    if item.model is None:
        return draw_page(drawer, _rng(*item.key))
    return draw_again(draw_model(drawer, _rng(*item.model)), _rng(*item.key))


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
