"""Settings of a drawn data set, and their check."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.errors import UserError
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.wording import listed

SPLITS = ("family", "random")
NAMES = ("family", "plain")


@dataclass(frozen=True)
class DrawSettings:
    """What to draw. The same settings give the same bytes with the same versions of NumPy and OpenCV."""

    classes: int = 20
    """Number of classes, 2 to `len(OBJECTS)`."""
    per_class: int = 30
    """Training images per class, at least 1."""
    test_per_class: int = 10
    """Test images per class, at least 1."""
    seed: int = 0
    """Of all randomness, not negative."""
    copies: float = 0.06
    """Share of all images that are near-copies of another image of their class (with families: of their family),
    0 to 0.5. One of the two may be a training image and the other a test image. A family keeps at least half of its
    images, so that very small families have fewer copies."""
    families: int = 0
    """Families per class among the training images, at most `per_class`; 0: each image shows an object of its own. A
    family is one object of fixed shape, like a photo, that is drawn several times, each time by another hand."""
    split: str | None = None
    """Only with families. `family` (if None): test images show other families than training images, at about as many
    images per family. `random`: training and test images are chosen at random from the same families."""
    names: str | None = None
    """Only with families. `family` (if None): a file's name contains its family, e.g. `m07-3.JPEG`. `plain`: it does
    not."""

    @property
    def by_family(self) -> bool:
        """Whether test images show other families than training images."""
        return self.split != "random"

    @property
    def shows_family(self) -> bool:
        """Whether a file's name contains its family."""
        return self.names != "plain"

    def check(self) -> None:
        """Check all values.

        Raises:
            UserError: values are out of range or do not fit together; all of them are named.
        """
        problems = [*_sizes(self), *_relations(self)]
        if problems:
            raise UserError(problems)


def _sizes(settings: DrawSettings) -> list[str]:
    problems = []
    if not 2 <= settings.classes <= len(OBJECTS):
        problems.append(f"classes is {settings.classes}: it must be 2 to {len(OBJECTS)}")
    for name, value in (("per-class", settings.per_class), ("test-per-class", settings.test_per_class)):
        if value < 1:
            problems.append(f"{name} is {value}: it must be at least 1")
    if settings.seed < 0:
        problems.append(f"seed is {settings.seed}: it must not be negative")
    if not 0.0 <= settings.copies <= 0.5:
        problems.append(f"copies is {settings.copies}: it must be a share between 0 and 0.5")
    return problems


def _relations(settings: DrawSettings) -> list[str]:
    problems = []
    if not 0 <= settings.families <= max(settings.per_class, 0):
        problems.append(f"families is {settings.families}: it must be 0 to per-class, {settings.per_class}")
    for name, value, allowed in (("split", settings.split, SPLITS), ("names", settings.names, NAMES)):
        if value is not None and value not in allowed:
            problems.append(f"{name} is {value!r}: it must be {listed(allowed)}")
        elif value is not None and settings.families == 0:
            problems.append(
                f"{name} is {value!r}, but there are no families: set families to at least 1, or omit {name}"
            )
    return problems
