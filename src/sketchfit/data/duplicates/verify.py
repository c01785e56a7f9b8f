"""Lay one drawing over another and measure how far their lines lie apart.

The relative rotation (with or without a mirror) comes from the correlation of the two spectra; iterated closest points
(Besl & McKay 1992) with point-to-line steps (Chen & Medioni 1992), trimmed (Chetverikov et al. 2002), then settle
rotation, scale and shift. What is measured afterwards is the symmetric chamfer distance between the centre lines, to a
fraction of a pixel, as a share of the drawing's spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.duplicates.signature import SIDE, Signatures

ANGLE_STEPS = 256
_HYPOTHESES = 4
_SLACK = 0.05
_POINTS = 256
_CHUNK = 256
_HALF_STEP = 0.7

Index = NDArray[np.int64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Fit:
    """How each first drawing was laid over its second, P pairs.

    Attributes:
        rotor: complex128 [P], rotation (clockwise on the screen) and scale that bring the first onto the second, in the
            pixels of the two images.
        mirrored: bool [P], whether the first is reflected left-right before.
        distance: float32 [P, 2, 2], from the first's lines to the second's and back: mean and 95th percentile of the
            distance to the other's nearest line, as a share of the drawing's spread.
    """

    rotor: Complexes
    mirrored: NDArray[np.bool_]
    distance: NDArray[np.float32]


def correlation(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Similarity of drawings over all relative rotations, plain and mirrored.

    Args:
        first, second: spectra [P, R, K].

    Returns:
        float32 [P, 2, ANGLE_STEPS], cosine similarity, at most 1: plain then mirrored, rotation 2 pi n / ANGLE_STEPS of
        the first (clockwise on the screen, after the reflection) that brings it onto the second. The mean over the
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
    """Centre lines of one drawing, ready to be compared: smoothed points, and for every pixel the nearest of them."""

    points: Complexes
    place: NDArray[np.complex64]
    tangent: NDArray[np.complex64]


def _lines(packed: NDArray[np.uint8]) -> _Lines:
    ridge = np.unpackbits(packed, axis=1)
    weight = ridge.astype(np.float32)
    y, x = np.nonzero(ridge)

    def local(values: NDArray[np.float32]) -> NDArray[np.float32]:
        plane = np.zeros((SIDE, SIDE), np.float32)
        plane[y, x] = values
        return np.asarray(cv2.boxFilter(plane, -1, (5, 5), normalize=False, borderType=cv2.BORDER_CONSTANT)[y, x])

    count = local(weight[y, x])
    fx, fy = x.astype(np.float32) - SIDE / 2, y.astype(np.float32) - SIDE / 2
    mx, my = local(fx) / count, local(fy) / count
    xx, yy = local(fx * fx) / count - mx * mx, local(fy * fy) / count - my * my
    xy = local(fx * fy) / count - mx * my
    tangent = np.exp(0.5j * np.angle(xx - yy + 2j * xy))
    points = mx + SIDE / 2 + 1j * (my + SIDE / 2)
    _, label = cv2.distanceTransformWithLabels(1 - ridge, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number = np.zeros(len(x) + 1, np.intp)
    number[label[y, x]] = np.arange(len(x))
    nearest = number[label]
    pick = (np.arange(_POINTS) * len(x)) // _POINTS
    return _Lines(
        points[pick].astype(np.complex128), points.astype(np.complex64)[nearest], tangent.astype(np.complex64)[nearest]
    )


def _gap(place: NDArray[np.complex64], tangent: NDArray[np.complex64], at: NDArray[np.intp], z: Complexes) -> Complexes:
    """From points z [P, M] to the nearest line of drawing at[p], whose foot may lie between two of its points."""
    x = np.clip(np.rint(z.real).astype(np.intp), 0, SIDE - 1)
    y = np.clip(np.rint(z.imag).astype(np.intp), 0, SIDE - 1)
    gap = place[at[:, None], y, x] - z
    along = tangent[at[:, None], y, x].astype(np.complex128)
    slide = np.clip((gap * along.conj()).real, -_HALF_STEP, _HALF_STEP)
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
    signatures: Signatures, i: Index, j: Index, step: Index, rounds: int, keep: float
) -> tuple[Complexes, NDArray[np.float32]]:
    """Refine the pose of some hypotheses; rotors on the rasters, and distances [H, 2, 2]."""
    rows, at = np.unique(np.concatenate([i, j]), return_inverse=True)
    prepared = [_lines(signatures.lines[row]) for row in rows]
    points = np.stack([one.points for one in prepared])
    place = np.stack([one.place for one in prepared])
    tangent = np.stack([one.tangent for one in prepared])
    middle = (signatures.centre[rows, 0] + 1j * signatures.centre[rows, 1]).astype(np.complex128)
    a, b = at[: len(i)], at[len(i) :]
    mirrored = (step >= ANGLE_STEPS)[:, None]
    start = points[a] - middle[a][:, None]
    start = np.where(mirrored, start.conj(), start)
    rotor = np.exp(2j * np.pi * (step % ANGLE_STEPS) / ANGLE_STEPS) * signatures.spread[j] / signatures.spread[i]
    shift = middle[b]
    for _ in range(rounds):
        gap = _gap(place, tangent, b, rotor[:, None] * start + shift[:, None])
        turn, move = _step(start, gap, keep)
        rotor, shift = rotor + turn, shift + move
    ahead = _gap(place, tangent, b, rotor[:, None] * start + shift[:, None])
    home = (points[b] - shift[:, None]) / rotor[:, None]
    back = _gap(place, tangent, a, np.where(mirrored, home.conj(), home) + middle[a][:, None])
    distance = np.stack([_summary(ahead, signatures.spread[j]), _summary(back, signatures.spread[i])], axis=1)
    return rotor, distance


def align(
    signatures: Signatures,
    first: Index,
    second: Index,
    curve: NDArray[np.float32],
    rounds: int = 8,
    keep: float = 0.9,
) -> Fit:
    """Lay each first drawing over its second, trying the best few poses, and measure.

    Args:
        signatures: of all drawings.
        first, second: int64 [P], rows; drawn ones only.
        curve: [P, 2, ANGLE_STEPS], from `correlation`.
        rounds: closest-point iterations.
        keep: share of the points, the nearest, that settle the pose.
    """
    pair, step = hypotheses(curve)
    order = np.argsort(second[pair], kind="stable")
    pair, step = pair[order], step[order]
    rotor = np.zeros(len(pair), np.complex128)
    distance = np.zeros((len(pair), 2, 2), np.float32)
    for start in range(0, len(pair), _CHUNK):
        part = slice(start, start + _CHUNK)
        rotor[part], distance[part] = _lay(signatures, first[pair[part]], second[pair[part]], step[part], rounds, keep)
    best = np.lexsort((distance[:, :, 0].sum(axis=1), pair))
    chosen = best[np.unique(pair[best], return_index=True)[1]]
    mirrored = step[chosen] >= ANGLE_STEPS
    # conjugation turns upside down; left-right is that and half a turn
    scale = np.where(mirrored, -1.0, 1.0) * signatures.scale[first] / signatures.scale[second]
    return Fit(rotor[chosen] * scale, mirrored, distance[chosen])
