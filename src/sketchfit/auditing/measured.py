"""The measurements of image files, and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.broken import Kind
from sketchfit.duplicates import Signatures
from sketchfit.runs.arrays import read_npz


@dataclass(frozen=True)
class Measured:
    """Measurements of N image files.

    Attributes:
        content: bytes32 [N], digest of each file's bytes.
        pixels: bytes32 [N], digest of each image's pixels.
        reason: N texts; empty where the image was read, else why not.
        kinds: for each file what is wrong or unusual: (kind, text), often nothing.
        values: float64 [N, T], `trait_values`; NaN where unreadable.
        moments: float64 [N, 2, 3], mean and mean square of R, G and B (0 … 1) over the image; NaN where unreadable.
        signatures: for finding copies; unreadable rows count as not drawn.
        thumbnails: N JPEG files in RGB or grey; empty where unreadable.
    """

    content: NDArray[np.bytes_]
    pixels: NDArray[np.bytes_]
    reason: tuple[str, ...]
    kinds: tuple[tuple[tuple[Kind, str], ...], ...]
    values: NDArray[np.float64]
    moments: NDArray[np.float64]
    signatures: Signatures
    thumbnails: tuple[bytes, ...]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """bool [N]: files whose image was read."""
        return np.array([not reason for reason in self.reason], dtype=bool)


def to_arrays(measured: Measured) -> dict[str, NDArray[Any]]:
    """Return measurements as the arrays of their file."""
    sizes = np.array([len(thumbnail) for thumbnail in measured.thumbnails], dtype=np.int64)
    text = json.dumps([measured.reason, measured.kinds]).encode()
    return {
        "content": measured.content,
        "pixels": measured.pixels,
        "text": np.frombuffer(text, dtype=np.uint8),
        "values": measured.values,
        "moments": measured.moments,
        "thumbnail_sizes": sizes,
        "thumbnails": np.frombuffer(b"".join(measured.thumbnails), dtype=np.uint8),
        **{f"signature_{field.name}": getattr(measured.signatures, field.name) for field in fields(Signatures)},
    }


def load_measured(path: Path) -> Measured:
    """Read the file of measurements.

    Raises:
        UserError, ValueError, KeyError: it is missing, damaged, or of another form.
    """
    stored = read_npz(path, mapped=True)
    reason, kinds = json.loads(stored["text"].tobytes())
    ends = np.cumsum(stored["thumbnail_sizes"]).tolist()
    thumbnails = stored["thumbnails"].tobytes()
    return Measured(
        content=stored["content"],
        pixels=stored["pixels"],
        reason=tuple(reason),
        kinds=tuple(tuple((cast(Kind, kind), words) for kind, words in of_file) for of_file in kinds),
        values=stored["values"],
        moments=stored["moments"],
        signatures=Signatures(**{field.name: stored[f"signature_{field.name}"] for field in fields(Signatures)}),
        thumbnails=tuple(thumbnails[start:end] for start, end in zip([0, *ends], ends, strict=False)),
    )
