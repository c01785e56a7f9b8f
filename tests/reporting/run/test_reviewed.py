from __future__ import annotations

import numpy as np

from sketchfit.reporting.run.disagreeing_copies import disagreeing_copies
from sketchfit.reporting.run.label_issues import LabelIssue
from sketchfit.reporting.run.reviewed import suggested_classes


def test_copies_do_not_exchange_their_labels() -> None:
    """Rows 0 and 1 are copies, rows 2 to 4 too; the network alone doubts row 5."""
    label = np.array([0, 1, 2, 2, 0, 1])
    group = np.array([7, 7, 8, 8, 8, 9])
    prob = np.tile(np.array([0.5, 0.3, 0.2], np.float32), (6, 1))
    copies = disagreeing_copies(prob, label, group)
    issues = [LabelIssue(one.place, one.suggested, 0.0, 0.0, one.wrong, "copies") for one in copies]
    issues.append(LabelIssue(5, 0, 0.3, 0.5, 0.6, "network"))
    paths = [f"{row}.png" for row in range(6)]
    assert suggested_classes(paths, group, issues) == {
        "0.png": None,  # equally many copies: class 0 is more probable
        "1.png": 0,
        "2.png": None,  # two of three copies
        "3.png": None,
        "4.png": 2,
        "5.png": 0,
    }
    assert suggested_classes(paths, group, issues, {1, 5}) == {"1.png": 0, "5.png": 0}
