"""Array types of this package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Any float array; for probabilities [N, C], rows sum to 1."""

Ints = NDArray[np.integer[Any]]
"""Any integer array; for labels [N], values 0 … C-1."""

Bools = NDArray[np.bool_]
"""A bool array."""
