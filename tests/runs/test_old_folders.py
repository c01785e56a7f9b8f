"""What commit 59e3438 wrote is of use to today's commands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sketchfit.api.compare import compare
from sketchfit.api.fit import fit
from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.api.score import score
from sketchfit.api.submit import submit
from sketchfit.commands.continue_run import continue_run
from sketchfit.commands.ensemble import combine
from sketchfit.commands.export import export
from sketchfit.commands.submit import check
from sketchfit.errors import UserError
from sketchfit.reporting.comparing.settings import differing_settings
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.runs_list import list_runs
from sketchfit.runs.run import Run


@pytest.mark.parametrize(
    ("folder", "distilled", "expected"),
    [("run", False, "predict.csv"), ("run", True, "distilled.csv"), ("fit", False, "fit.csv")],
)
def test_it_predicts_the_same(old: Path, folder: str, distilled: bool, expected: str) -> None:
    frame = predict(old / folder, old / "data" / "test", distilled=distilled).fillna("").astype(str)
    known = pd.read_csv(old / "expected" / expected, dtype=str, keep_default_na=False)
    same = ["image", "label", "name", "error"]
    assert frame[same].equals(known[same])
    found, wanted = (one["probability"].astype(float) for one in (frame, known))
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=2e-6)


def test_an_ensemble_has_no_networks_to_predict_with(old: Path) -> None:
    with pytest.raises(UserError):
        predict(old / "both", old / "data" / "test")


def test_it_submits_the_same(old: Path) -> None:
    for folder in ("run", "both"):
        before = (old / folder / "submission.csv").read_bytes()
        (old / folder / "submission.csv").unlink()
        assert submit(old / folder, probabilities=old / "prob.csv").read_bytes() == before
        assert check(old / folder) == []
    assert list(pd.read_csv(old / "prob.csv").columns[2:]) == list(Run.open(old / "run").table.class_names)


def test_it_is_scored(old: Path) -> None:
    found = score(old / "run", old / "data" / "test_labels.csv")
    assert (found.top1.value, found.top5.value) == (pytest.approx(2 / 12), 1.0)
    assert found.claimed is None


def test_it_reports(old: Path) -> None:
    page = write_report(old / "run", overrides=["report.attribution=0", "report.robustness=0"])
    text = page.read_text(encoding="utf-8")
    assert "27.5 %" in text
    assert "uniform soup of 2" in text


def test_it_compares_with_itself(old: Path) -> None:
    (against,) = compare([old / "run", old / "run"], old / "compare.html").differences
    assert (against.top1.value, len(against.gained), len(against.lost)) == (0.0, 0, 0)
    evidence = read_evidence(old / "run")
    assert differing_settings([evidence, evidence]) == []
    names = {line.name: line.networks for line in list_runs(old)}
    assert names == {"run": 4, "fit": 1, "both": 0}


def test_it_is_exported(old: Path) -> None:
    pytest.importorskip("onnxruntime")
    found = export(old / "run", old / "net.onnx", member="a+distilled")
    assert found["network"].endswith("a+distilled/fold0")
    assert export(old / "fit", old / "fit.onnx")["output"] == "probabilities: float32 [N, 4]"


def test_it_joins_an_ensemble(old: Path) -> None:
    combine([old / "run"], old / "new", {old / "run" / "submission.csv": 0.5})
    new = Run.open(old / "new", kind="ensemble")
    before = Run.open(old / "both")
    assert new.oof().prob.tobytes() == before.oof().prob.tobytes()
    assert new.test().prob.tobytes() == before.test().prob.tobytes()
    assert new.rows.group.tolist() == before.rows.group.tolist()


def test_folders_of_another_kind_are_left_alone(old: Path) -> None:
    recipe, data = Run.open(old / "fit").recipe.model_dump(mode="json"), old / "data"
    files = {path: path.stat().st_mtime_ns for path in old.rglob("*")}
    for attempt in (
        lambda: fit(data, recipe, out=old / "run"),
        lambda: run(data, recipe, out=old / "fit"),
        lambda: run(data, recipe, out=old / "both"),
        lambda: continue_run(old / "fit", {"soup": {"members": "uniform"}}),
        lambda: combine([old / "run", old / "both"], old / "fit"),
    ):
        with pytest.raises(UserError) as caught:
            attempt()
        assert "made by" in caught.value.problems[0]
    assert {path: path.stat().st_mtime_ns for path in old.rglob("*")} == files
