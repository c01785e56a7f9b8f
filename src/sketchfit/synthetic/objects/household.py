"""Things found in a house: vessels, furniture, clothes."""

from __future__ import annotations

import numpy as np

from sketchfit.synthetic.shapes import Dice, Strokes, arc, box, curve, line, loop, mirror, ray, turn


def cup(d: Dice) -> Strokes:
    """A vessel with a rim and a handle at its side, perhaps steam or a saucer."""
    w, h, foot = d.between(0.35, 0.48), d.between(0.35, 0.5), d.between(0.65, 1.0)
    strokes = [arc(0, -h, w, d.between(0.06, 0.13)) if d.chance(0.7) else line((-w, -h), (w, -h))]
    side = curve((w, -h), (w * (0.6 + 0.4 * foot), h * 0.4), (w * foot, h))
    strokes += [side, mirror(side), curve((-w * foot, h), (0, h + d.between(0.0, 0.1)), (w * foot, h))]
    reach = d.between(0.18, 0.3)
    strokes += [arc(w * 0.96, -h * 0.1, reach, h * 0.5, -90, 180)]
    if d.chance(0.6):
        strokes += [arc(w * 0.96, -h * 0.1, reach * 0.6, h * 0.3, -90, 180)]
    if d.chance(0.3):
        strokes += [
            curve((x, -h - 0.15), (x + 0.06, -h - 0.27), (x - 0.03, -h - 0.4), (x + 0.04, -h - 0.52))
            for x in (-0.15, 0.12)
        ]
    if d.chance(0.25):
        strokes += [arc(0, h + 0.05, w * 1.5, 0.1, -15, 210)]
    return strokes


def bucket(d: Dice) -> Strokes:
    """A vessel that narrows downwards, with a rim and a bail over it or hanging."""
    w, h, foot = d.between(0.4, 0.5), d.between(0.35, 0.5), d.between(0.6, 0.85)
    rim = d.between(0.07, 0.14)
    side = line((w, -h), (w * foot, h))
    strokes = [arc(0, -h, w, rim), side, mirror(side), curve((-w * foot, h), (0, h + 0.09), (w * foot, h))]
    lift = d.between(0.35, 0.6)
    strokes += [arc(0, -h, w, lift, 180, 180) if d.chance(0.75) else arc(0, -h, w, lift, 180, -180)]
    if d.chance(0.4):
        strokes += [curve((-w * 0.97, -h + 0.14), (0, -h + rim + 0.15), (w * 0.97, -h + 0.14))]
    return strokes


def key(d: Dice) -> Strokes:
    """A bow, a shaft and a bit."""
    r, length = d.between(0.2, 0.32), d.between(0.8, 1.2)
    if d.chance(0.7):
        strokes = [arc(0, 0, r), arc(0, 0, r * d.between(0.4, 0.65))]
    else:
        strokes = [arc(x, y, r * 0.55) for x, y in ((0, -r * 0.55), (0, r * 0.55), (-r * 0.8, 0))]
    half, n = d.between(0.03, 0.06), d.count(2, 3)
    strokes += [line((r, -half), (r + length, -half), (r + length, half), (r, half))]
    for k in range(n):
        x, deep = r + length - 0.08 - 0.14 * k, d.between(0.12, 0.24)
        strokes += [line((x, half), (x, half + deep), (x - 0.08, half + deep), (x - 0.08, half))]
    angle = d.between(-60, 100)
    return [turn(s, angle) for s in strokes]


def umbrella(d: Dice) -> Strokes:
    """A dome with a scalloped hem, ribs, a hooked handle."""
    h, n, length = d.between(0.5, 0.75), d.count(3, 6), d.between(0.6, 0.9)
    strokes = [arc(0, 0, 0.8, h, 180, 180)]
    w = 1.6 / n
    strokes += [arc(-0.8 + w * (k + 0.5), 0, w / 2, d.between(0.06, 0.12), 180, 180) for k in range(n)]
    if d.chance(0.7):
        strokes += [curve((0, -h), ((-0.8 + w * k) * 0.7, -h * 0.6), (-0.8 + w * k, 0)) for k in range(1, n)]
    hook = d.between(0.08, 0.14)
    strokes += [np.vstack([line((0, -0.08), (0, length)), arc(-hook, length, hook, hook, 0, 180)])]
    if d.chance(0.6):
        strokes += [line((0, -h), (0, -h - 0.12))]
    return strokes


def clock(d: Dice) -> Strokes:
    """A dial with hands and marks; at times an alarm clock with bells and feet."""
    strokes = [arc(0, 0, 0.8)]
    if d.chance(0.5):
        strokes += [arc(0, 0, d.between(0.68, 0.74))]
    if d.chance(0.8):
        n = 12 if d.chance(0.6) else 4
        strokes += [ray(0, 0, 360 * k / n, 0.58, 0.67) for k in range(n)]
    hour = d.between(0, 360)
    strokes += [ray(0, 0, hour, 0, d.between(0.28, 0.4)), ray(0, 0, 12 * hour, 0, d.between(0.45, 0.58))]
    if d.chance(0.4):
        strokes += [arc(0, 0, 0.04)]
    if d.chance(0.35):
        strokes += [arc(s * 0.5, -0.85, 0.24, 0.2, 180 + s * 35, 180) for s in (-1, 1)]
        strokes += [line((s * 0.5, 0.63), (s * 0.65, 0.95)) for s in (-1, 1)]
    return strokes


def envelope(d: Dice) -> Strokes:
    """A rectangle with a flap, perhaps a seal, folds or a stamp."""
    w, h, deep = d.between(0.7, 0.9), d.between(0.4, 0.6), d.between(0.0, 0.35)
    strokes = [box(-w, -h, w, h), line((-w, -h), (0, h * deep), (w, -h))]
    if d.chance(0.5):
        strokes += [
            line((-w, h), (-w * 0.3, h * deep * 0.4 - h * 0.1)),
            line((w, h), (w * 0.3, h * deep * 0.4 - h * 0.1)),
        ]
    if d.chance(0.3):
        strokes += [arc(0, h * deep, d.between(0.07, 0.12))]
    return strokes


def chair(d: Dice) -> Strokes:
    """A back, a seat in perspective and four legs."""
    w, deep, up, leg = d.between(0.3, 0.4), d.between(0.15, 0.28), d.between(0.55, 0.8), d.between(0.45, 0.65)
    strokes = [loop((-w, 0), (w, 0), (w - deep, 0.2), (-w - deep, 0.2))]
    strokes += (
        [line((-w, 0), (-w, -up), (w, -up), (w, 0))]
        if d.chance(0.6)
        else [
            line((-w, 0), (-w, -up)),
            line((w, 0), (w, -up)),
            curve((-w, -up), (0, -up - 0.1), (w, -up)),
        ]
    )
    if d.chance(0.5):
        strokes += [line((-w, -up + k * up / 3), (w, -up + k * up / 3)) for k in (1, 2)]
    else:
        strokes += [line((x, -up), (x, 0)) for x in np.linspace(-w, w, d.count(4, 6))[1:-1]]
    strokes += [line((-w - deep, 0.2), (-w - deep, 0.2 + leg)), line((w - deep, 0.2), (w - deep, 0.2 + leg))]
    strokes += [line((w, 0), (w, leg)), line((-w, 0.2), (-w, leg))]
    return strokes


def table(d: Dice) -> Strokes:
    """A top in perspective and four legs; at times round with one foot."""
    w, leg, thick = d.between(0.6, 0.8), d.between(0.45, 0.7), d.between(0.04, 0.09)
    if d.chance(0.3):
        flat, foot = d.between(0.12, 0.2), d.between(0.3, 0.4)
        strokes = [arc(0, 0, w, flat), line((-0.05, flat), (-0.05, leg)), line((0.05, flat), (0.05, leg))]
        return [*strokes, arc(0, leg + 0.04, foot, 0.08, -180, 180), line((-foot, leg + 0.04), (foot, leg + 0.04))]
    inset = d.between(0.1, 0.3)
    strokes = [
        loop((-w + inset, -0.25), (w - inset, -0.25), (w, 0), (-w, 0)),
        line((-w, 0), (-w, thick), (w, thick), (w, 0)),
    ]
    for s in (-1, 1):
        strokes += [line((s * w * 0.93, thick), (s * w * 0.93, leg)), line((s * w * 0.83, thick), (s * w * 0.83, leg))]
        strokes += [line((s * (w - inset) * 0.85, thick), (s * (w - inset) * 0.85, leg - 0.2))]
    if d.chance(0.3):
        strokes += [box(-0.2, thick, 0.2, thick + 0.14), arc(0, thick + 0.07, 0.025)]
    return strokes


def lamp(d: Dice) -> Strokes:
    """A shade, a stem, a base; perhaps a pull or light rays."""
    top, low, h, stem = d.between(0.15, 0.28), d.between(0.4, 0.55), d.between(0.4, 0.55), d.between(0.4, 0.8)
    strokes = [loop((-top, -h), (top, -h), (low, 0), (-low, 0))]
    strokes += (
        [line((0, 0), (0, stem))]
        if d.chance(0.5)
        else [
            curve((-0.06, 0), (-0.2, stem * 0.5), (-0.08, stem)),
            curve((0.06, 0), (0.2, stem * 0.5), (0.08, stem)),
        ]
    )
    base = d.between(0.22, 0.35)
    strokes += [arc(0, stem + 0.06, base, 0.07) if d.chance(0.5) else box(-base, stem, base, stem + 0.08)]
    if d.chance(0.4):
        strokes += [line((low * 0.5, 0), (low * 0.5, 0.22)), arc(low * 0.5, 0.25, 0.03)]
    if d.chance(0.2):
        strokes += [ray(0, -h * 0.4, a, low + 0.2, low + 0.4) for a in (-160, -20, 20, 160)]
    return strokes


def candle(d: Dice) -> Strokes:
    """A column with a wick and a flame, perhaps in a holder."""
    w, h = d.between(0.12, 0.2), d.between(0.6, 0.9)
    flame = curve((0, -0.45), (0.12, -0.18), (0, -0.05), (-0.12, -0.18), closed=True)
    strokes = [line((-w, 0.06), (-w, h), (w, h), (w, 0.06)), arc(0, 0.06, w, 0.05), line((0, 0.06), (0, -0.08)), flame]
    if d.chance(0.4):
        strokes += [curve((-w * 0.4, 0.1), (-w * 0.3, d.between(0.2, 0.35)), (0, 0.12))]
    if d.chance(0.5):
        strokes += [
            curve((-0.5, h - 0.08), (-0.35, h + 0.1), (0.35, h + 0.1), (0.5, h - 0.08)),
            arc(0.55, h, 0.1, 0.1, -130, 270),
        ]
    if d.chance(0.3):
        strokes += [ray(0, -0.25, a, 0.3, 0.42) for a in (-150, -120, -90, -60, -30)]
    return strokes


def bottle(d: Dice) -> Strokes:
    """A body, shoulders, a neck with a stopper, perhaps a label."""
    w, neck, tall, shoulder = d.between(0.22, 0.32), d.between(0.07, 0.12), d.between(0.25, 0.4), d.between(0.12, 0.3)
    side = curve((neck, -tall - shoulder), (neck, -shoulder), (w, 0.02), (w, 0.3), (w, 0.75), (w * 0.9, 0.8))
    strokes = [side, mirror(side), line((-w * 0.9, 0.8), (w * 0.9, 0.8))]
    strokes += [box(-neck * 1.25, -tall - shoulder - 0.12, neck * 1.25, -tall - shoulder)]
    if d.chance(0.6):
        strokes += [box(-w * 0.95, 0.2, w * 0.95, 0.55)] if d.chance(0.6) else [arc(0, 0.38, w * 0.6, 0.15)]
    return strokes


def glasses(d: Dice) -> Strokes:
    """Two lenses, round or square, a bridge and temples."""
    r, x, flat = d.between(0.3, 0.4), d.between(0.48, 0.55), d.between(0.65, 1.0)
    if d.chance(0.6):
        strokes = [arc(s * x, 0, r, r * flat) for s in (-1, 1)]
    else:
        strokes = [box(s * x - r, -r * flat, s * x + r, r * flat) for s in (-1, 1)]
    strokes += [curve((-x + r, -0.05), (0, d.between(-0.16, -0.08)), (x - r, -0.05))]
    up = d.between(0.15, 0.5)
    strokes += [
        curve((s * (x + r), -0.08), (s * (x + r + 0.12), -0.08 - up), (s * (x + r + d.between(-0.05, 0.2)), -0.12 - up))
        for s in (-1, 1)
    ]
    if d.chance(0.3):
        strokes += [line((s * x - 0.1, 0.08), (s * x + 0.05, -0.12)) for s in (-1, 1)]
    return strokes


def hat(d: Dice) -> Strokes:
    """A crown on a brim, with a band; tall or low."""
    w, h, brim, taper = d.between(0.35, 0.5), d.between(0.35, 0.85), d.between(0.75, 1.0), d.between(0.75, 1.1)
    strokes = [arc(0, 0, brim, d.between(0.1, 0.2))]
    strokes += [line((-w, 0), (-w * taper, -h)), line((w, 0), (w * taper, -h))]
    strokes += [
        arc(0, -h, w * taper, 0.08) if d.chance(0.5) else curve((-w * taper, -h), (0, -h - 0.1), (w * taper, -h))
    ]
    strokes += [curve((-w, 0), (0, 0.09), (w, 0))]
    if d.chance(0.75):
        band = d.between(0.1, 0.16)
        strokes += [curve((-w, -band), (0, 0.09 - band), (w, -band))]
    return strokes


def shoe(d: Dice) -> Strokes:
    """A side view: upper, sole, laces, at times a heel."""
    up, toe = d.between(0.4, 0.6), d.between(0.18, 0.28)
    upper = curve(
        (-0.7, 0.2),
        (-0.72, -0.1),
        (-0.68, -up),
        (-0.3, -up + 0.04),
        (-0.1, -up * 0.45),
        (0.35, -toe * 0.7),
        (0.75, -0.02),
        (0.8, 0.2),
    )
    strokes = [upper, line((-0.7, 0.2), (0.8, 0.2))]
    sole = d.between(0.08, 0.14)
    if d.chance(0.7):
        strokes += [line((-0.72, 0.2), (-0.72, 0.2 + sole), (0.82, 0.2 + sole), (0.82, 0.2))]
    else:
        strokes += [line((-0.72, 0.2), (-0.7, 0.42), (-0.38, 0.42), (-0.34, 0.28), (0.8, 0.28), (0.82, 0.2))]
    for k in range(d.count(2, 4)):
        x, y = -0.18 + 0.12 * k, -up * 0.6 + 0.07 * k
        strokes += [line((x - 0.1, y + 0.16), (x + 0.06, y))]
    if d.chance(0.4):
        strokes += [curve((0.42, -toe * 0.65), (0.4, 0.05), (0.5, 0.2))]
    if d.chance(0.3):
        strokes += [curve((-0.4, 0.18), (-0.1, 0.05), (0.25, 0.0))]
    return strokes


def ice_cream(d: Dice) -> Strokes:
    """One to three scoops on a cone with a wafer pattern."""
    w, h, n = d.between(0.26, 0.34), d.between(0.7, 0.95), d.count(1, 3)
    strokes = [loop((-w, 0), (w, 0), (0, h))]
    for k in range(n):
        r = w * (1.1 - 0.12 * k)
        strokes += [arc(0, -0.05 - 0.36 * k, r, r, 155, 230)]
    if d.chance(0.6):
        for share in (0.3, 0.65):
            x = w * (1 - 2 * share)
            strokes += [
                line((x, 0), (w * (1 - share) * 0.9, h * share)),
                line((-x, 0), (-w * (1 - share) * 0.9, h * share)),
            ]
    if d.chance(0.35):
        top = -0.05 - 0.36 * (n - 1) - w
        strokes += [arc(0, top - 0.05, 0.07), curve((0, top - 0.12), (0.05, top - 0.22), (0.12, top - 0.26))]
    if d.chance(0.35):
        wave = np.linspace(-w, w, 20)
        strokes += [np.stack([wave, 0.05 + 0.05 * np.cos(wave / w * 9)], axis=1)]
    return strokes


def book(d: Dice) -> Strokes:
    """An open book from the front, or a closed one on its side."""
    if d.chance(0.6):
        w, h, sag = d.between(0.65, 0.85), d.between(0.35, 0.5), d.between(0.08, 0.18)
        page = np.vstack([curve((0, -h), (w * 0.4, -h - sag), (w, -h)), curve((w, h), (w * 0.4, h - sag), (0, h))])
        strokes = [page, mirror(page), line((0, -h), (0, h))]
        for k in range(d.count(0, 4)):
            y = -h * 0.6 + 0.18 * k
            strokes += [curve((s * 0.12, y), (s * w * 0.45, y - sag * 0.7), (s * w * 0.88, y)) for s in (-1, 1)]
        return strokes
    w, h, thick, lean = d.between(0.5, 0.6), d.between(0.5, 0.7), d.between(0.12, 0.2), d.between(0.15, 0.3)
    strokes = [loop((-w, 0), (-w + lean, -h), (w + lean, -h), (w, 0)), line((-w, 0), (-w, thick), (w, thick), (w, 0))]
    strokes += [line((w, thick), (w + lean, thick - h), (w + lean, -h))]
    strokes += [line((-w + 0.03, thick * k / 3), (w, thick * k / 3)) for k in (1, 2)]
    return [*strokes, line((-w * 0.3, -h * 0.65), (w * 0.6, -h * 0.65))] if d.chance(0.5) else strokes


def socks(d: Dice) -> Strokes:
    """A sock with a cuff, heel and toe marked, at times striped."""
    w, leg, foot = d.between(0.2, 0.26), d.between(0.5, 0.75), d.between(0.45, 0.65)
    front = curve(
        (w, -leg),
        (w, -0.1),
        (w + foot * 0.5, 0.05),
        (w + foot, 0.2),
        (w + foot * 0.85, 0.42),
        (w, 0.42),
        (-w * 0.7, 0.4),
        (-w * 1.1, 0.1),
        (-w, -0.1),
        (-w, -leg),
    )
    strokes = [front, line((-w, -leg), (w, -leg)), line((-w, -leg + 0.16), (w, -leg + 0.16))]
    strokes += [
        curve((-w * 0.75, 0.4), (-w * 0.1, 0.2), (-w * 1.08, 0.03)),
        curve((w + foot * 0.55, 0.06), (w + foot * 0.4, 0.25), (w + foot * 0.55, 0.42)),
    ]
    if d.chance(0.4):
        strokes += [line((-w, -leg + 0.16 + 0.12 * k), (w, -leg + 0.16 + 0.12 * k)) for k in range(1, 4)]
    return strokes


def t_shirt(d: Dice) -> Strokes:
    """A trunk with short sleeves and a neckline, perhaps a print."""
    w, h, sleeve, neck = d.between(0.38, 0.48), d.between(0.5, 0.65), d.between(0.22, 0.35), d.between(0.14, 0.2)
    half = line(
        (neck, -h),
        (w * 0.9, -h + 0.05),
        (w + sleeve, -h + 0.35),
        (w + sleeve * 0.4, -h + 0.52),
        (w, -h + 0.4),
        (w, h),
        (0, h),
    )
    strokes = [half, mirror(half), curve((-neck, -h), (0, -h + d.between(0.1, 0.22)), (neck, -h))]
    if d.chance(0.35):
        strokes += [arc(0, -0.05, d.between(0.1, 0.2))] if d.chance(0.5) else [box(w * 0.25, -0.2, w * 0.7, 0.0)]
    if d.chance(0.25):
        strokes += [line((-w, y), (w, y)) for y in (-0.05, 0.12, 0.3)]
    return strokes


def gift(d: Dice) -> Strokes:
    """A box with a lid, a ribbon and a bow."""
    w, h, lid = d.between(0.45, 0.6), d.between(0.5, 0.65), d.between(0.12, 0.18)
    strokes = [box(-w, 0, w, h), box(-w - 0.06, -lid, w + 0.06, 0)]
    r = d.between(0.04, 0.08)
    strokes += [line((-r, -lid), (-r, h)), line((r, -lid), (r, h))]
    bow = curve((0, -lid), (0.22, -lid - d.between(0.2, 0.35)), (0.42, -lid - 0.15), (0.2, -lid - 0.02), (0, -lid))
    return [*strokes, bow, mirror(bow)]
