"""Related drawings: near each other, no copies, and a plain split that overestimates."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sketchfit.duplicates.groups import find
from sketchfit.files import read_json
from sketchfit.synthetic import DrawnDataset, DrawSettings, draw
from sketchfit.synthetic.model import draw_again, draw_model
from sketchfit.synthetic.objects import OBJECTS

SETTINGS = DrawSettings(classes=16, per_class=20, test_per_class=8, families=5, copies=0.0)


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> DrawnDataset:
    return draw(tmp_path_factory.mktemp("related") / "set", SETTINGS)


def _pages(drawn: DrawnDataset) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64], NDArray[np.int64]]:
    """Return training pages, their targets and their families."""
    assert drawn.families is not None
    family = pd.read_csv(drawn.families).set_index("image")["family"]
    rows = pd.read_csv(drawn.train)
    images = "train/" + rows["image_path"]
    pages = [cv2.imread(str(drawn.out / image), cv2.IMREAD_GRAYSCALE) for image in images]
    return pages, rows["target"].to_numpy(), family[images].to_numpy()  # type: ignore[return-value]


def _described(page: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return eight edge orientations on 6 × 6 cells of the ink's box, of length 1."""
    paper = np.median(np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]]))
    ink = abs(page.astype(np.float32) - paper)
    y, x = np.nonzero(ink > 60)
    small = cv2.resize(ink[y.min() : y.max() + 1, x.min() : x.max() + 1], (96, 96), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 1.5)
    gx, gy = cv2.Sobel(small, cv2.CV_64F, 1, 0), cv2.Sobel(small, cv2.CV_64F, 0, 1)
    bins = (np.arctan2(gy, gx) % np.pi / np.pi * 8).astype(int) % 8
    cells = [cv2.resize(np.hypot(gx, gy) * (bins == k), (6, 6), interpolation=cv2.INTER_AREA) for k in range(8)]
    root = np.sqrt(np.stack(cells).ravel())
    return np.asarray(root / np.linalg.norm(root))


def test_related_drawings_are_the_nearest_and_hide_how_hard_new_families_are(related: DrawnDataset) -> None:
    pages, target, family = _pages(related)
    described = np.stack([_described(page) for page in pages])
    like = described @ described.T
    np.fill_diagonal(like, -1.0)
    in_class = np.where(target[:, None] == target, like, -1.0).argmax(axis=1)
    # By chance, 3 of the 19 other drawings of the class are of the same family.
    assert (family[in_class] == family).mean() > 0.7
    plain = (target[like.argmax(axis=1)] == target).mean()
    grouped = (target[np.where(family[:, None] == family, -1.0, like).argmax(axis=1)] == target).mean()
    assert plain < 0.99
    assert plain - grouped > 0.3
    assert grouped > 2 / SETTINGS.classes


def test_related_drawings_are_no_near_duplicates(related: DrawnDataset) -> None:
    pages, _, family = _pages(related)
    found = find(pages, workers=1)
    pairs = SETTINGS.classes * SETTINGS.families * 4 * 3 / 2
    same = family[found.pairs[:, 0]] == family[found.pairs[:, 1]]
    assert same.sum() <= 0.02 * pairs
    assert (~same).sum() <= 2


@pytest.mark.parametrize("name", list(OBJECTS)[::5])
def test_a_model_is_drawn_in_one_shape_by_different_hands(name: str) -> None:
    model = draw_model(OBJECTS[name], _rng(1, 0))
    points = np.vstack([*model.strokes, *model.surroundings])
    low, high = points.min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(1.0)
    np.testing.assert_allclose(low + high, 0.0, atol=1e-9)
    first, again, other = (draw_again(model, _rng(1, key)) for key in (1, 1, 2))
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1] == again[1]
    assert first[0].shape != other[0].shape or (first[0] != other[0]).any()
    assert all(np.ptp(page) > 100 for page, _ in (first, other))


def test_files_of_a_set_with_families(tmp_path: Path) -> None:
    settings = DrawSettings(classes=3, per_class=6, test_per_class=3, families=2, copies=0.3, split="random")
    drawn = draw(tmp_path / "set", settings)
    assert drawn.families is not None
    families = pd.read_csv(drawn.families).set_index("image")["family"]
    images = {"train/" + path for path in pd.read_csv(drawn.train)["image_path"]}
    images |= {"test/" + path for path in pd.read_csv(drawn.test)["image_path"]}
    assert set(families.index) == images == {str(path.relative_to(drawn.out)) for path in drawn.out.rglob("*.JPEG")}
    copies = pd.read_csv(drawn.copies)
    assert len(copies) == drawn.n_copies == round(0.3 * 27)
    # A copy is of the same family, so that a split by family has no copies on both sides.
    assert (families[copies["image"]].to_numpy() == families[copies["copy_of"]].to_numpy()).all()
    recorded = read_json(drawn.out / "drawn.json")
    assert (recorded["families"], recorded["split"], recorded["names"]) == (2, "random", "family")
    # Without families nothing of them is left in the folder.
    alone = draw(drawn.out, DrawSettings(classes=2, per_class=2, test_per_class=1), fresh=True)
    assert alone.families is None
    assert not (alone.out / "families.csv").exists()
    assert set(read_json(alone.out / "drawn.json")) == {
        "written_by", "classes", "per_class", "test_per_class", "seed", "copies", "digests",
    }  # fmt: skip


def test_families_of_one_drawing_have_no_copies(tmp_path: Path) -> None:
    drawn = draw(tmp_path / "set", DrawSettings(classes=2, per_class=2, test_per_class=1, families=2, copies=0.5))
    assert drawn.n_copies == 0
