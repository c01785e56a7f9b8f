"""One plain sentence per trait that separates test from training images."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.auditing.drift import TraitDrift
from sketchfit.auditing.traits import FLAGS, TRAIT_NAMES


@dataclass(frozen=True)
class _Words:
    """How a trait is described.

    Attributes:
        larger, smaller: a clause for test values that are larger or smaller.
        values: the plural noun of its values.
        unit: after a number; `%`: a share, which is shown in percent.
    """

    larger: str
    smaller: str
    values: str
    unit: str = ""


_WORDS = {
    "width": _Words("test images are wider", "test images are narrower", "widths", " px"),
    "height": _Words("test images are taller", "test images are less tall", "heights", " px"),
    "aspect": _Words(
        "test images are wider for their height", "test images are narrower for their height", "aspects (width/height)"
    ),
    "colour": _Words("more test images are coloured", "fewer test images are coloured", "colours", "%"),
    "chroma": _Words("test images are more colourful", "test images are less colourful", "chromas"),
    "inverted": _Words(
        "more test images have light ink on dark paper", "fewer test images have light ink on dark paper", "inks", "%"
    ),
    "paper": _Words("the paper of test images is brighter", "the paper of test images is darker", "paper brightnesses"),
    "contrast": _Words("test ink differs more from its paper", "test ink differs less from its paper", "contrasts"),
    "ink": _Words("test images have more ink", "test images have less ink", "shares of ink", "%"),
    "line_width": _Words("test lines are wider", "test lines are narrower", "line widths", " px"),
    "relative_width": _Words(
        "test lines are wider for the size of the image",
        "test lines are narrower for the size of the image",
        "relative line widths",
        "%",
    ),
    "drawings": _Words(
        "test images have more separate drawings", "test images have fewer separate drawings", "numbers of drawings"
    ),
    "box_left": _Words(
        "the ink of test images begins further right", "the ink of test images begins further left", "left edges", "%"
    ),
    "box_top": _Words(
        "the ink of test images begins lower", "the ink of test images begins higher", "top edges of the ink", "%"
    ),
    "box_right": _Words(
        "the ink of test images ends further right", "the ink of test images ends further left", "right edges", "%"
    ),
    "box_bottom": _Words(
        "the ink of test images ends lower", "the ink of test images ends higher", "bottom edges of the ink", "%"
    ),
    "box_share": _Words(
        "test drawings fill more of the image", "test drawings fill less of the image", "shares of the image", "%"
    ),
    "blank": _Words("more test images are blank", "fewer test images are blank", "blank images", "%"),
    "sharpness": _Words("test images are sharper", "test images are less sharp", "sharpnesses"),
    "jpeg_quality": _Words(
        "test images are compressed less", "test images are compressed more", "JPEG qualities (1 to 100)"
    ),
    "file_bytes": _Words("test files are larger", "test files are smaller", "file sizes", " bytes"),
}
assert tuple(_WORDS) == TRAIT_NAMES, "a trait without words"


def drift_sentence(name: str, drift: TraitDrift) -> str:
    """Describe how the test images differ in a trait: `test lines are wider: median 4.1 px against 2.3 px`.

    Args:
        name: of the trait.
        drift: its difference.
    """
    words = _WORDS[name]
    (train_mean, train_low, train_median, train_high), (test_mean, test_low, test_median, test_high) = (
        drift.train,
        drift.test,
    )

    def pair(test: float, train: float) -> str:
        return f"{_value(test, words.unit)} against {_value(train, words.unit)}"

    if name in FLAGS:
        return f"{words.larger if drift.auc > 0.5 else words.smaller}: {pair(test_mean, train_mean)}"
    if drift.shifted:
        clause = words.larger if drift.auc > 0.5 else words.smaller
        # Many whole numbers (separate drawings) differ in the mean alone.
        if _value(test_median, words.unit) == _value(train_median, words.unit):
            return f"{clause}: mean {pair(test_mean, train_mean)}"
        return f"{clause}: median {pair(test_median, train_median)}"
    more = test_high - test_low > train_high - train_low
    return (
        f"{words.values} vary {'more' if more else 'less'} among test images: the middle half is "
        f"{_value(test_low, words.unit)} to {_value(test_high, words.unit)} against "
        f"{_value(train_low, words.unit)} to {_value(train_high, words.unit)}"
    )


def _value(value: float, unit: str) -> str:
    """Format about three digits with the unit."""
    if unit == "%":
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}{unit}" if abs(value) >= 100 else f"{value:.3g}{unit}"
