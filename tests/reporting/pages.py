"""One page of each kind, with every section that can be made without a network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sketchfit.api.compare import compare
from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.reporting.ablation import VariantResult, ablation_table
from sketchfit.reporting.ablation_page import ablation_page
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.reporting.audit.relations_card import show_relations
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.scout_page import scout_page
from sketchfit.reporting.search_page import search_page
from sketchfit.reporting.site.page_facts import page_facts
from sketchfit.runs.artefacts import (
    Environment,
    PlanAnswer,
    PlanDecision,
    PlanExpectation,
    PlannedUnit,
    RunClock,
    RunPlan,
)
from sketchfit.runs.estimates import Estimate
from tests.auditing.audit_sets import jpeg, make_table, png, scribble
from tests.factories import make_choices, make_claim, make_relations, write_run
from tests.stages.scout.made import make_figures, make_record
from tests.stages.search.made import make_search

KINDS = ("overview", "audit", "report", "compare", "ablation", "scout", "search")


ODD_NAMES = [
    "x" * 200,
    "سيارة سباق",
    "한국어 이름",
    "\"quoted\" & 'single'",
    "<script>alert(1)</script>",
    "a b c " * 33,
]
"""Names of classes that do not fit a line, run from right to left, or look like a part of a page."""


def write_pages(folder: Path) -> dict[str, Path]:
    """Write a page of each kind below a folder; return where they are."""
    report = _report(folder / "report")
    return {
        "overview": report.parents[1] / "index.html",
        "audit": _audit(folder / "audit"),
        "report": report,
        "compare": _comparison(folder / "compare"),
        "ablation": _written(folder / "ablation.html", _ablation()),
        "scout": _written(folder / "scout.html", _scout()),
        "search": _written(
            folder / "search.html", search_page(make_search(), "Search on data", page_facts("search", {}))
        ),
    }


def _written(page: Path, text: str) -> Path:
    page.write_text(text, encoding="utf-8")
    return page


def _audit(folder: Path) -> Path:
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 3}/{k}.JPEG": (k % 3, jpeg(scribble(k))) for k in range(15)
    }
    train["train/c1/a_copy_with_quite_a_long_name_that_has_to_be_broken.JPEG"] = (1, jpeg(scribble(0)[:, ::-1]))
    test = {"test/0.png": png(scribble(1)), "test/bad.png": b""}
    audit = run_audit(make_table(folder / "data", train, test), AuditSettings(), folder / "cache")
    write_audit_page(folder / "page.html", audit)
    show_relations(folder / "page.html", make_relations())
    return folder / "page.html"


def _report(folder: Path) -> Path:
    run = write_run(folder / "run", folder / "data")
    state = json.loads((run / "state.json").read_text(encoding="utf-8"))
    (run / "state.json").write_text(json.dumps(state | {"class_names": ODD_NAMES}), encoding="utf-8")
    Environment(python="3.11", command="sketchfit run data --set a=1", packages={"torch": "2"}).write(run)
    make_choices().write(run)
    make_claim(alarm=True, causes=("the drawings differ",)).write(run)
    make_relations(kept=False, setting="none").write(run)
    _plan().write(run)
    RunClock(used=580.0).write(run)
    return write_report(run)


def _plan() -> RunPlan:
    units = (
        PlannedUnit(key="small", kind="bank", member="small", status="done", estimated=40, actual=30, started_at=20),
        PlannedUnit(key="net/fold0", kind="network", member="net", epochs=6, estimated=200, status="dropped"),
    )
    answer = PlanAnswer(at=60, top1=Estimate(0.4, 0.35, 0.45, 120), networks=5, members=("small",))
    return RunPlan(
        seconds=600.0,
        units=units,
        answers=(answer,),
        decisions=(PlanDecision(at=1.0, text="two networks at once"),),
        measurements={"images per second": 120.0},
        expected=PlanExpectation(value=0.5, low=0.4, high=0.6),
        left_out=("the report",),
    )


def _comparison(folder: Path) -> Path:
    runs = [write_run(folder / name, folder / "data", seed) for seed, name in enumerate("abc")]
    compare(runs, folder / "page.html")
    return folder / "page.html"


def _ablation() -> str:
    names = ["base", "loss=focal", "transforms.mixing={mixup_alpha: 0.2, cutmix_alpha: 1.0}"]
    base, *variants = (
        VariantResult(name, np.random.default_rng(seed).random((2, 200)) < 0.5, 100.0, 5.0 + seed)
        for seed, name in enumerate(names)
    )
    return ablation_page(ablation_table(base, variants), "Ablation", page_facts("ablate", {}))


def _scout() -> str:
    options = (
        make_figures("one at 64 px", tuned_top1=make_figures().bank_top1, tuned_epochs=1, sketch_top1=30.0),
        make_figures("two at 64 px", 0.4, backbone="test_vit"),
        make_figures("three at 64 px", None, train_seconds=None, ms_per_image=None, left_out="no time for it"),
    )
    return scout_page(make_record(options))
