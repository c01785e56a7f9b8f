"""Animals."""

from __future__ import annotations

import numpy as np

from sketchfit.synthetic.shapes import Dice, Strokes, arc, curve, line, loop, mirror, ray, spiral


def fish(d: Dice) -> Strokes:
    """A lens or oval with a tail, an eye, fins."""
    h, tail = d.between(0.25, 0.45), d.between(0.2, 0.35)
    if d.chance(0.4):
        body = [
            curve((-0.7, 0), (-0.2, -h), (0.45, 0), (0.45 + tail, tail)),
            curve((-0.7, 0), (-0.2, h), (0.45, 0), (0.45 + tail, -tail)),
        ]
        body += [line((0.45 + tail, -tail), (0.45 + tail * d.between(0.6, 1.0), 0), (0.45 + tail, tail))]
    else:
        body = [arc(-0.1, 0, 0.6, h, 0), loop((0.48, 0), (0.5 + tail, -tail), (0.4 + tail, 0), (0.5 + tail, tail))]
    strokes = [*body, arc(-0.45, -h * 0.2, d.between(0.03, 0.06))]
    if d.chance(0.6):
        strokes += [arc(-0.65, 0, 0.38, h * 0.75, -50, 100)]
    if d.chance(0.6):
        strokes += [curve((-0.25, -h * 0.98), (0.0, -h - d.between(0.12, 0.25)), (0.2, -h * 0.7))]
    if d.chance(0.4):
        strokes += [curve((-0.1, h * 0.98), (0.1, h + d.between(0.1, 0.2)), (0.15, h * 0.8))]
    if d.chance(0.3):
        strokes += [arc(x, y * h, 0.06, 0.07, -80, 160) for x in (-0.1, 0.05, 0.2) for y in (-0.3, 0.15)]
    if d.chance(0.2):
        strokes += [arc(-0.8 - 0.06 * k, -0.15 * k - 0.1, 0.03 + 0.015 * k) for k in range(d.count(2, 3))]
    return strokes


def cat(d: Dice) -> Strokes:
    """A cat's face: pointed ears, whiskers."""
    w, h, ear = d.between(0.5, 0.62), d.between(0.42, 0.55), d.between(0.22, 0.4)
    strokes = [arc(0, 0, w, h, -90 + d.between(-20, 20))]
    for s in (-1, 1):
        a, b = np.radians(-90 + s * 58), np.radians(-90 + s * 18)
        foot, root = (w * np.cos(a), h * np.sin(a)), (w * np.cos(b), h * np.sin(b))
        strokes += [line(foot, (s * w * 0.75, -h - ear), root)]
        if d.chance(0.4):
            strokes += [line((s * w * 0.68, -h * 0.85), (s * w * 0.7, -h - ear * 0.55), (s * w * 0.45, -h * 0.98))]
        eye = d.between(0.05, 0.1)
        strokes += [arc(s * w * 0.4, -h * 0.2, eye, eye * d.between(0.7, 1.4))]
        for k in range(d.count(2, 3)):
            strokes += [line((s * w * 0.3, h * 0.3 + 0.04 * k), (s * (w + d.between(0.1, 0.25)), h * 0.1 + 0.15 * k))]
    nose = d.between(0.04, 0.08)
    strokes += [loop((-nose, h * 0.15), (nose, h * 0.15), (0, h * 0.15 + nose))]
    strokes += [curve((s * 0.2, h * 0.5), (s * 0.1, h * 0.58), (0, h * 0.15 + nose + 0.06)) for s in (-1, 1)]
    return strokes


def dog(d: Dice) -> Strokes:
    """A dog's face: hanging ears, a muzzle, perhaps the tongue."""
    w, h = d.between(0.42, 0.52), d.between(0.5, 0.62)
    strokes = [arc(0, 0, w, h, -90)]
    for s in (-1, 1):
        drop = d.between(0.1, 0.4)
        strokes += [
            curve(
                (s * w * 0.6, -h * 0.8),
                (s * (w + 0.15), -h * 0.85),
                (s * (w + 0.3), -0.1),
                (s * (w + 0.18), drop),
                (s * w * 0.98, -h * 0.1),
            )
        ]
        strokes += [arc(s * w * 0.42, -h * 0.25, d.between(0.04, 0.08))]
    strokes += [arc(0, h * 0.2, d.between(0.08, 0.14), d.between(0.06, 0.1))]
    strokes += [curve((s * 0.26, h * 0.5), (s * 0.14, h * 0.62), (0, h * 0.48), (0, h * 0.32)) for s in (-1, 1)]
    if d.chance(0.45):
        strokes += [curve((-0.09, h * 0.62), (-0.08, h * 0.85), (0, h * 0.95), (0.08, h * 0.85), (0.09, h * 0.62))]
    if d.chance(0.25):
        strokes += [arc(w * 0.42, -h * 0.25, 0.15, 0.17)]
    return strokes


def butterfly(d: Dice) -> Strokes:
    """Two pairs of wings, a body, feelers."""
    up, low, span = d.between(0.45, 0.65), d.between(0.3, 0.5), d.between(0.6, 0.85)
    wing = curve((0.04, -0.1), (span * 0.45, -up), (span, -up * 0.9), (span * 0.9, -0.15), (0.05, 0.02))
    lower = curve((0.05, 0.04), (span * 0.7, 0.08), (span * 0.75, low * 0.8), (span * 0.4, low), (0.04, 0.2))
    strokes = [wing, mirror(wing), lower, mirror(lower)]
    strokes += [arc(0, 0.05, d.between(0.03, 0.06), d.between(0.28, 0.4))]
    feeler = curve((0.02, -0.28), (0.08, -0.45), (d.between(0.12, 0.25), -up - 0.08))
    strokes += [feeler, mirror(feeler)]
    if d.chance(0.5):
        spot = arc(span * 0.62, -up * 0.55, d.between(0.07, 0.14))
        strokes += [spot, mirror(spot)]
    if d.chance(0.4):
        spot = arc(span * 0.45, low * 0.5, d.between(0.05, 0.1))
        strokes += [spot, mirror(spot)]
    return strokes


def snail(d: Dice) -> Strokes:
    """A spiral shell on a slug with stalked eyes."""
    r, turns = d.between(0.35, 0.48), d.between(1.6, 3.2)
    strokes = [spiral(0.1, -r, r, turns, 90 - 360 * turns)]
    strokes += [
        curve(
            (0.1 + r * 1.3, 0.03),
            (0.1, 0.02),
            (-0.5, 0),
            (-0.62, -0.25),
            (-0.72, -0.42),
            (-0.9, -0.4),
            (-0.92, -0.2),
            (-0.75, 0.12),
            (0, 0.16),
            (0.1 + r * 1.3, 0.03),
        )
    ]
    for x in (-0.74, -0.87):
        top = d.between(-0.75, -0.6)
        strokes += [line((x, -0.42), (x - 0.05, top))]
        if d.chance(0.6):
            strokes += [arc(x - 0.05, top - 0.03, 0.03)]
    if d.chance(0.4):
        strokes += [arc(-0.82, -0.22, 0.1, 0.08, 30, 100)]
    return strokes


def crab(d: Dice) -> Strokes:
    """A wide oval, claws, three or four legs a side."""
    w, h = d.between(0.4, 0.55), d.between(0.22, 0.34)
    half = []
    for k in range(d.count(3, 4)):
        a = np.radians(5 + 18 * k)
        x, y = w * np.cos(a), h * np.sin(a)
        half += [
            line(
                (x, y),
                (x + d.between(0.18, 0.25), y - 0.06 + 0.05 * k),
                (x + d.between(0.25, 0.32), y + 0.16 + 0.04 * k),
            )
        ]
    up, c = d.between(0.4, 0.6), d.between(0.13, 0.2)
    half += [curve((w * 0.8, -h * 0.6), (w + 0.12, -h - 0.1), (w + 0.08, -up + c * 0.8))]
    half += [
        np.vstack(
            [
                arc(w + 0.05, -up, c, c * 1.1, -60, 300),
                line((w + 0.05, -up - 0.02)),
                arc(w + 0.05, -up, c, c * 1.1, -60, 5)[:1],
            ]
        )
    ]
    strokes = [arc(0, 0, w, h), *half, *[mirror(s) for s in half]]
    for s in (-1, 1):
        if d.chance(0.5):
            strokes += [line((s * 0.12, -h * 0.97), (s * 0.14, -h - 0.12)), arc(s * 0.14, -h - 0.16, 0.045)]
        else:
            strokes += [arc(s * 0.15, -h * 0.3, d.between(0.04, 0.07))]
    if d.chance(0.6):
        strokes += [arc(0, h * 0.1, 0.18, 0.12, 20, 140)]
    return strokes


def spider(d: Dice) -> Strokes:
    """Two round parts and eight bent legs, perhaps on a thread."""
    r, head = d.between(0.2, 0.32), d.between(0.1, 0.16)
    half = []
    for k in range(4):
        a = np.radians(-55 + 36 * k)
        knee, foot = d.between(0.4, 0.5), d.between(0.65, 0.85)
        x, y = np.cos(a), np.sin(a)
        half += [
            line(
                (r * x * 0.95, r * y),
                (r * x + knee * x, r * y + knee * y - 0.18),
                (r * x + foot * x + 0.08, r * y + foot * y + 0.12),
            )
        ]
    strokes = [arc(0, 0, r, r * d.between(1.0, 1.3)), arc(0, r * 1.1 + head, head), *half, *[mirror(s) for s in half]]
    if d.chance(0.5):
        strokes += [arc(s * 0.05, r * 1.1 + head, 0.025) for s in (-1, 1)]
    if d.chance(0.35):
        strokes += [line((0, -r), (0, -r - d.between(0.5, 0.9)))]
    return strokes


def owl(d: Dice) -> Strokes:
    """An upright oval, two big eyes, ear tufts, wings."""
    w, h, eye = d.between(0.38, 0.48), d.between(0.6, 0.75), d.between(0.13, 0.19)
    strokes = [arc(0, 0, w, h, -90)]
    for s in (-1, 1):
        strokes += [arc(s * w * 0.42, -h * 0.4, eye), arc(s * w * 0.42, -h * 0.4, eye * d.between(0.3, 0.5))]
        strokes += [line((s * w * 0.65, -h * 0.78), (s * w * 0.85, -h * 1.15), (s * w * 0.25, -h * 0.98))]
        strokes += [curve((s * w * 0.95, -h * 0.2), (s * w * 0.55, h * 0.2), (s * w * 0.72, h * 0.65))]
        strokes += [line((s * 0.12 + x, h), (s * 0.12 + x * 2, h + 0.1)) for x in (-0.04, 0.0, 0.04)]
    strokes += [loop((-0.05, -h * 0.3), (0.05, -h * 0.3), (0, -h * 0.12))]
    if d.chance(0.5):
        strokes += [
            arc(x, y, 0.06, 0.05, 0, 180) for x, y in ((-0.1, 0.1), (0.1, 0.1), (0, 0.2), (-0.1, 0.3), (0.1, 0.3))
        ]
    if d.chance(0.3):
        strokes += [line((-0.7, h + 0.1), (0.7, h + 0.1))]
    return strokes


def duck(d: Dice) -> Strokes:
    """A swimming bird: head, beak, boat-shaped body, wing, at times water."""
    r, back = d.between(0.17, 0.25), d.between(0.5, 0.7)
    hx, hy = -0.4, -0.5
    strokes = [arc(hx, hy, r, r, 75, 300)]
    strokes += [
        curve(
            (hx + r * 0.4, hy + r * 0.9),
            (-0.15, -0.1),
            (0.2, -0.15),
            (back, -0.3),
            (back - 0.1, 0.15),
            (0.1, 0.35),
            (-0.4, 0.3),
            (-0.6, 0.0),
            (hx - r * 0.1, hy + r),
        )
    ]
    strokes += [
        curve((hx - r * 0.95, hy - 0.05), (hx - r - d.between(0.15, 0.28), hy + 0.06), (hx - r * 0.95, hy + 0.1))
    ]
    strokes += [arc(hx - r * 0.3, hy - r * 0.25, 0.03)]
    if d.chance(0.75):
        strokes += [curve((-0.2, 0.05), (0.1, 0.22), (0.38, -0.02), (-0.1, -0.02))]
    if d.chance(0.4):
        wave = np.linspace(-1, 1, 30)
        strokes += [np.stack([wave, 0.38 + 0.04 * np.sin(12 * wave)], axis=1)]
    return strokes


def caterpillar(d: Dice) -> Strokes:
    """A row of discs with feet, the first with a face and feelers."""
    n, r, bend = d.count(4, 7), d.between(0.16, 0.22), d.between(0.0, 0.15)
    strokes: Strokes = []
    for k in range(n):
        x, y = k * r * 1.6, bend * np.sin(1.6 * k)
        strokes += [arc(x, y, r * (1.2 if k == 0 else 1.0))]
        if k and d.chance(0.8):
            strokes += [line((x + s * 0.06, y + r), (x + s * 0.08, y + r + 0.1)) for s in (-1, 1)]
    strokes += [ray(0, 0, a, r * 1.2, r * d.between(1.8, 2.4)) for a in (-115, -70)]
    strokes += [arc(s * r * 0.4, -r * 0.2, 0.03) for s in (-1, 1)]
    return [*strokes, arc(0, 0, r * 0.6, r * 0.6, 30, 120)]
