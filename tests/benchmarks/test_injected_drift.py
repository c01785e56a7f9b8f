"""Injected drifts: each changes what it names, by as much as it names, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import injected_drift as drift
from sketchfit.auditing.traits import measure
from sketchfit.data.images import decode
from sketchfit.data.readers import read_table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def stroke(width: int = 4, side: int = 96) -> np.ndarray:
    """A horizontal black stroke on white paper, uint8 [side, side, 1]."""
    image = np.full((side, side, 1), 255, np.uint8)
    image[side // 2 : side // 2 + width, side // 4 : -side // 4] = 0
    return image


@pytest.mark.parametrize("strength", drift.STRENGTHS)
@pytest.mark.parametrize("inverted", [False, True])
def test_lines_are_wider_by_the_factor(strength: int, inverted: bool) -> None:
    image = 255 - stroke() if inverted else stroke()
    before = measure(image[:, :, 0], 0).line_width
    after = measure(drift.lines(image, strength, rng())[:, :, 0], 0).line_width
    assert after / before == pytest.approx(drift.LINE_FACTORS[strength - 1], rel=0.12)


@pytest.mark.parametrize("name", drift.DRIFTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_type_and_repeatability(name: str, channels: int) -> None:
    image = np.repeat(stroke(), channels, axis=2)[:80]
    kept = image.copy()
    first, again = (drift.drifted(image, name, 3, row=5, seed=1) for _ in range(2))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(image, kept)
    assert (first != image).any()


def test_blank_paper_has_no_lines_to_widen() -> None:
    blank = np.full((40, 40, 1), 200, np.uint8)
    np.testing.assert_array_equal(drift.lines(blank, 3, rng()), blank)


def test_blur_is_less_sharp_with_strength() -> None:
    sharpness = [measure(drift.blur(stroke(), s, rng())[:, :, 0], 0).sharpness for s in drift.STRENGTHS]
    assert measure(stroke()[:, :, 0], 0).sharpness > sharpness[0] > sharpness[1] > sharpness[2]


def test_inversion_has_its_share() -> None:
    share = np.mean([(drift.drifted(stroke(), "inversion", 1, row)[0, 0, 0] == 0) for row in range(300)])
    assert share == pytest.approx(1 / 3, abs=0.09)
    np.testing.assert_array_equal(drift.inversion(stroke(), 3, rng()), 255 - stroke())


def test_rotation_turns_the_stroke_and_fills_with_paper() -> None:
    image = stroke()
    image[image == 255] = 230
    turned = drift.rotation(image, 2, rng())
    assert turned[0, 0, 0] == 230
    y, x = np.nonzero(turned[:, :, 0] < 115)
    slope = np.polyfit(x, y, 1)[0]
    assert abs(np.degrees(np.arctan(slope))) == pytest.approx(30, abs=2)


def test_texture_changes_paper_and_keeps_ink() -> None:
    image = stroke()
    depths = []
    for strength in drift.STRENGTHS:
        changed = drift.texture(image, strength, rng())
        assert (changed[image == 0] == 0).all()
        depths.append(255 - changed[image == 255].mean())
        assert (255 - changed[image == 255].astype(int)).max() <= drift.TEXTURE_DEPTHS[strength - 1] + 1
    assert depths[0] < depths[1] < depths[2]
    assert (drift.texture(255 - image, 3, rng())[image == 255] > 0).mean() > 0.9  # dark paper becomes brighter


@pytest.mark.parametrize(("known", "unknown", "share"), [(800, 500, 0.2), (800, 50, 0.2), (100, 100, 0.0)])
def test_unknown_rows_have_their_share(known: int, unknown: int, share: float) -> None:
    first, second = drift.with_unknown(known, unknown, share, rng())
    assert len(second) / (len(first) + len(second)) == pytest.approx(share, abs=0.01)
    assert len(set(first)) == len(first) <= known
    assert len(set(second)) == len(second) <= unknown


@pytest.mark.parametrize("strength", drift.STRENGTHS)
def test_frequencies(strength: int) -> None:
    geometric = drift.geometric_frequencies(10, strength, rng())
    assert geometric.sum() == pytest.approx(1)
    assert geometric.max() / geometric.min() == pytest.approx(drift.RATIOS[strength - 1])
    dirichlet = drift.dirichlet_frequencies(10, strength, rng())
    assert dirichlet.sum() == pytest.approx(1)
    label = np.repeat(np.arange(10), 400)
    kept = drift.thinned(label, geometric, rng())
    assert len(np.unique(kept)) == len(kept)
    for rows in (kept, drift.resampled(label, geometric, 4000, rng())):
        found = np.bincount(label[rows], minlength=10) / len(rows)
        np.testing.assert_allclose(found, geometric, atol=0.035)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    rows = [(f"{name}/{k}.png", name, number) for number, name in enumerate(("a", "b")) for k in range(3)]
    for path, _, number in rows:
        (root / "train" / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / "train" / path), stroke(3 + number)[:, :, 0])
    (root / "test").mkdir()
    for k in range(4):
        cv2.imwrite(str(root / "test" / f"{k}.JPEG"), stroke(3 + k)[:, :, 0])
    tables = {
        "train.csv": [("class_name", "image_path", "target"), *((c, p, n) for p, c, n in rows)],
        "test.csv": [("image_path",), *((f"{k}.JPEG",) for k in range(4))],
        "sample_submission.csv": [("ID", "image_path", "target"), *((k, f"{k}.JPEG", 0) for k in range(4))],
    }
    for name, lines in tables.items():
        with (root / name).open("w", newline="") as file:
            csv.writer(file).writerows(lines)
    return root


def test_a_copy_has_drifted_test_images_alone(dataset: Path, tmp_path: Path) -> None:
    found = drift.write_drifted(dataset, tmp_path / "copy", lambda image, row: 255 - image if row else image, [0, 2])
    assert found.test.names == ("0.JPEG", "2.JPEG")
    assert found.submission is not None
    assert [line[1] for line in found.submission.rows] == ["0.JPEG", "2.JPEG"]
    assert decode(tmp_path / "copy" / "test" / "0.JPEG")[0, 0] > 250
    assert decode(tmp_path / "copy" / "test" / "2.JPEG")[0, 0] < 5
    assert found.train == read_table(dataset).train
    for path in found.train.paths:
        assert (tmp_path / "copy" / path).read_bytes() == (dataset / path).read_bytes()
    assert len(read_table(dataset).test) == 4
