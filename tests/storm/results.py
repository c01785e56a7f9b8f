"""Results of a run, as digests that are equal only where all bits are."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

Results = dict[str, str]


def results_of(run: Path) -> Results:
    """Return digests of each network's weights, of all probabilities, and of the submission, by name."""
    return weights_of(run) | answers_of(run)


def weights_of(run: Path) -> Results:
    """Return digests by tensor: the order of a file's metadata is random."""
    found = {}
    for path in run.rglob("model.safetensors"):
        name = path.relative_to(run)
        try:
            tensors = safetensors.numpy.load_file(path)
        except (OSError, ValueError, safetensors.SafetensorError):
            found[f"{name}"] = "damaged"
            continue
        found |= {f"{name}:{tensor}": _digest(value) for tensor, value in tensors.items()}
    return found


def answers_of(run: Path) -> Results:
    """Return digests of probabilities and of the submission."""
    found = {}
    for path in sorted(run.rglob("*.npz")):
        if path.name in ("oof.npz", "test.npz"):
            found |= {f"{path.relative_to(run)}:{name}": digest for name, digest in _probabilities(path).items()}
    submission = run / "submission.csv"
    return found | {"submission.csv": file_digest(submission)}


def _probabilities(path: Path) -> Results:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: _digest(file[name]) for name in ("row", "prob")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {"prob": "damaged"}


def file_digest(path: Path) -> str:
    """Return the digest of a file; of nothing where it is missing."""
    return hashlib.blake2b(path.read_bytes() if path.is_file() else b"").hexdigest()[:16]


def differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Return the names of what is missing, additional or different."""
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def remains(*folders: Path) -> list[str]:
    """Return what an interrupted command left and nobody needs: half-written files, and checkpoints."""
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file() or path.is_dir())
    return sorted(path.name for path in found if path.name.endswith(".part") or path.name.startswith("last.ckpt"))


def _digest(array: np.ndarray) -> str:
    head = f"{array.dtype}{array.shape}".encode()
    return hashlib.blake2b(head + np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
