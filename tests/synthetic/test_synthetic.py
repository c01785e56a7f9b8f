"""Synthetic data sets: same bytes from the same seed, the competition's layout, labels, traits and copies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sketchfit.errors import UserError
from sketchfit.synthetic import DrawnDataset, DrawSettings, draw, draw_dataset
from sketchfit.synthetic.drawn_page import COPY_KINDS, SIDES, draw_page
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.synthetic.pen import Hand, hatch, wobble
from sketchfit.synthetic.shapes import Dice, arc, box, curve, line, mirror, turn

CLASSES, PER_CLASS, PER_TEST = 20, 30, 10


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnDataset:
    return draw_dataset(
        tmp_path_factory.mktemp("drawn") / "set", classes=CLASSES, per_class=PER_CLASS, test_per_class=PER_TEST
    )


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert image is not None, path
    return np.asarray(image, dtype=np.uint8)


def test_same_seed_same_bytes_whatever_the_threads(tmp_path: Path, threads: None) -> None:
    few = {"classes": 5, "per_class": 4, "test_per_class": 2, "copies": 0.3}
    cv2.setNumThreads(1)
    draw_dataset(tmp_path / "a", **few)  # type: ignore[arg-type]
    cv2.setNumThreads(4)
    draw_dataset(tmp_path / "b", **few)  # type: ignore[arg-type]
    draw_dataset(tmp_path / "c", seed=1, **few)  # type: ignore[arg-type]
    a, b, c = (_hashes(tmp_path / name) for name in "abc")
    assert a == b
    assert len(a) == 5 * 6 + 7
    images = [name for name in a if name.endswith(".JPEG")]
    assert all(a[name] != c[name] for name in images)


def test_a_larger_set_contains_the_smaller_ones_drawings(tmp_path: Path) -> None:
    draw_dataset(tmp_path / "small", classes=2, per_class=2, test_per_class=1, copies=0)
    draw_dataset(tmp_path / "large", classes=3, per_class=3, test_per_class=2, copies=0)
    small, large = (_hashes(tmp_path / name / "train") for name in ("small", "large"))
    assert small.items() <= large.items()


def test_layout_is_the_competitions(drawn: DrawnDataset) -> None:
    top = {path.name for path in drawn.out.iterdir()}
    truth = {"test_labels.csv", "copies.csv", "traits.csv", "drawn.json"}
    assert top == {"train.csv", "test.csv", "sample_submission.csv", "train", "test"} | truth
    train, test, sample = (pd.read_csv(path) for path in (drawn.train, drawn.test, drawn.sample_submission))
    assert list(train) == ["class_name", "image_path", "target"]
    assert list(test) == ["image_path"]
    assert list(sample) == ["ID", "image_path", "target"]
    assert (len(train), len(test)) == (drawn.n_train, drawn.n_test) == (CLASSES * PER_CLASS, CLASSES * PER_TEST)
    assert sample["ID"].tolist() == list(range(len(test)))
    assert sample["image_path"].tolist() == test["image_path"].tolist() == [f"{k}.JPEG" for k in range(len(test))]
    assert set(sample["target"]) == {0}
    on_disk = {path.relative_to(drawn.out / "train").as_posix() for path in (drawn.out / "train").rglob("*.JPEG")}
    assert on_disk == set(train["image_path"])
    assert {path.name for path in (drawn.out / "test").iterdir()} == set(test["image_path"])
    # Shuffled: neighbours share a class about as seldom as chance has it.
    assert (train["target"].to_numpy()[1:] == train["target"].to_numpy()[:-1]).mean() < 0.15


def test_labels_agree_everywhere(drawn: DrawnDataset) -> None:
    train, truth = pd.read_csv(drawn.train), pd.read_csv(drawn.test_labels)
    assert drawn.classes == tuple(sorted(drawn.classes))
    assert set(drawn.classes) == set(list(OBJECTS)[:CLASSES])
    for table, each in ((train, PER_CLASS), (truth, PER_TEST)):
        assert [drawn.classes[target] for target in table["target"]] == table["class_name"].tolist()
        assert table["target"].value_counts().to_dict() == dict.fromkeys(range(CLASSES), each)
    assert (train["image_path"].str.split("/").str[0] == train["class_name"]).all()
    # The number of a test image says nothing about its class.
    assert abs(np.corrcoef(truth["ID"], truth["target"])[0, 1]) < 0.25


def test_shares_of_traits() -> None:
    n = 2000
    # Of many pages only the traits matter: a drawer of one short line makes them cheap.
    traits = pd.DataFrame([vars(draw_page(lambda _: [line((0, 0), (1, 0.5))], _rng(7, k))[1]) for k in range(n)])
    shares = {
        "colour": (traits["colour"].sum(), 0.10),
        "paper": ((traits["paper"] != "white").sum(), 0.15),
        "inverted": (traits["inverted"].sum(), 0.03),
        "objects": ((traits["objects"] == 2).sum(), 0.04),
    }
    for name, (count, share) in shares.items():
        low, high = binom.interval(0.9999, n, share)
        assert low <= count <= high, (name, count / n)
    sides = traits[["width", "height"]]
    assert sides.min().min() == SIDES[0]
    assert 450 < sides.max().max() <= SIDES[1]
    assert traits["line"].between(1, 8).all()
    assert traits["line"].max() - traits["line"].min() > 6
    assert (traits["quality"].min(), traits["quality"].max()) == (50, 95)
    assert len(OBJECTS) >= 40


def test_written_traits_match_the_pixels(drawn: DrawnDataset) -> None:
    traits = pd.read_csv(drawn.traits)
    assert len(traits) == drawn.n_train + drawn.n_test
    assert traits["image"].is_unique
    for row in traits[::4].itertuples():
        image = _read(drawn.out / str(row.image))
        assert image.shape == (row.height, row.width, 3)
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        paper = np.median(border.astype(int), axis=0)
        assert (paper.mean() < 100) == row.inverted, row.image
        assert (np.ptp(paper) > 8) == (row.paper == "cream"), row.image
        if row.paper == "white":
            assert abs(paper - (0 if row.inverted else 255)).max() <= 2, row.image
            spread = np.ptp(image.astype(int), axis=2)
            assert ((spread > 60).mean() > 0.002) == row.colour, row.image
        # All pages carry visible ink.
        assert (abs(image.astype(int) - paper).max(axis=2) > 60).mean() > 0.004, row.image


def _ink(image: NDArray[np.uint8], size: int = 96) -> NDArray[np.float64]:
    """Distance from the paper's colour, resized and smoothed."""
    paper = np.median(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]), axis=0)
    distance = abs(image - paper).max(axis=2).astype(np.float32)
    small = cv2.resize(distance, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), dtype=np.float64)


def _undone(image: NDArray[np.uint8], kind: str) -> NDArray[np.uint8]:
    if kind == "flip":
        return np.asarray(image[:, ::-1])
    return np.asarray(np.rot90(image, -int(kind.removeprefix("turn")) // 90)) if kind.startswith("turn") else image


def test_copies_are_copies_once_their_change_is_undone(drawn: DrawnDataset) -> None:
    copies = pd.read_csv(drawn.copies)
    assert len(copies) == drawn.n_copies == round(0.06 * (drawn.n_train + drawn.n_test))
    assert set(copies["kind"]) == set(COPY_KINDS)
    assert copies["image"].is_unique
    assert not set(copies["image"]) & set(copies["copy_of"])
    truth = pd.read_csv(drawn.test_labels).set_index("image_path")["class_name"]
    traits = pd.read_csv(drawn.traits).set_index("image")

    def name(image: str) -> str:
        return image.split("/")[1] if image.startswith("train/") else str(truth[image.removeprefix("test/")])

    others = []
    for image, source, kind in copies.itertuples(index=False):
        assert name(image) == name(source)
        copy, original = _read(drawn.out / image), _read(drawn.out / source)
        assert (_undone(copy, kind).shape == original.shape) == (kind != "resize")
        assert _alike(copy, original, kind) > 0.9, (image, source, kind)
        other = next(o for o in traits.index if name(o) == name(image) and o not in (image, source))
        others += [_alike(_read(drawn.out / other), original, kind)]
    # The comparison tells copies from other drawings of their class.
    assert np.quantile(others, 0.8) < 0.6


def _alike(copy: NDArray[np.uint8], original: NDArray[np.uint8], kind: str) -> float:
    """Correlation of the ink after the change is undone; of a tilt by an unknown angle, the best of many."""
    pages = [_tilted(copy, angle) for angle in range(-10, 11)] if kind == "tilt" else [_undone(copy, kind)]
    return max(float(np.corrcoef(_ink(page).ravel(), _ink(original).ravel())[0, 1]) for page in pages)


def _tilted(image: NDArray[np.uint8], angle: float) -> NDArray[np.uint8]:
    """The page turned about its centre and enlarged by what a tilt shrinks it."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1 / 0.95)
    paper = [float(v) for v in np.median(image.reshape(-1, 3), axis=0)]
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderValue=paper), dtype=np.uint8)


def test_learnable_and_not_trivial(drawn: DrawnDataset) -> None:
    train, truth = pd.read_csv(drawn.train), pd.read_csv(drawn.test_labels)
    x = np.stack([_ink(_read(drawn.out / "train" / path), 64) for path in train["image_path"]])
    z = np.stack([_ink(_read(drawn.out / "test" / path), 64) for path in truth["image_path"]])
    y, t = train["target"].to_numpy(), truth["target"].to_numpy()
    pixels = KNeighborsClassifier(1, metric="cosine").fit(x.reshape(len(x), -1), y).score(z.reshape(len(z), -1), t)
    edges = LogisticRegression(C=100, max_iter=300).fit(_hog(x), y).score(_hog(z), t)
    assert 0.55 < edges < 0.97  # chance is 0.05
    assert pixels < 0.6
    assert pixels < edges - 0.1


def _hog(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Histograms of 8 orientations on 8 × 8 cells, square root of the L1-normalised values."""
    rows = []
    for image in images:
        gx, gy = cv2.Sobel(image, cv2.CV_64F, 1, 0), cv2.Sobel(image, cv2.CV_64F, 0, 1)
        bins = (np.arctan2(gy, gx) % np.pi / np.pi * 8).astype(int) % 8
        cells = [cv2.resize(np.hypot(gx, gy) * (bins == k), (8, 8), interpolation=cv2.INTER_AREA) for k in range(8)]
        rows.append(np.sqrt(np.stack(cells).ravel() / (np.sum(cells) + 1e-9)))
    return np.stack(rows)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_varies_and_is_finite(name: str) -> None:
    drawings = [OBJECTS[name](Dice(_rng(3, k))) for k in range(12)]
    for strokes in drawings:
        assert strokes
        for stroke in strokes:
            assert stroke.dtype == np.float64
            assert stroke.ndim == 2
            assert stroke.shape[1] == 2
            assert len(stroke) >= 2
            assert np.isfinite(stroke).all()
    assert len({np.vstack(strokes).round(6).tobytes() for strokes in drawings}) == 12
    page, _ = draw_page(OBJECTS[name], _rng(4, 0))
    assert page.dtype == np.uint8
    assert np.ptp(page) > 100


def test_refuses_folders_with_other_files(tmp_path: Path) -> None:
    out = tmp_path / "set"
    out.mkdir()
    draw_dataset(out, classes=2, per_class=2, test_per_class=1)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt"):
        draw(out, DrawSettings(classes=2, per_class=1), fresh=True)
    assert (out / "notes.txt").read_text() == "mine"
    real = tmp_path / "real"
    (real / "train").mkdir(parents=True)
    (real / "train.csv").write_text("class_name,image_path,target\n")
    with pytest.raises(UserError, match=r"drawn\.json"):
        draw_dataset(real, classes=2, per_class=1)
    assert (real / "train.csv").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        draw_dataset(tmp_path / "file")


def test_a_failure_leaves_the_old_set_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "set"
    draw_dataset(out, classes=2, per_class=2, test_per_class=1)
    before = _hashes(out)

    def broken(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("sketchfit.synthetic.dataset._write_csv", broken)
    with pytest.raises(OSError, match="disk full"):
        draw(out, DrawSettings(classes=3, per_class=2), fresh=True)
    assert _hashes(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_all_bad_arguments_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        draw_dataset(tmp_path / "set", classes=1000, per_class=0, seed=-1, copies=0.9)
    assert len(caught.value.problems) == 4
    assert not (tmp_path / "set").exists()


@given(st.integers(0, 10_000), st.floats(0.1, 2.0), st.floats(0.1, 1.0))
@settings(max_examples=60, deadline=None)
def test_a_steady_hand_keeps_to_the_line_and_a_sloppy_one_nearby(seed: int, width: float, height: float) -> None:
    stroke = box(0, 0, width, height)
    steady = Hand(sway=0, tremble=0, drift=0, ends=0, gaps=0, doubles=0, pressure=0)
    (points,) = wobble(stroke, steady, _rng(seed, 0))
    x, y = points.T
    edge = np.minimum(np.minimum(abs(x), abs(x - width)), np.minimum(abs(y), abs(y - height)))
    assert edge.max() < 1e-6
    assert np.hypot(*np.diff(points, axis=0).T).max() < 0.05
    loose = np.vstack(wobble(stroke, Hand.draw(_rng(seed, 1)), _rng(seed, 2)))
    assert loose.min() > -0.4
    assert (loose - (width, height)).max() < 0.4


def test_hatching_of_a_square_by_hand() -> None:
    lines = hatch([line((5, 5), (9, 9)), box(0, 0, 1, 1), box(0, 0, 0.5, 0.5)], 0.0, 0.25)
    expected = [[(0, y), (1, y)] for y in (0.125, 0.375, 0.625, 0.875)]
    np.testing.assert_allclose(np.array(lines), np.array(expected), atol=1e-12)
    assert hatch([line((0, 0), (1, 0), (1, 1), (0, 1))], 0.0, 0.25) == []


def test_shapes_by_hand() -> None:
    np.testing.assert_allclose(turn([(1.0, 0.0)], 90), [(0, 1)], atol=1e-12)  # y grows downwards: clockwise on the page
    np.testing.assert_allclose(mirror(line((1, 2), (3, 4)), 1), [(1, 2), (-1, 4)])
    circle = arc(2, 3, 0.5)
    np.testing.assert_allclose(np.hypot(*(circle - (2, 3)).T), 0.5)
    np.testing.assert_allclose(circle[0], circle[-1], atol=1e-12)
    points = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)]
    smooth = curve(*points, steps=8)
    np.testing.assert_allclose(smooth[::8], points)  # Catmull–Rom passes through its points
    # … and reproduces a straight line with evenly spaced points exactly.
    np.testing.assert_allclose(curve((0, 0), (1, 1), (2, 2), steps=4), np.arange(9)[:, None] / 4 * (1, 1))
    ring = curve(*points, closed=True)
    np.testing.assert_allclose(ring[0], ring[-1])


def test_a_link_to_a_folder_stays_and_its_folder_is_replaced(tmp_path: Path) -> None:
    few = DrawSettings(classes=2, per_class=1, test_per_class=1, copies=0.0)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    for seed in (0, 1):
        draw(tmp_path / "link", replace(few, seed=seed), fresh=True)
        assert (tmp_path / "link").readlink() == Path("elsewhere")
        assert (tmp_path / "elsewhere" / "train.csv").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "link"]
