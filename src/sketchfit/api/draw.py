"""`sketchfit.draw`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.synthetic import DrawnDataset


def draw(
    out: str | Path,
    *,
    classes: int = 20,
    per_class: int = 30,
    test_per_class: int = 10,
    seed: int = 0,
    copies: float = 0.06,
    families: int = 0,
    split: Literal["family", "random"] | None = None,
    names: Literal["family", "plain"] | None = None,
    fresh: bool = False,
) -> DrawnDataset:
    """Draw a synthetic data set in the competition's layout, with known test labels.

    The same arguments give the same files with the same versions of NumPy and OpenCV. Where the folder has this set
    already, unchanged, nothing is written.

    Args:
        out: folder to make.
        classes: number of classes.
        per_class: training drawings per class.
        test_per_class: test drawings per class.
        seed: of all randomness, 0 or more.
        copies: share of drawings that are flipped, rotated or re-encoded copies, 0 to 0.5.
        families: families per class: one object drawn several times by different hands; 0: none.
        split: only with families. `family`, the default: test drawings show other families. `random`: they show those
            of the training drawings.
        names: only with families. `family`, the default: file names contain the family. `plain`: they do not.
        fresh: also replace a set that was drawn with other arguments, or changed since it was drawn.

    Returns:
        The paths of the folder and its tables, and numbers of drawings.

    Raises:
        UserError: an argument is out of range, or the folder has other files.

    Examples:
        >>> import sketchfit
        >>> drawn = sketchfit.draw("cats-and-more", classes=3, per_class=2, test_per_class=1)
        >>> drawn.n_train, drawn.n_test, drawn.test_labels.name
        (6, 3, 'test_labels.csv')
    """
    with public_call(writes="draw"):
        check_paths(out=out)
        from sketchfit.synthetic import DrawSettings
        from sketchfit.synthetic import draw as draw_data

        return draw_data(
            Path(out),
            DrawSettings(classes, per_class, test_per_class, seed, copies, families, split, names),
            fresh=fresh,
        )
