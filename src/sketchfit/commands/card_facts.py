"""What a model card states: of the network that is published, and of the run that trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sketchfit.bundle.manifest import Accuracy, BundleManifest, NetworkFacts, Preprocessing
from sketchfit.hub.published import PublishedNetwork
from sketchfit.runs.artefacts import AuditFindings
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class CardFacts:
    """The network of a model card, and the files that it is published with.

    Attributes:
        title: heading of the card.
        network, accuracy, preprocessing: see `bundle.manifest`.
        names: C names of classes for display.
        licence: of the network as it is published; None: not stated.
        repository: `owner/name` on the hub; None where it is in a folder.
        timm: whether timm loads the network from the repository.
        onnx: whether the files of a bundle are there.
        divide: by which the logits in timm are still to be divided; 1 where the calibration is part of the weights.
        sets, unknown: whether there are thresholds of prediction sets, and a rule that finds unknown classes.
        made_by: version of sketchfit.
    """

    title: str
    network: NetworkFacts
    accuracy: Accuracy
    preprocessing: Preprocessing
    names: tuple[str, ...]
    licence: str | None = None
    repository: str | None = None
    timm: bool = False
    onnx: bool = False
    divide: float = 1.0
    sets: bool = False
    unknown: bool = False
    made_by: str = ""

    @classmethod
    def of(cls, stated: BundleManifest | PublishedNetwork, licence: str | None = None, title: str = "") -> Self:
        """Return the facts of a bundle, or of a network that timm loads.

        Args:
            stated: what the files state about themselves.
            licence: see `candidates.licences.choose_licence`.
            title: the name of the run by default.
        """
        return cls(
            title=title or stated.run,
            network=stated.network,
            accuracy=stated.accuracy,
            preprocessing=stated.preprocessing,
            names=stated.names,
            licence=licence,
            timm=isinstance(stated, PublishedNetwork),
            onnx=isinstance(stated, BundleManifest),
            sets=stated.sets is not None,
            unknown=stated.unknown is not None,
            made_by=stated.made_by,
        )


@dataclass(frozen=True)
class TrainingFacts:
    """The training drawings, counted; no name of a file is in it.

    Attributes:
        rows, classes: numbers of them.
        smallest, median, largest: drawings per class; None where the run has no table of its rows.
        families, in_families: near-duplicate families with at least two rows, and their rows.
        audited: whether the run has an audit.
        two_labels: families with drawings under two labels.
        copies_in_test: test drawings with a near-duplicate among the training drawings.
        unreadable, damaged: training images without a usable picture, and those that are read in part.
        colour, inverted: share of drawings in colour, and of light ink on dark paper, 0 … 1.
        line_width: median, as a share of the longer side.
        drift: sentences on the traits in which the test drawings differ.
        grouping, separated: what the folds keep together, and related keys that they do not.
    """

    rows: int
    classes: int
    smallest: int | None = None
    median: float | None = None
    largest: int | None = None
    families: int = 0
    in_families: int = 0
    audited: bool = False
    two_labels: int = 0
    copies_in_test: int = 0
    unreadable: int = 0
    damaged: int = 0
    colour: float | None = None
    inverted: float | None = None
    line_width: float | None = None
    drift: tuple[str, ...] = ()
    grouping: str | None = None
    separated: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return the facts of a run."""
        found = run.findings
        known = _rows(run) | ({} if found is None else _audit(found))
        if (relations := run.relations) is not None:
            known |= {"grouping": relations.chosen, "separated": relations.separated}
        return cls(classes=run.table.class_count, **known)


def _rows(run: Run) -> dict[str, Any]:
    """Return the counts of the training rows."""
    if not run.folder.folds.is_file():
        return {"rows": run.state.rows.get("train", 0)}
    counts = np.bincount(run.rows.label, minlength=run.table.class_count)
    copies = np.zeros(0) if run.rows.copies is None else run.rows.copies
    _, sizes = np.unique(copies, return_counts=True)
    families = sizes[sizes > 1]
    return {
        "rows": len(run.rows.label),
        "smallest": int(counts.min()),
        "median": float(np.median(counts)),
        "largest": int(counts.max()),
        "families": len(families),
        "in_families": int(families.sum()),
    }


def _audit(found: AuditFindings) -> dict[str, Any]:
    """Return what the audit found; keys that older versions did not write are left out."""
    further: Mapping[str, Any] = found.model_extra or {}
    counts, traits = further.get("near_duplicates", {}).get("counts", {}), further.get("traits", {})
    separating = {} if found.drift is None else found.drift.separating
    return {
        "audited": bool(traits),
        "two_labels": counts.get("groups_by_relation", {}).get("cross_label", 0),
        "copies_in_test": counts.get("test_images_with_training_copy", 0),
        "unreadable": len(found.unreadable.get("train", {})),
        "damaged": len(found.damaged.get("train", {})),
        "colour": _trait(traits, "colour", "mean"),
        "inverted": _trait(traits, "inverted", "mean"),
        "line_width": _trait(traits, "relative_width", "median"),
        "drift": tuple(one.text for one in separating.values() if one.text),
    }


def _trait(traits: Mapping[str, Any], name: str, figure: str) -> float | None:
    """Return a figure of a trait over the training images; None where it was not measured."""
    value = ((traits.get(name) or {}).get("train") or {}).get(figure)
    return None if value is None else float(value)
