"""Known differences between training and test images, put into a data set's test images.

    python benchmarks/injected_drift.py quickdraw40 drifted --drift lines --strength 3

Each drift is a pure function of an image, a strength and a random generator. `write_drifted` writes a copy of a data
set with drifted test images; its training images are unchanged. Further functions choose test rows: a share of them of
unknown classes, or other class frequencies than in training.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.jpeg_quality import jpeg_quality
from sketchfit.auditing.traits import measure
from sketchfit.data.images import decode
from sketchfit.data.paper import FRAME, contrast, paper_colour
from sketchfit.data.readers import read_table
from sketchfit.data.table import Table

Image = NDArray[np.uint8]
Ints = NDArray[np.int64]
Drift = Callable[[Image, int, np.random.Generator], Image]

STRENGTHS = (1, 2, 3)
LINE_FACTORS = (1.5, 2.0, 3.0)
"""Width of the lines over what it was."""
BLUR_SHARES = (0.005, 0.01, 0.02)
"""Standard deviation of the blur, as a share of the image's longer side."""
INVERTED_SHARES = (1 / 3, 2 / 3, 1.0)
"""Share of the images that are inverted."""
ANGLES = (15.0, 30.0, 45.0)
"""Degrees, to the left or to the right."""
TEXTURE_DEPTHS = (16.0, 40.0, 80.0)
"""Largest difference of the paper from what it was, in grey levels."""
UNKNOWN_SHARES = (0.05, 0.1, 0.2)
"""Share of the test rows that belong to no class of the training table."""
RATIOS = (3.0, 10.0, 30.0)
"""Most over least frequent class of the geometric frequencies."""
CONCENTRATIONS = (10.0, 3.0, 1.0)
"""Of the Dirichlet distribution that frequencies are sampled from: less is more uneven."""


def lines(image: Image, strength: int, _: np.random.Generator) -> Image:
    """Return the image with wider lines, by `LINE_FACTORS`.

    The ink is dilated by a disc. A part of a pixel is a mixture of the images for the radii above and below.

    Args:
        image: uint8 [H, W, C].
        strength: 1 … 3.
    """
    traits = measure(_flat(image), 0)
    width = 0.0 if np.isnan(traits.line_width) else traits.line_width
    radius = (LINE_FACTORS[strength - 1] - 1) * width / 2
    below = int(radius)
    grow = cv2.dilate if traits.inverted else cv2.erode
    part = radius - below
    mixed = (1 - part) * _grown(image, below, grow) + part * _grown(image, below + 1, grow)
    return np.asarray(np.rint(mixed), np.uint8)


def _grown(image: Image, radius: int, grow: Callable[..., Any]) -> NDArray[np.float64]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(grow(image, disc), np.float64).reshape(image.shape)


def blur(image: Image, strength: int, _: np.random.Generator) -> Image:
    """Return the image blurred by a Gaussian of `BLUR_SHARES` of its longer side."""
    sigma = BLUR_SHARES[strength - 1] * max(image.shape[:2])
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)
    return smooth.reshape(image.shape)


def inversion(image: Image, strength: int, rng: np.random.Generator) -> Image:
    """Return the image inverted, with the probability `INVERTED_SHARES`; else unchanged."""
    inverted = np.asarray(cv2.bitwise_not(image), np.uint8).reshape(image.shape)
    return inverted if rng.random() < INVERTED_SHARES[strength - 1] else image


def rotation(image: Image, strength: int, rng: np.random.Generator) -> Image:
    """Return the image rotated about its centre by `ANGLES`; what leaves the frame is cut off, corners are paper."""
    height, width = image.shape[:2]
    angle = ANGLES[strength - 1] * (1 if rng.random() < 0.5 else -1)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    paper = tuple(float(value) for value in paper_colour(image, FRAME))
    turned = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper)
    return np.asarray(turned, np.uint8).reshape(image.shape)


def texture(image: Image, strength: int, rng: np.random.Generator) -> Image:
    """Return the image on uneven paper: spots and grain that are darker (on dark paper: brighter) by `TEXTURE_DEPTHS`.

    InkMask is changed less, the more it differs from the paper.
    """
    height, width = image.shape[:2]
    coarse = rng.random((max(2, height // 16), max(2, width // 16)), dtype=np.float32)
    spots = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float64)
    uneven = np.clip(0.6 * spots + 0.4 * rng.random((height, width)), 0, 1)
    share = 1 - contrast(image) / 255
    sign = -1 if float(paper_colour(image, FRAME).mean()) > 127 else 1
    changed = image + sign * (TEXTURE_DEPTHS[strength - 1] * uneven * share)[:, :, None]
    return np.asarray(np.clip(np.rint(changed), 0, 255), np.uint8)


DRIFTS: dict[str, Drift] = {
    "lines": lines,
    "blur": blur,
    "inversion": inversion,
    "rotation": rotation,
    "texture": texture,
}
"""Each drift by its name."""


def drifted(image: Image, drift: str, strength: int, row: int, seed: int = 0) -> Image:
    """Apply a drift; the same seed and row give the same image.

    Args:
        image: uint8 [H, W, C], C in {1, 3}.
        drift: name in `DRIFTS`.
        strength: 1 … 3.
        row: of the test table.
        seed: of the random part.

    Returns:
        uint8 [H, W, C].
    """
    return DRIFTS[drift](image, strength, np.random.Generator(np.random.Philox(key=[seed, row])))


def with_unknown(known: int, unknown: int, share: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Choose test rows so that this share of them belongs to unknown classes; as many rows as there are.

    Args:
        known: number of test rows of known classes.
        unknown: number of rows of other classes.
        share: 0 … 1, below 1.
        rng: chooses the rows.

    Returns:
        int64, ascending: rows of the known, and rows of the unknown.
    """
    more = min(unknown, round(known * share / (1 - share)))
    fewer = min(known, round(more * (1 - share) / share)) if share else known
    return np.sort(rng.permutation(known)[:fewer]), np.sort(rng.permutation(unknown)[:more])


def geometric_frequencies(classes: int, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return frequencies that fall geometrically over the classes in random order, by `RATIOS`: float64 [C], sum 1."""
    falling = RATIOS[strength - 1] ** -np.linspace(0, 1, classes)
    return np.asarray(rng.permutation(falling / falling.sum()), np.float64)


def dirichlet_frequencies(classes: int, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return frequencies sampled from a Dirichlet distribution by `CONCENTRATIONS`: float64 [C], sum 1."""
    return np.asarray(rng.dirichlet(np.full(classes, CONCENTRATIONS[strength - 1])), np.float64)


def thinned(label: Ints, frequencies: NDArray[np.float64], rng: np.random.Generator) -> Ints:
    """Choose rows so that classes have these frequencies on average; no row twice.

    A row is kept with the probability (wanted / present frequency of its class), divided by the largest such ratio.

    Args:
        label: int64 [M], true classes.
        frequencies: float64 [C], wanted.
        rng: chooses the rows.

    Returns:
        int64, ascending.
    """
    counts = np.bincount(label, minlength=len(frequencies))
    ratio = np.where(counts > 0, frequencies / np.maximum(counts, 1), 0.0)
    return np.flatnonzero(rng.random(len(label)) * ratio.max() < ratio[label])


def resampled(label: Ints, frequencies: NDArray[np.float64], count: int, rng: np.random.Generator) -> Ints:
    """Sample `count` rows with replacement so that classes have these frequencies on average: int64 [count]."""
    counts = np.bincount(label, minlength=len(frequencies))
    weight = (frequencies / np.maximum(counts, 1))[label]
    return np.asarray(rng.choice(len(label), size=count, p=weight / weight.sum()), np.int64)


def write_drifted(
    source: Path,
    target: Path,
    change: Callable[[Image, int], Image],
    rows: Sequence[int] | Ints | None = None,
) -> Table:
    """Write a copy of a data set with changed test images; training images and tables are the same.

    Args:
        source: folder with train.csv, test.csv, train/ and test/.
        target: folder to write; must not exist.
        change: from a test image uint8 [H, W, C] and its row to the image to write.
        rows: test rows to keep, ascending; all by default.

    Returns:
        The tables of the copy.
    """
    table = read_table(source)
    changed = {str(source / path) for path in table.test.paths}

    def skipped(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if str(Path(folder) / name) in changed]

    shutil.copytree(source, target, ignore=skipped, copy_function=_link)
    for row in range(len(table.test)) if rows is None else rows:
        path = target / table.test.paths[row]
        path.parent.mkdir(parents=True, exist_ok=True)
        data = (source / table.test.paths[row]).read_bytes()
        image = decode(data)
        path.write_bytes(encoded(change(_layers(image), int(row)), path.suffix, jpeg_quality(data)))
    if rows is not None:
        kept = set(map(int, rows))
        _keep_lines(target / "test.csv", [row in kept for row in range(len(table.test))])
        if table.submission is not None:
            _keep_lines(target / "sample_submission.csv", [int(row) in kept for row in table.submission.test_row])
    return read_table(target)


def encoded(image: Image, suffix: str, quality: float) -> bytes:
    """Encode an image [H, W, C] for a file's suffix; JPEG at the quality given (95 where it is NaN)."""
    options = [] if np.isnan(quality) else [int(cv2.IMWRITE_JPEG_QUALITY), int(quality)]
    bgr = image[:, :, ::-1] if image.shape[2] == 3 else image
    done, content = cv2.imencode(suffix.lower(), np.ascontiguousarray(bgr), options)
    if not done:
        raise ValueError(f"an image of shape {image.shape} cannot be written as {suffix}")
    return content.tobytes()


def _layers(image: Image) -> Image:
    return image[:, :, None] if image.ndim == 2 else image


def _flat(image: Image) -> Image:
    return image[:, :, 0] if image.shape[2] == 1 else image


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _keep_lines(path: Path, kept: Sequence[bool]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines_of_file = csv.reader(file)
    path.unlink()  # it may be a link to the source
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(line for line, keep in zip(lines_of_file, kept, strict=True) if keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--drift", choices=tuple(DRIFTS), required=True)
    parser.add_argument("--strength", type=int, choices=STRENGTHS, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    table = write_drifted(
        args.source, args.target, lambda image, row: drifted(image, args.drift, args.strength, row, args.seed)
    )
    print(f"{args.target}: {len(table.test):,} test images changed by {args.drift}, strength {args.strength}")


if __name__ == "__main__":
    main()
