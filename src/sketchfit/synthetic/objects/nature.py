"""Fruit, plants, the sky, and what has petals or rays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sketchfit.synthetic.shapes import (
    Dice,
    Stroke,
    Strokes,
    arc,
    curve,
    line,
    loop,
    mirror,
    ray,
    shift,
    spiral,
    turn,
)


def apple(d: Dice) -> Strokes:
    """A round body with a dent, a stalk, perhaps a leaf and a highlight."""
    w, h, dent = d.between(0.42, 0.55), d.between(0.4, 0.5), d.between(0.05, 0.14)
    body = curve(
        (0, -h + dent),
        (w * 0.5, -h),
        (w, -h * 0.35),
        (w * 0.8, h * 0.5),
        (w * 0.3, h),
        (0, h - dent * 0.5),
        (-w * 0.3, h),
        (-w * 0.8, h * 0.5),
        (-w, -h * 0.35),
        (-w * 0.5, -h),
        closed=True,
    )
    lean = d.between(-0.15, 0.2)
    strokes = [body, curve((0, -h + dent), (lean * 0.3, -h - 0.1), (lean, -h - d.between(0.15, 0.3)))]
    if d.chance(0.7):
        strokes += [_leaf(lean * 0.4, -h - 0.08, d.between(0.2, 0.4), d.between(-60, 10))]
    if d.chance(0.3):
        strokes += [arc(-w * 0.35, -h * 0.2, w * 0.35, h * 0.4, 150, d.between(60, 110))]
    if d.chance(0.15):
        strokes += [arc(w, -0.05, 0.18, 0.22, 90, 180)]
    return strokes


def cherry(d: Dice) -> Strokes:
    """Two (or one) small fruits on long stalks that meet."""
    r, top = d.between(0.18, 0.28), d.between(-0.9, -0.6)
    x = d.between(0.28, 0.42)
    fruits = [(-x, d.between(0.1, 0.3)), (x, d.between(0.0, 0.35))][: 1 if d.chance(0.15) else 2]
    strokes: Strokes = []
    for cx, cy in fruits:
        strokes += [arc(cx, cy, r * d.between(0.9, 1.15), r, -90)]
        strokes += [curve((cx, cy - r), (cx * 0.75, cy - r - 0.3), (0.05, top))]
        if d.chance(0.4):
            strokes += [arc(cx, cy, r * 0.55, r * 0.55, 180, 70)]
    if d.chance(0.6):
        strokes += [_leaf(0.05, top, d.between(0.3, 0.5), d.between(-20, 40))]
    return strokes


def _leaf(x: float, y: float, length: float, degrees: float) -> Stroke:
    blade = curve((0, 0), (length * 0.4, -length * 0.28), (length, 0), (length * 0.5, length * 0.25), closed=True)
    return shift(turn(blade, degrees), x, y)


def pear(d: Dice) -> Strokes:
    """A narrow neck on a wide base, with a stalk."""
    w, neck, top = d.between(0.36, 0.48), d.between(0.14, 0.22), d.between(-0.7, -0.55)
    right = [(neck * 0.7, top), (neck, top + 0.25), (w * 0.8, 0.05), (w, 0.3), (w * 0.6, 0.58), (0.06, 0.62)]
    body = curve(*right, *[(-x, y) for x, y in reversed(right)], closed=True)
    strokes = [body, curve((0, top), (0.03, top - 0.12), (d.between(-0.1, 0.15), top - 0.24))]
    if d.chance(0.5):
        strokes += [_leaf(0.02, top - 0.08, d.between(0.2, 0.35), d.between(-40, 20))]
    return strokes


def sun(d: Dice) -> Strokes:
    """A disc with rays: lines or spikes, perhaps a face."""
    r, n, reach = d.between(0.35, 0.55), d.count(7, 16), d.between(0.25, 0.5)
    strokes = [arc(0, 0, r, None, d.between(0, 360))]
    spikes, first, gap = d.chance(0.35), d.between(0, 360), d.between(0.0, 0.1)
    for k in range(n):
        angle = first + 360 * k / n + d.between(-4, 4)
        far = r + gap + reach * (0.65 if d.chance(0.4) else 1.0)
        if spikes:
            half = 360 / n * 0.4
            left, tip, right = (
                ray(0, 0, angle - half, r, far),
                ray(0, 0, angle, r, far),
                ray(0, 0, angle + half, r, far),
            )
            strokes += [np.stack([left[0], tip[1], right[0]])]
        else:
            strokes += [ray(0, 0, angle, r + gap, far)]
    if d.chance(0.25):
        strokes += _face(d, r)
    return strokes


def _face(d: Dice, r: float) -> Strokes:
    eye = r * d.between(0.06, 0.12)
    return [arc(s * r * 0.35, -r * 0.2, eye) for s in (-1, 1)] + [arc(0, 0, r * 0.55, r * 0.5, 30, 120)]


def flower(d: Dice) -> Strokes:
    """Petals round a centre, mostly on a stem with leaves."""
    r, n, length = d.between(0.12, 0.25), d.count(5, 9), d.between(0.22, 0.4)
    strokes = [arc(0, 0, r)]
    first, round_petals = d.between(0, 360), d.chance(0.5)
    half = np.pi / n * (r + length * 0.5)
    for k in range(n):
        angle = first + 360 * k / n
        if round_petals:
            strokes += [turn(arc(r + length * 0.35, 0, length * 0.6, half, -150, 300), angle)]
        else:
            outline = curve(
                (r, -half * 0.4), (r + length * 0.6, -half), (r + length, 0), (r + length * 0.6, half), (r, half * 0.4)
            )
            strokes += [turn(outline, angle)]
    if d.chance(0.75):
        top, bottom, bend = r + length, r + length + d.between(0.5, 1.0), d.between(-0.15, 0.15)
        strokes += [curve((0, top), (bend, (top + bottom) / 2), (0, bottom))]
        for side in (0, 180):
            if d.chance(0.6):
                strokes += [_leaf(bend, d.between(top + 0.2, bottom - 0.1), d.between(0.25, 0.4), side - 30 + side / 3)]
    return strokes


def tree(d: Dice) -> Strokes:
    """A trunk with a cloudy, round or layered (fir) crown."""
    w, h = d.between(0.08, 0.16), d.between(0.35, 0.6)
    if d.chance(0.35):
        strokes, layers = [], d.count(2, 4)
        for k in range(layers):
            half, top = 0.25 + 0.28 * (k + 1) / layers, -0.9 + 0.85 * k / layers
            base = top + 0.85 / layers + 0.18
            strokes += [loop((0, top), (half, base), (-half, base))]
        base = -0.9 + 0.85 + 0.18
        return [*strokes, line((-w, base), (-w, base + h * 0.6), (w, base + h * 0.6), (w, base))]
    if d.chance(0.5):
        n, rx, ry = d.count(6, 10), d.between(0.5, 0.65), d.between(0.4, 0.55)
        crown = [_bumps(d, 0, -0.35, rx, ry, n)]
        base = -0.35 + ry
    else:
        ry = d.between(0.4, 0.6)
        crown, base = [arc(0, -0.35, d.between(0.38, 0.6), ry, 90)], -0.35 + ry
    strokes = [*crown, curve((-w * 0.8, base), (-w, base + h * 0.6), (-w * 1.5, base + h))]
    strokes += [mirror(strokes[-1])]
    if d.chance(0.4):
        strokes += [line((0, base), (0, base - 0.25)), line((0, base - 0.08), (0.15, base - 0.25))]
    if d.chance(0.3):
        strokes += [line((-w * 1.5, base + h), (w * 1.5, base + h))]
    if d.chance(0.25):
        strokes += [arc(d.between(-0.3, 0.3), d.between(-0.6, -0.1), 0.06) for _ in range(d.count(3, 6))]
    return strokes


def _bumps(d: Dice, x: float, y: float, rx: float, ry: float, n: int) -> Stroke:
    """A closed cloud outline: n bulges on an ellipse, as one stroke."""
    angle = np.radians(d.between(0, 360)) + 2 * np.pi * np.arange(n + 1) / n
    feet = np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)
    parts = []
    for a, b in pairwise(feet):
        out = (a + b) / 2 - (x, y)
        t = np.linspace(0, np.pi, 8)[:, None]
        height = d.between(0.32, 0.5) * np.hypot(*(b - a)) * out / (np.hypot(*out) + 1e-9)
        parts += [(a + b) / 2 - (b - a) / 2 * np.cos(t) + height * np.sin(t)]
    return np.vstack(parts)


def mushroom(d: Dice) -> Strokes:
    """A dome with dots on a stem."""
    r, dome, stem, h = d.between(0.45, 0.6), d.between(0.4, 0.65), d.between(0.12, 0.22), d.between(0.35, 0.6)
    strokes = [arc(0, 0, r, dome, 180, 180)]
    strokes += [curve((-r, 0), (0, d.between(-0.02, 0.14)), (r, 0))]
    left = curve((-stem, 0.06), (-stem * 0.8, h * 0.5), (-stem * d.between(1.0, 1.5), h))
    strokes += [left, mirror(left), curve((left[-1, 0], h), (0, h + 0.06), (-left[-1, 0], h))]
    if d.chance(0.7):
        for x, y, s in ((-0.5, -0.35, 1.0), (0.05, -0.62, 1.3), (0.5, -0.3, 0.9), (0.0, -0.2, 0.7))[: d.count(2, 4)]:
            strokes += [arc(x * r, y * dome, 0.08 * s * d.between(0.7, 1.3))]
    if d.chance(0.2):
        strokes += [arc(0, h * 0.35, stem * 1.2, 0.06, 0, 180)]
    return strokes


def cactus(d: Dice) -> Strokes:
    """A tall column with one or two bent arms, spines, perhaps a pot."""
    w, top = d.between(0.12, 0.18), d.between(-0.9, -0.7)
    strokes = [np.vstack([line((-w, 0.5)), arc(0, top, w, w, 180, 180), line((w, 0.5))])]
    for side in (-1, 1):
        if side == -1 or d.chance(0.75):
            y, out, up, a = d.between(-0.2, 0.1), d.between(0.22, 0.35), d.between(0.3, 0.5), d.between(0.06, 0.09)
            x = w + out
            arm = np.vstack(
                [
                    line((w, y + a)),
                    curve((x - a, y + a), (x + a, y - a)),
                    line((x + a, y - up)),
                    arc(x, y - up, a, a, 0, -180),
                    line((x - a, y - a)),
                    line((w, y - a)),
                ]
            )
            strokes += [arm if side == 1 else mirror(arm)]
    if d.chance(0.6):
        for _ in range(d.count(5, 12)):
            x, y = d.between(-w * 0.7, w * 0.7), d.between(top, 0.45)
            strokes += [line((x, y), (x + 0.05, y - 0.04))]
    if d.chance(0.4):
        strokes += [loop((-0.3, 0.5), (0.3, 0.5), (0.22, 0.95), (-0.22, 0.95))]
    else:
        strokes += [curve((-0.6, 0.5), (0, 0.52), (0.6, 0.5))]
    return strokes


def leaf(d: Dice) -> Strokes:
    """A pointed blade with a midrib and side veins."""
    w, n = d.between(0.25, 0.45), d.count(2, 5)
    side = curve((0, -0.8), (w * 0.75, -0.35), (w, 0.1), (w * 0.6, 0.45), (0, 0.6))
    strokes = [
        side,
        mirror(side),
        curve((0, -0.75), (d.between(-0.05, 0.05), 0), (0, 0.6), (d.between(-0.1, 0.1), 0.95)),
    ]
    for k in range(n):
        y = 0.4 - 0.85 * k / n
        reach = w * (0.75 - 0.5 * k / n)
        strokes += [line((0, y), (s * reach, y - 0.2)) for s in (-1, 1)]
    angle = d.between(-60, 60)
    return [turn(s, angle) for s in strokes]


def moon(d: Dice) -> Strokes:
    """A crescent, perhaps with a face, craters or stars next to it."""
    cut, side = d.between(0.25, 0.5), d.between(55, 75)
    outer = arc(0, 0, 0.8, 0.8, side, 360 - 2 * side)
    tip = 0.8 * np.cos(np.radians(side))
    half = 0.8 * np.sin(np.radians(side))
    y = np.linspace(half, -half, 20)
    inner = np.stack([tip - 1.1 * cut * (1 - (y / half) ** 2), y], axis=1)
    strokes = [outer, inner]
    if d.chance(0.3):
        strokes += [arc(-0.55, d.between(-0.3, 0.3), d.between(0.04, 0.09)) for _ in range(2)]
    if d.chance(0.35):
        for _ in range(d.count(1, 3)):
            strokes += [_points(d.between(0.35, 0.7), d.between(-0.5, 0.5), 0.12, 0.45, 5)]
    angle = d.between(-35, 35)
    return [turn(s, angle) for s in strokes]


def _points(x: float, y: float, r: float, waist: float, n: int, start: float = -90) -> Stroke:
    """A closed star with n points, its inner radius `waist × r`."""
    angle = np.radians(start + 180 / n * np.arange(2 * n + 1))
    radius = np.where(np.arange(2 * n + 1) % 2 == 0, r, waist * r)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def star(d: Dice) -> Strokes:
    """Five points (at times four or six) as an outline, or in one line that crosses itself."""
    if d.chance(0.3):
        angle = np.radians(-90 + 144 * np.arange(6))
        reach = 1 + 0.12 * d.rng.standard_normal(5)[[0, 1, 2, 3, 4, 0]]
        return [np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)]
    n = 5 if d.chance(0.8) else d.count(4, 7)
    strokes = [_points(0, 0, 1, d.between(0.35, 0.55), n, -90 + d.between(-10, 10))]
    if d.chance(0.2):
        strokes += [s * 0.5 for s in strokes]
    if d.chance(0.15):
        strokes += _face(d, 0.5)
    return strokes


def cloud(d: Dice) -> Strokes:
    """A bumpy outline, its base flat at times, perhaps with rain."""
    rx, ry = d.between(0.6, 0.8), d.between(0.25, 0.4)
    strokes = [_bumps(d, 0, 0, rx, ry, d.count(6, 10))]
    if d.chance(0.3):
        for k in range(d.count(3, 6)):
            x = -0.5 + 0.22 * k
            strokes += [line((x, ry + 0.25), (x - 0.08, ry + d.between(0.4, 0.6)))]
    if d.chance(0.25):
        strokes += [arc(d.between(-0.3, 0.2), 0, 0.2, 0.15, 180, 150)]
    return strokes


def lightning(d: Dice) -> Strokes:
    """A zigzag bolt, closed, narrowing to a point."""
    w, lean = d.between(0.2, 0.35), d.between(0.0, 0.2)
    return [
        loop(
            (-w + lean, -1),
            (w + lean, -1),
            (w * 0.35, -0.3),
            (w * 1.2, -0.35),
            (-w * 0.1, 0.3),
            (w * 0.6, 0.25),
            (-w * 1.3, 1.05),
            (-w * 0.55, 0.4),
            (-w * 1.25, 0.45),
            (-w * 0.45, -0.15),
            (-w * 1.3, -0.1),
        )
        if d.chance(0.5)
        else loop(
            (-w + lean, -1),
            (w + lean, -1),
            (w * 0.2, -0.2),
            (w * 1.3, -0.25),
            (-w * 1.2, 1.0),
            (-w * 0.2, 0.1),
            (-w * 1.4, 0.15),
        )
    ]


def rainbow(d: Dice) -> Strokes:
    """Concentric arcs, perhaps with clouds at their feet."""
    n, gap = d.count(3, 6), d.between(0.08, 0.13)
    strokes = [arc(0, 0, 1 - gap * k, (1 - gap * k) * 0.95, 180, 180) for k in range(n)]
    if d.chance(0.5):
        strokes += [_bumps(d, s * 0.8, 0.05, 0.25, 0.12, 6) for s in (-1, 1)]
    return strokes


def carrot(d: Dice) -> Strokes:
    """A tapering root with a tuft and short cross lines."""
    w, length = d.between(0.18, 0.3), d.between(0.8, 1.1)
    strokes = [
        curve(
            (0, length),
            (w * 0.6, length * 0.45),
            (w, 0.05),
            (w * 0.5, -0.06),
            (0, 0),
            (-w * 0.5, -0.06),
            (-w, 0.05),
            (-w * 0.6, length * 0.45),
            closed=True,
        )
    ]
    for k in range(d.count(2, 5)):
        y = 0.12 + 0.16 * k
        x = w * (0.95 - y / length) * (1 if k % 2 else -1)
        strokes += [line((x, y), (x * 0.25, y + 0.02))]
    if d.chance(0.5):
        strokes += [ray(0, 0, -90 + a, 0.02, d.between(0.3, 0.45)) for a in (-35, -15, 5, 28)[: d.count(3, 4)]]
    else:
        strokes += [_leaf(0, -0.02, d.between(0.3, 0.45), -90 + a) for a in (-40, 0, 40)]
    angle = d.between(-50, 50)
    return [turn(s, angle) for s in strokes]


def lollipop(d: Dice) -> Strokes:
    """A disc with a spiral in it, on a stick."""
    r, length = d.between(0.35, 0.5), d.between(0.7, 1.1)
    strokes = [arc(0, 0, r), spiral(0, 0, r, d.between(1.5, 3), d.between(0, 360))]
    strokes += [
        line((-0.03, r), (-0.03, r + length), (0.03, r + length), (0.03, r))
        if d.chance(0.5)
        else line((0, r), (0, r + length))
    ]
    if d.chance(0.25):
        strokes += [loop((0, r + 0.1), (0.22, r), (0.22, r + 0.2)), loop((0, r + 0.1), (-0.22, r), (-0.22, r + 0.2))]
    return strokes
