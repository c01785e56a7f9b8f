"""What the audit found."""

from __future__ import annotations

from pathlib import Path

from pydantic import ConfigDict, Field

from sketchfit.files import write_json
from sketchfit.runs.artefact import Artefact, ArtefactPart


class TypicalImages(ArtefactPart):
    """Paths of images whose trait is typical for one split and not for the other."""

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


class TraitDifference(ArtefactPart):
    """Difference of one trait between training and test images; see `audit.drift.TraitDrift`.

    Attributes:
        statistic: Kolmogorov-Smirnov.
        p, p_corrected: its p-value, uncorrected and corrected over all traits.
        auc, auc_low, auc_high: probability that a test image has the larger value, and its 95 % interval.
        train, test: mean, lower quartile, median and upper quartile.
        separates: significant and large enough to matter.
        text: a sentence, where it separates.
        typical: images from both ends, where it separates.
    """

    statistic: float
    p: float
    p_corrected: float
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    train: tuple[float, ...] | None = None
    test: tuple[float, ...] | None = None
    separates: bool = False
    text: str | None = None
    typical: TypicalImages | None = None


class DriftFindings(ArtefactPart):
    """Differences between training and test images: of each trait, the largest first, and of all traits together.

    Attributes:
        traits: by name.
        auc, auc_interval: of a classifier that separates test from training images; None with too few images.
    """

    traits: dict[str, TraitDifference] = Field(default={})
    auc: float | None = None
    auc_interval: tuple[float, float] | None = None

    @property
    def separating(self) -> dict[str, TraitDifference]:
        """The traits that separate test from training images, the largest difference first."""
        return {name: one for name, one in self.traits.items() if one.separates}


class AuditFindings(Artefact):
    """What the audit found; docs/audit.md describes the further keys. Without an audit, only notes, unreadable and
    damaged images.

    Attributes:
        notes: on the tables, one sentence each.
        unreadable: `train` and `test` to a mapping from an image's path to the reason.
        damaged: the same for images of which a part is decoded and used.
        unused: files in the data folder that are in no row, by kind (see `data.unused.REASONS`).
        drift: differences between training and test images; None without an audit.
    """

    model_config = ConfigDict(extra="allow")
    PLACE = "audit/findings.json"
    notes: tuple[str, ...] = ()
    unreadable: dict[str, dict[str, str]] = Field(default={})
    damaged: dict[str, dict[str, str]] = Field(default={})
    unused: dict[str, tuple[str, ...]] = Field(default={})
    drift: DriftFindings | None = None

    def write_file(self, path: Path) -> None:
        """Write the file atomically, without keys that were not given: findings of older versions have fewer."""
        write_json(path, self._as_json(self.model_dump(exclude_unset=True) | {"version": self.VERSION}))


class AuditDone(Artefact):
    """That an audit is finished: the digest of its inputs."""

    PLACE = "audit/done.json"
    key: str
