"""One byte or one end of any file that a run and its cache hold: it is named or made again, and never used silently.

The files are those that a small run has written, so that a new kind of file is among them at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import BaseModel

from sketchfit.bank.features import open_features
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.models.tensor_file import load_tensors
from sketchfit.reporting.audit.recipe_audit import audit_table
from sketchfit.runs import file_crc
from sketchfit.runs.arrays import read_npz
from sketchfit.runs.artefacts import AuditDone, Finished
from sketchfit.runs.inputs import read_inputs
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from sketchfit.tracking.console import Console
from tests.factories import Cli, open_context, tiny_recipe

SETTINGS = {
    "audit": {"enabled": True},
    "claim": {"enabled": True},
    "inference": {"views": ["hflip"]},
    "calibration": {"method": "temperature"},
    "report": {"enabled": True, "attribution": 0, "robustness": 0, "embedding": 0},
}

NOT_READ = {
    "submission.csv": "for the user; no command reads it",
    "report": "for the user; no command reads it",
    "index.html": "for the user; no command reads it",
    "log.txt": "for the user; no command reads it",
    ".sketchfit": "its presence counts, and its text is for people",
    "CACHEDIR.TAG": "its presence counts, and its text is for other programs",
}
"""Files and folders that hold nothing from which anything is computed."""

COUNTS = pytest.mark.parametrize("count", [2, pytest.param(9, marks=pytest.mark.slow)])
"""Damages of each file."""


@pytest.fixture(scope="module")
def made(drawn: Path, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished run and its own cache."""
    import yaml

    folder = tmp_path_factory.mktemp("damage")
    recipe = tiny_recipe(SETTINGS | {"data": {"cache": str(folder / "cache"), "channels": 1}})
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    status, _, errors = cli("run", drawn, "--recipe", folder / "recipe.yaml", "--out", folder / "run")
    assert status == 0, errors
    return folder / "run", folder / "cache"


def plain(value: Any) -> Any:
    """A value as what can be compared."""
    if isinstance(value, np.ndarray | torch.Tensor):
        return str(value.dtype), tuple(value.shape), np.asarray(value).tobytes()
    if isinstance(value, pd.DataFrame):
        return value.to_csv()
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def read_run(path: Path) -> Any:
    """Everything that commands read of a run's folder."""
    run = Run.open(path)
    names = [name for name, kind in vars(Run).items() if isinstance(kind, property | cached_property)]
    found: dict[str, Any] = {name: getattr(run, name) for name in sorted(names)}
    found |= {split: run.oof() if split == "oof" else run.test() for split in ("oof", "test")}
    found |= {"audit": AuditDone.read(path), "finished": Finished.read(path), "inputs": read_inputs(run.folder.inputs)}
    for archive in sorted(path.glob("audit/*.npz")):
        found[archive.name] = read_npz(archive)
    for folder in sorted(path.glob("members/*/fold*")):
        network = NetworkFolder(folder)
        views = {split: network.views(split, network.done.fingerprint) for split in ("oof", "test")}
        parts = [network.done, network.history(), network.probabilities("oof"), network.probabilities("test"), views]
        found[network.name] = [*parts, load_tensors(network.weights)]
    return plain({name: one for name, one in found.items() if name not in ("folder", "plan", "tables")})


def read_cache(data: Path, cache: Path) -> Any:
    """Everything that the cache holds, made again where it is damaged."""
    recipe = load_recipe(tiny_recipe(SETTINGS | {"data": {"cache": str(cache), "channels": 1}}))
    context, members = open_context(cache.parent / "other", data, recipe)
    (member,) = members.values()
    stores = member.train, member.test
    features = open_features(recipe, context.table, stores, context.engine.device, Console("none"))
    audit = audit_table(context.table, recipe, Console("none"))
    assert features is not None
    images = [(one.images, one.paper, one.errors, one.damage) for one in stores]
    return plain([images, features.train, features.test, audit.traits, audit.copies])


def damages(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names of nine damages, and the content after them."""
    yield "half", content[: len(content) // 2]
    for share in (0.6, 0.0, 0.2, 0.4, 0.8, 1.0):
        place = int(share * (len(content) - 1))
        yield f"byte {place}", content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :]
    yield "end", content[:-1]
    yield "empty", b""


def files_of(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    return [path for path in found if not {*path.relative_to(folder).parts} & NOT_READ.keys()]


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)
    file_crc._VERIFIED.clear()  # a byte that changes within the resolution of the clock is not seen a second time


def attempt(read: Callable[[], Any]) -> tuple[Any, UserError | None]:
    try:
        return read(), None
    except UserError as error:
        return None, error


def never_used_silently(
    folder: Path, read: Callable[[], Any], caplog: pytest.LogCaptureFixture, count: int
) -> dict[str, int]:
    """Damage each file in `count` ways; return how many damages of each were seen."""
    expected, seen = read(), dict[str, int]()
    for path in files_of(folder):
        content, name = path.read_bytes(), str(path.relative_to(folder))
        seen[name] = 0
        for what, damaged in islice(damages(content), count):
            replace(path, damaged)
            caplog.clear()
            found, refused = attempt(read)
            if refused is not None:
                text = f"{refused} {caplog.text}"
                assert name in text or str(path.parent) in text, (name, what, text)
                assert refused.hint, (name, what)
                seen[name] += 1
            elif found == expected:
                seen[name] += path.read_bytes() != damaged or path.name in caplog.text
            else:  # views are computed again by their stage
                assert f"{path} is damaged" in caplog.text, (name, what)
                seen[name] += 1
            replace(path, content)
    return seen


@COUNTS
def test_damage_in_a_run_is_named(made: tuple[Path, Path], caplog: pytest.LogCaptureFixture, count: int) -> None:
    caplog.set_level(logging.WARNING, "sketchfit")
    seen = never_used_silently(made[0], lambda: read_run(made[0]), caplog, count)
    assert {name for name, times in seen.items() if times < (count + 1) // 2} == set()
    assert {".json", ".yaml", ".npz", ".parquet", ".safetensors", ".csv"} == {Path(name).suffix for name in seen}


@COUNTS
def test_damage_in_a_cache_is_made_again(
    made: tuple[Path, Path], drawn: Path, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    caplog.set_level(logging.WARNING, "sketchfit")
    seen = never_used_silently(made[1], lambda: read_cache(drawn, made[1]), caplog, count)
    assert {name for name, times in seen.items() if times < (count + 1) // 2} == set()
    assert {".json", ".npz", ".npy"} == {Path(name).suffix for name in seen}
