"""What the sections of a report found, for its advice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.advice import last_accuracies
from sketchfit.reporting.run.claimed import contradiction
from sketchfit.reporting.run.findings import Findings
from sketchfit.reporting.run.label_issues import LabelIssue
from sketchfit.reporting.run.robustness import Robustness
from sketchfit.reporting.run.slices import SliceResults
from sketchfit.reporting.run.statistics import Statistics


def collect_findings(
    evidence: Evidence,
    statistics: Statistics,
    slices: SliceResults,
    robustness: Robustness | None,
    issues: Sequence[LabelIssue],
) -> Findings:
    """Return what was found, `robustness` being None where it was not measured."""
    train, before, last = last_accuracies(evidence)
    counts, audit = np.bincount(evidence.label, minlength=evidence.class_count), evidence.run.findings
    return Findings(
        accuracy=statistics.total.top1.value,
        lowest=statistics.total.top1.low,
        guessing=float(counts.max() / counts.sum()),
        train_accuracy=train,
        before_last_valid=before,
        last_valid=last,
        ece=statistics.total.ece.value,
        temperature=statistics.temperature,
        slices=[*slices.by_trait, *slices.by_tree],
        changes={name: change for name, (_, change) in robustness.changes.items()} if robustness else {},
        doubtful=len(issues),
        labels=len(evidence.rows),
        smallest_class=int(counts.min()),
        largest_class=int(counts.max()),
        contradiction=contradiction(evidence.run.claim),
        drifted=bool(audit and audit.drift and audit.drift.separating),
        separated=evidence.run.relations.separated if evidence.run.relations else (),
        directed=_directed(evidence, robustness),
    )


def _directed(evidence: Evidence, robustness: Robustness | None) -> list[str]:
    """Return the classes that a flip changes, as measured before training, else by the networks: `left → right`."""
    names, labels, measured = evidence.class_names, evidence.run.table.class_labels, evidence.run.directions
    known = [(one.source, one.target) for one in measured.found if one.turn == "hflip"] if measured else []
    if known:
        return [f"{names[labels.index(one)]} → {names[labels.index(other)]}" for one, other in known]
    return [f"{names[one.source]} → {names[one.target]}" for one in (robustness.directions if robustness else ())]
