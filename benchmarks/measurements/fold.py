"""One fold: from the command to its out-of-fold probabilities on disk, everything included."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.case import Case
from benchmarks.measure import Candidate, Column, Measurement


def measurements(case: Case) -> list[Measurement]:
    return [
        Measurement(
            "One fold, from the command to out-of-fold probabilities on disk",
            f"Fold 0 of five, copies kept together, {case.epochs} epochs of full batches of {case.batch}: the same "
            "rows and as many images seen. Start-up, decoding (nothing cached), sketchfit's audit, autotune and linear "
            "probe count (the probe looks at each row twice more, without a backward pass). timm: a script around its "
            "loader at its defaults, same optimizer, schedule and smoothing.",
            "seconds",
            (
                Candidate("sketchfit run", f"{__name__}:sketchfit"),
                Candidate("timm's loop at its defaults", f"{__name__}:timm"),
            ),
            higher_is_better=False,
            subject="sketchfit run",
            columns=(
                Column("top1", "out-of-fold top-1, %"),
                Column("rows", "n", "{:.0f}"),
                Column("end", "to the end of the process, s"),
            ),
            prepare=f"{__name__}:prepare",
        )
    ]


def settings(case: Case) -> dict[str, object]:
    return {
        "model.backbone": case.backbone,
        "model.weights": case.weights,
        "model.input_size": case.size,
        "training.epochs": case.epochs,
        "training.batch_size": case.batch,
        "compute.device": "cpu",
        "compute.threads": case.threads,
        "folds.train": "[0]",
        "report.enabled": "false",
    }


def overrides(case: Case) -> list[str]:
    return [f"{key}={value}" for key, value in settings(case).items()]


def prepare(case: Case) -> None:
    """The rows of the fold, for the script that has no folds of its own: `fold.npz` and `fold.json` in scratch."""
    from sketchfit.config.load import load_recipe
    from sketchfit.runs.folder import RunFolder
    from sketchfit.stages.audit import audit
    from sketchfit.stages.context import RunContext, RunState
    from sketchfit.stages.decode import decode
    from sketchfit.stages.split import make_folds
    from sketchfit.stages.tables import load_table
    from sketchfit.tracking.console import Console
    from sketchfit.training.engine import make_engine

    scratch = Path(case.scratch)
    recipe = load_recipe("cpu", [*overrides(case), f"data.cache={scratch / 'stores'}"])
    table = load_table(Path(case.fold_data), recipe)
    engine = make_engine(recipe.compute)
    context = RunContext(RunFolder(scratch), recipe, table, engine, Console("none"))
    state = audit(context, decode(context, RunState()))
    (member,) = state.members.values()
    fold = make_folds(table, member.train.readable, state.group, recipe)[0][0]
    paths = [str(table.root / path) for path in table.train.paths]
    np.savez(scratch / "fold.npz", path=paths, label=table.label, train=fold.train, valid=fold.valid)
    (scratch / "fold.json").write_text(case.to_json())


def sketchfit(case: Case) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        out = Path(folder) / "run"
        sets = [f"--set={text}" for text in [*overrides(case), f"data.cache={Path(folder) / 'cache'}"]]
        command = ["-m", "sketchfit", "run", case.fold_data, "--recipe", "cpu", "--out", str(out), *sets]
        return timed(case, command, out, "members/*/fold0/oof.npz")


def timm(case: Case) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        scratch, out = Path(case.scratch), Path(folder)
        files = [str(scratch / "fold.json"), str(scratch / "fold.npz"), str(out / "oof.npz")]
        return timed(case, ["-m", "benchmarks.peers.timm_fold", *files], out, "oof.npz")


def timed(case: Case, command: Sequence[str], out: Path, pattern: str) -> dict[str, float]:
    """Seconds until the probabilities lay on disk, and how many of them are right."""
    began = time.time()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    ended = time.time()
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip()[-2000:])
    (oof,) = out.glob(pattern)
    written = oof.stat().st_mtime
    with np.load(oof) as file, np.load(Path(case.scratch) / "fold.npz") as fold:
        row, prob, label, valid = file["row"], file["prob"], fold["label"], fold["valid"]
    if not np.array_equal(np.sort(row), np.sort(valid)):
        raise RuntimeError("the two folds are not the same rows")
    right = float((prob.argmax(axis=1) == label[row]).mean())
    return {"value": written - began, "end": ended - began, "top1": 100 * right, "rows": len(row)}
