"""Families of near-duplicates that are neither flipped nor turned: their labels must be the same.

A drawing that is flipped or turned may be of another class, such as an arrow to the left and one to the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.copies import unturned_families
from sketchfit.runs.artefacts import AuditFindings


def unturned_copies(audit: AuditFindings | None, paths: Sequence[str], copies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the families, int64 [n]; `copies` where the audit has not stored the kinds of pairs.

    Args:
        audit: of the run; None: there was none.
        paths: n image files.
        copies: int64 [n], families with flipped and turned drawings.
    """
    stored: Any = (audit.model_extra or {}) if audit else {}
    pairs = stored.get("near_duplicates", {}).get("pairs", [])  # as in docs/audit.md
    if not pairs:
        return copies
    ends = [str(one[end]) for one in pairs for end in ("first", "second")]
    number = {path: place for place, path in enumerate(dict.fromkeys(ends))}
    rows = np.array([number[path] for path in ends], dtype=np.int64).reshape(-1, 2)
    family = unturned_families(rows, [str(one["kind"]) for one in pairs], len(number))
    own = np.array([family[number[path]] if path in number else -1 for path in paths], dtype=np.int64)
    parts = np.unique(np.stack([copies, own]), axis=1, return_inverse=True)[1]
    return np.asarray(parts.reshape(-1), dtype=np.int64)
