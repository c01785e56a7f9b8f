"""Lay one drawing over another and measure how far their lines lie apart.

The relative rotation (with or without a mirror) comes from the correlation of the two spectra; iterated closest points
(Besl & McKay 1992) with point-to-line steps (Chen & Medioni 1992), trimmed (Chetverikov et al. 2002), then settle
rotation, scale and shift. What is measured afterwards is the symmetric chamfer distance between the centre lines, to a
fraction of a pixel, as a share of the drawing's spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.duplicates.signature import SIDE, Signatures

ANGLE_STEPS = 256
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
    """How each first drawing was laid over its second, P pairs.

    Attributes:
        rotor: complex128 [P], rotation (clockwise on the console) and scale that bring the first onto the second, in
            pixels of the two images: point z = x + iy goes to rotor z + shift, or rotor (-conj z) + shift if mirrored.
        shift: complex128 [P], pixels of the second image.
        mirrored: bool [P], whether the first is reflected left-right before.
        distance: float32 [P, 2, 2], from the first's lines to the second's and back: mean and 95th percentile of the
            distance to the other's nearest line, as a share of the drawing's spread.
    """

    rotor: Complexes
    shift: Complexes
    mirrored: NDArray[np.bool_]
    distance: NDArray[np.float32]


def correlation(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Similarity of drawings over all relative rotations, plain and mirrored.

    Args:
        first, second: spectra [P, R, K].

    Returns:
        float32 [P, 2, ANGLE_STEPS], cosine similarity, at most 1: plain then mirrored, rotation 2 pi n / ANGLE_STEPS of
        the first (clockwise on the console, after the reflection) that brings it onto the second. The mean over the
        angle (frequency 0) is left out: all drawings share most of it.
    """
    a, b = first[:, :, 1:], second[:, :, 1:]
    norm = np.linalg.norm(a, axis=(1, 2)) * np.linalg.norm(b, axis=(1, 2))
    cross = np.zeros((len(a), 2, a.shape[2] + 1), np.complex64)
    cross[:, 0, 1:] = np.einsum("prk,prk->pk", a.conj(), b)
    cross[:, 1, 1:] = np.einsum("prk,prk->pk", a, b)
    curve = np.fft.irfft(cross, ANGLE_STEPS, axis=2) * (ANGLE_STEPS / 2)
    return np.asarray(curve / np.maximum(norm, 1e-12)[:, None, None], np.float32)


def hypotheses(curve: NDArray[np.float32]) -> tuple[Index, Index]:
    """The best few relative poses of each pair: local maxima of the correlation close to its best.

    Args:
        curve: [P, 2, ANGLE_STEPS].

    Returns:
        (pair, step): int64 [H] each, at least one a pair; step // ANGLE_STEPS is 1 where mirrored.
    """
    peak = (curve >= np.roll(curve, 1, axis=2)) & (curve > np.roll(curve, -1, axis=2))
    flat = np.where(peak, curve, -1e9).reshape(len(curve), -1)
    top = np.argpartition(-flat, _HYPOTHESES, axis=1)[:, :_HYPOTHESES]
    value = np.take_along_axis(flat, top, axis=1)
    pair, rank = np.nonzero(value >= value.max(axis=1, keepdims=True) - _SLACK)
    return pair, top[pair, rank]


@dataclass(frozen=True)
class _Lines:
    """Centre lines of one drawing, ready to be compared.

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
class _Pile:
    """Several drawings' lines, one after the other, so that many pairs are compared at once."""

    points: NDArray[np.complex64]
    tangent: NDArray[np.complex64]
    nearest: NDArray[np.uint16]
    start: NDArray[np.int64]
    sample: Complexes

    @staticmethod
    def of(drawings: list[_Lines]) -> _Pile:
        sizes = np.array([len(one.points) for one in drawings])
        sample = [one.points[(np.arange(_POINTS) * len(one.points)) // _POINTS] for one in drawings]
        return _Pile(
            np.concatenate([one.points for one in drawings]),
            np.concatenate([one.tangent for one in drawings]),
            np.stack([one.nearest for one in drawings]),
            np.cumsum(sizes) - sizes,
            np.stack(sample).astype(np.complex128),
        )

    def gap(self, at: NDArray[np.intp], z: Complexes) -> Complexes:
        """From points z [P, M] to the nearest line of drawing at[p], whose foot may lie between two of its points."""
        x = np.clip(np.rint(z.real).astype(np.intp), 0, SIDE - 1)
        y = np.clip(np.rint(z.imag).astype(np.intp), 0, SIDE - 1)
        foot = self.nearest[at[:, None], y * SIDE + x] + self.start[at][:, None]
        gap, along = self.points[foot] - z, self.tangent[foot]
        slide = np.clip(gap.real * along.real + gap.imag * along.imag, -_HALF_STEP, _HALF_STEP)
        return np.asarray(gap - slide * along)


def _step(points: Complexes, gap: Complexes, keep: float) -> tuple[Complexes, Complexes]:
    """One trimmed point-to-line step: changes of rotor and shift, complex [P] each."""
    distance = np.abs(gap)
    used = distance <= np.quantile(distance, keep, axis=1, keepdims=True)
    normal = np.where(distance > 1e-6, gap / np.maximum(distance, 1e-6), 0)
    turned = normal.conj() * points
    design = np.stack([turned.real, -turned.imag, normal.real, normal.imag], axis=1)
    weighted = design * used[:, None, :]
    system = weighted @ design.transpose(0, 2, 1)
    # a little damping keeps what the lines do not determine (a straight line along itself) where it was
    system += 1e-2 * np.eye(4) * np.einsum("pii->pi", system)[:, None, :] + 1e-3 * np.eye(4)
    change = np.linalg.solve(system, weighted @ distance[:, :, None])[:, :, 0]
    return change[:, 0] + 1j * change[:, 1], change[:, 2] + 1j * change[:, 3]


def _summary(gap: Complexes, unit: NDArray[np.float32]) -> NDArray[np.float32]:
    distance = np.abs(gap)
    both = np.stack([distance.mean(axis=1), np.quantile(distance, 0.95, axis=1)], axis=1)
    return (both / unit[:, None]).astype(np.float32)


def _lay(
    signatures: Signatures, prepare: Callable[[int], _Lines], i: Index, j: Index, step: Index, rounds: int, keep: float
) -> tuple[Complexes, Complexes, NDArray[np.float32]]:
    """Refine the pose of some hypotheses; rotors and shifts on the rasters, and distances [H, 2, 2]."""
    rows, at = np.unique(np.concatenate([i, j]), return_inverse=True)
    pile = _Pile.of([prepare(row) for row in rows.tolist()])
    middle = (signatures.centre[rows, 0] + 1j * signatures.centre[rows, 1]).astype(np.complex128)
    a, b = at[: len(i)], at[len(i) :]
    mirrored = (step >= ANGLE_STEPS)[:, None]
    start = pile.sample[a] - middle[a][:, None]
    start = np.where(mirrored, start.conj(), start)
    rotor = np.exp(2j * np.pi * (step % ANGLE_STEPS) / ANGLE_STEPS) * signatures.spread[j] / signatures.spread[i]
    shift = middle[b]
    for _ in range(rounds):
        turn, move = _step(start, pile.gap(b, rotor[:, None] * start + shift[:, None]), keep)
        rotor, shift = rotor + turn, shift + move
    ahead = pile.gap(b, rotor[:, None] * start + shift[:, None])
    home = (pile.sample[b] - shift[:, None]) / rotor[:, None]
    back = pile.gap(a, np.where(mirrored, home.conj(), home) + middle[a][:, None])
    distance = np.stack([_summary(ahead, signatures.spread[j]), _summary(back, signatures.spread[i])], axis=1)
    return rotor, shift, distance


def _in_images(
    signatures: Signatures,
    first: Index,
    second: Index,
    rotor: Complexes,
    shift: Complexes,
    mirrored: NDArray[np.bool_],
) -> tuple[Complexes, Complexes]:
    """Rotor and shift between the images from those between the first's lines about their centroid and the raster."""
    fine, coarse = signatures.scale[first].astype(float), signatures.scale[second].astype(float)
    origin = (signatures.origin[:, 0] + 1j * signatures.origin[:, 1]).astype(np.complex128)
    centre = (signatures.centre[:, 0] + 1j * signatures.centre[:, 1]).astype(np.complex128)
    pivot = origin[first] * fine + centre[first]
    move = shift / coarse + origin[second] - rotor / coarse * np.where(mirrored, pivot.conj(), pivot)
    # conjugation turns upside down; left-right is that and half a turn
    return np.where(mirrored, -rotor, rotor) * fine / coarse, move


def align(
    signatures: Signatures,
    first: Index,
    second: Index,
    pair: Index,
    step: Index,
    rounds: int = 8,
    keep: float = 0.9,
) -> Fit:
    """Lay each first drawing over its second, trying the given poses, and measure the best.

    Args:
        signatures: of all drawings.
        first, second: int64 [P], rows; drawn ones only.
        pair, step: int64 [H], poses to try, from `hypotheses`, at least one a pair.
        rounds: closest-point iterations.
        keep: share of the points, the nearest, that settle the pose.
    """
    order = np.argsort(second[pair], kind="stable")
    pair, step = pair[order], step[order]
    rotor, shift = np.zeros(len(pair), np.complex128), np.zeros(len(pair), np.complex128)
    distance = np.zeros((len(pair), 2, 2), np.float32)

    @lru_cache(_PREPARED)
    def prepare(row: int) -> _Lines:
        return _lines(signatures.lines[row])

    for start in range(0, len(pair), _CHUNK):
        part = slice(start, start + _CHUNK)
        i, j = first[pair[part]], second[pair[part]]
        rotor[part], shift[part], distance[part] = _lay(signatures, prepare, i, j, step[part], rounds, keep)
    best = np.lexsort((distance[:, :, 0].sum(axis=1), pair))
    chosen = best[np.unique(pair[best], return_index=True)[1]]
    mirrored = step[chosen] >= ANGLE_STEPS
    turn, move = _in_images(signatures, first, second, rotor[chosen], shift[chosen], mirrored)
    return Fit(turn, move, mirrored, distance[chosen])
