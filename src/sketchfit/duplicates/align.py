"""Align one drawing with another and measure the distance between their lines.

The relative rotation (with or without a mirror) comes from the correlation of the two spectra; iterated closest points
(Besl & McKay 1992) with point-to-line steps (Chen & Medioni 1992), trimmed (Chetverikov et al. 2002), then determine
rotation, scale and shift. The result is the symmetric chamfer distance between the centre lines, to a fraction of a
pixel, as a share of the drawing's spread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.duplicates.signature import SIDE, Signatures
from sketchfit.processors import cores

ANGLE_STEPS = 256
"""Number of relative rotations that are compared."""

ROUNDS = 8
"""Number of closest-point iterations."""

KEEP = 0.9
"""Share of the points, the nearest, that determine the pose."""

_HYPOTHESES = 4
_SLACK = 0.05
_POINTS = 256
_CHUNK = 256
_HALF_STEP = 0.7
_PREPARED = 3072

Index = NDArray[np.int64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Fit:
    """Alignment of P pairs: how each first drawing is moved onto its second.

    Attributes:
        rotor: complex128 [P], rotation (clockwise on the screen) and scale that bring the first onto the second, in
            pixels of the two images: point z = x + iy goes to rotor z + shift, or rotor (-conj z) + shift if mirrored.
        shift: complex128 [P], pixels of the second image.
        mirrored: bool [P], whether the first is reflected left-right first.
        distance: float32 [P, 2, 2], from the first's lines to the second's and back: mean and 95th percentile of the
            distance to the other's nearest line, as a share of the drawing's spread.
    """

    rotor: Complexes
    shift: Complexes
    mirrored: NDArray[np.bool_]
    distance: NDArray[np.float32]


def correlation(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Compute the similarity of drawings over all relative rotations, plain and mirrored.

    Args:
        first, second: spectra [P, R, K].

    Returns:
        float32 [P, 2, ANGLE_STEPS], cosine similarity, at most 1: plain then mirrored, rotation 2 pi n / ANGLE_STEPS of
        the first (clockwise on the screen, after the reflection) that brings it onto the second. The mean over the
        angle (frequency 0) is left out: it is similar in all drawings.
    """
    a, b = first[:, :, 1:], second[:, :, 1:]
    norm = np.linalg.norm(a, axis=(1, 2)) * np.linalg.norm(b, axis=(1, 2))
    cross = np.zeros((len(a), 2, a.shape[2] + 1), np.complex64)
    cross[:, 0, 1:] = np.einsum("prk,prk->pk", a.conj(), b)
    cross[:, 1, 1:] = np.einsum("prk,prk->pk", a, b)
    curve = np.fft.irfft(cross, ANGLE_STEPS, axis=2) * (ANGLE_STEPS / 2)
    return np.asarray(curve / np.maximum(norm, 1e-12)[:, None, None], np.float32)


@dataclass(frozen=True)
class Poses:
    """Poses to try for some pairs, at least one per pair.

    Attributes:
        pair: int64 [H], number of the pair.
        step: int64 [H], `correlation`'s rotation n; ANGLE_STEPS is added where mirrored.
    """

    pair: Index
    step: Index

    @property
    def mirrored(self) -> NDArray[np.bool_]:
        """bool [H]."""
        return self.step >= ANGLE_STEPS

    @property
    def angle(self) -> NDArray[np.float64]:
        """float64 [H], radians."""
        return 2 * np.pi * (self.step % ANGLE_STEPS) / ANGLE_STEPS

    def __getitem__(self, where: slice | Index) -> Poses:
        return Poses(self.pair[where], self.step[where])

    @staticmethod
    def joined(parts: Sequence[Poses]) -> Poses:
        """Return the poses of all parts, one after the other."""
        empty = np.zeros(0, np.int64)
        return Poses(
            np.concatenate([empty, *(part.pair for part in parts)]),
            np.concatenate([empty, *(part.step for part in parts)]),
        )


def hypotheses(curve: NDArray[np.float32]) -> Poses:
    """Return the best few relative poses of each pair: local maxima of the correlation close to its best.

    Args:
        curve: float32 [P, 2, ANGLE_STEPS], from `correlation`.
    """
    peak = (curve >= np.roll(curve, 1, axis=2)) & (curve > np.roll(curve, -1, axis=2))
    flat = np.where(peak, curve, -1e9).reshape(len(curve), -1)
    top = np.argpartition(-flat, _HYPOTHESES, axis=1)[:, :_HYPOTHESES]
    value = np.take_along_axis(flat, top, axis=1)
    pair, rank = np.nonzero(value >= value.max(axis=1, keepdims=True) - _SLACK)
    return Poses(pair, top[pair, rank])


@dataclass(frozen=True)
class _Lines:
    """Centre lines of one drawing, prepared for comparison.

    Attributes:
        points: complex64 [M], its lines' pixels, each moved to the mean of those around it.
        tangent: complex64 [M], the lines' direction there.
        nearest: uint16 [SIDE * SIDE], for every pixel the number of the nearest point.
    """

    points: NDArray[np.complex64]
    tangent: NDArray[np.complex64]
    nearest: NDArray[np.uint16]


def _lines(packed: NDArray[np.uint8]) -> _Lines:
    ridge = np.unpackbits(packed, axis=1)
    y, x = np.nonzero(ridge)
    fx, fy = x.astype(np.float32) - SIDE / 2, y.astype(np.float32) - SIDE / 2
    layers = np.zeros((SIDE, SIDE, 6), np.float32)
    layers[y, x] = np.stack([np.ones_like(fx), fx, fy, fx * fx, fy * fy, fx * fy], axis=1)
    local = cv2.boxFilter(layers, -1, (5, 5), normalize=False, borderType=cv2.BORDER_CONSTANT)[y, x]
    mx, my, xx, yy, xy = (local[:, 1:] / local[:, :1]).T
    turn = np.angle((xx - mx * mx) - (yy - my * my) + 2j * (xy - mx * my))
    _, label = cv2.distanceTransformWithLabels(1 - ridge, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number = np.zeros(len(x) + 1, np.uint16)
    number[label[y, x]] = np.arange(len(x), dtype=np.uint16)
    points = (mx + SIDE / 2) + 1j * (my + SIDE / 2)
    return _Lines(points.astype(np.complex64), np.exp(0.5j * turn).astype(np.complex64), number[label].ravel())


@dataclass(frozen=True)
class _ManyLines:
    """Lines of several drawings, one after the other, so that many pairs are compared at once."""

    points: NDArray[np.complex64]
    tangent: NDArray[np.complex64]
    nearest: NDArray[np.uint16]
    start: NDArray[np.int64]
    sample: Complexes

    @staticmethod
    def of(drawings: list[_Lines]) -> _ManyLines:
        sizes = np.array([len(one.points) for one in drawings])
        sample = [one.points[(np.arange(_POINTS) * len(one.points)) // _POINTS] for one in drawings]
        return _ManyLines(
            np.concatenate([one.points for one in drawings]),
            np.concatenate([one.tangent for one in drawings]),
            np.stack([one.nearest for one in drawings]),
            np.cumsum(sizes) - sizes,
            np.stack(sample).astype(np.complex128),
        )

    def gap(self, at: NDArray[np.intp], z: Complexes) -> Complexes:
        """Return vectors from points z [P, M] to the nearest line of drawing at[p], interpolated between its points."""
        x = np.clip(np.rint(z.real).astype(np.intp), 0, SIDE - 1)
        y = np.clip(np.rint(z.imag).astype(np.intp), 0, SIDE - 1)
        foot = self.nearest[at[:, None], y * SIDE + x] + self.start[at][:, None]
        gap, along = self.points[foot] - z, self.tangent[foot]
        slide = np.clip(gap.real * along.real + gap.imag * along.imag, -_HALF_STEP, _HALF_STEP)
        return np.asarray(gap - slide * along)


def _step(points: Complexes, gap: Complexes) -> tuple[Complexes, Complexes]:
    """Do one trimmed point-to-line step; return the changes of rotor and shift, complex [P] each."""
    distance = np.abs(gap)
    used = distance <= np.quantile(distance, KEEP, axis=1, keepdims=True)
    normal = np.where(distance > 1e-6, gap / np.maximum(distance, 1e-6), 0)
    turned = normal.conj() * points
    design = np.stack([turned.real, -turned.imag, normal.real, normal.imag], axis=1)
    weighted = design * used[:, None, :]
    system = weighted @ design.transpose(0, 2, 1)
    # A little damping keeps the pose where the lines do not determine it (a straight line along itself).
    system += 1e-2 * np.eye(4) * np.einsum("pii->pi", system)[:, None, :] + 1e-3 * np.eye(4)
    change = np.linalg.solve(system, weighted @ distance[:, :, None])[:, :, 0]
    return change[:, 0] + 1j * change[:, 1], change[:, 2] + 1j * change[:, 3]


def _summary(gap: Complexes, unit: NDArray[np.float32]) -> NDArray[np.float32]:
    distance = np.abs(gap)
    both = np.stack([distance.mean(axis=1), np.quantile(distance, 0.95, axis=1)], axis=1)
    return (both / unit[:, None]).astype(np.float32)


def _refine(
    signatures: Signatures, prepare: Callable[[int], _Lines], pairs: Index, poses: Poses
) -> tuple[Complexes, Complexes, NDArray[np.float32]]:
    """Refine some poses.

    Args:
        signatures: of all drawings.
        prepare: returns the lines of a drawing.
        pairs: int64 [H, 2], the pair of each pose.
        poses: to start from.

    Returns:
        Rotors and shifts on the rasters, complex128 [H] each, and distances, float32 [H, 2, 2].
    """
    i, j = pairs[:, 0], pairs[:, 1]
    rows, at = np.unique(np.concatenate([i, j]), return_inverse=True)
    lines = _ManyLines.of([prepare(row) for row in rows.tolist()])
    middle = (signatures.centre[rows, 0] + 1j * signatures.centre[rows, 1]).astype(np.complex128)
    a, b = at[: len(i)], at[len(i) :]
    mirrored = poses.mirrored[:, None]
    start = lines.sample[a] - middle[a][:, None]
    start = np.where(mirrored, start.conj(), start)
    rotor = np.exp(1j * poses.angle) * signatures.spread[j] / signatures.spread[i]
    shift = middle[b]
    for _ in range(ROUNDS):
        turn, move = _step(start, lines.gap(b, rotor[:, None] * start + shift[:, None]))
        rotor, shift = rotor + turn, shift + move
    ahead = lines.gap(b, rotor[:, None] * start + shift[:, None])
    home = (lines.sample[b] - shift[:, None]) / rotor[:, None]
    back = lines.gap(a, np.where(mirrored, home.conj(), home) + middle[a][:, None])
    distance = np.stack([_summary(ahead, signatures.spread[j]), _summary(back, signatures.spread[i])], axis=1)
    return rotor, shift, distance


def _in_images(
    signatures: Signatures, pairs: Index, rotor: Complexes, shift: Complexes, mirrored: NDArray[np.bool_]
) -> tuple[Complexes, Complexes]:
    """Convert rotor and shift to pixels of the images, from the first's lines about their centroid and the raster."""
    first, second = pairs[:, 0], pairs[:, 1]
    fine, coarse = signatures.scale[first].astype(float), signatures.scale[second].astype(float)
    origin = (signatures.origin[:, 0] + 1j * signatures.origin[:, 1]).astype(np.complex128)
    centre = (signatures.centre[:, 0] + 1j * signatures.centre[:, 1]).astype(np.complex128)
    pivot = origin[first] * fine + centre[first]
    move = shift / coarse + origin[second] - rotor / coarse * np.where(mirrored, pivot.conj(), pivot)
    # Conjugation turns upside down; left-right is that and half a turn.
    return np.where(mirrored, -rotor, rotor) * fine / coarse, move


def align(signatures: Signatures, pairs: Index, poses: Poses, workers: int | None = None) -> Fit:
    """Align each first drawing with its second, from several poses, and measure the best alignment.

    Args:
        signatures: of all drawings.
        pairs: int64 [P, 2], rows of drawings that are not blank.
        poses: to start from, from `hypotheses`.
        workers: threads; all processors if None.
    """
    poses = poses[np.argsort(pairs[poses.pair, 1], kind="stable")]
    count = len(poses.pair)
    rotor, shift = np.zeros(count, np.complex128), np.zeros(count, np.complex128)
    distance = np.zeros((count, 2, 2), np.float32)

    @lru_cache(_PREPARED)
    def prepare(row: int) -> _Lines:
        return _lines(signatures.lines[row])

    def refine(start: int) -> None:
        part = slice(start, start + _CHUNK)
        rotor[part], shift[part], distance[part] = _refine(signatures, prepare, pairs[poses.pair[part]], poses[part])

    with ThreadPoolExecutor(workers or cores()) as pool:
        list(pool.map(refine, range(0, count, _CHUNK)))
    best = np.lexsort((distance[:, :, 0].sum(axis=1), poses.pair))
    chosen = best[np.unique(poses.pair[best], return_index=True)[1]]
    mirrored = poses.mirrored[chosen]
    turn, move = _in_images(signatures, pairs, rotor[chosen], shift[chosen], mirrored)
    return Fit(turn, move, mirrored, distance[chosen])
