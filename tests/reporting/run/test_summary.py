from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.advice.collect import SectionResults, collect_findings
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.compare_slices import Slice
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.run.slices import SliceResults
from sketchfit.reporting.run.statistics import compute_statistics
from sketchfit.reporting.run.summary import summarise
from sketchfit.reporting.run.summary_html import summary_html
from sketchfit.runs.artefacts import RunSummary
from tests.factories import make_claim


def _summary(run: Path, slices: SliceResults | None = None, **changed: Any) -> RunSummary:
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, 20), slices or SliceResults(), None, [])
    found = replace(collect_findings(evidence, results), **changed)
    return summarise(evidence, results, found, give_advice(found, evidence.run.recipe))


def test_the_claim_is_the_first_figure(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim().write(run)
    summary = _summary(run)
    assert (summary.expected.value, summary.subject, summary.claimed) == (0.67, "the 30 test drawings", True)
    html = summary_html(summary, "report/index.html").replace("\u00a0", " ")
    for text in ("<b>67.0 %</b>", "55.0 %", "78.0 %", "60.0 % on 120", "16.7 %", "58.0 %"):
        assert text in html
    assert 'href="report/index.html#next"' in html
    assert "the two agree" in html
    assert "Trust the lower figure" in summary_html(summary.model_copy(update={"alarm": True}))


@pytest.mark.parametrize("gain", [0.0, 0.05])
def test_averaging_is_mentioned_where_networks_are_averaged(make_run: Callable[..., Path], gain: float) -> None:
    run = make_run()
    make_claim(averaging=gain).write(run)
    assert ("averages networks" in summary_html(_summary(run))) == (gain > 0)


def test_without_a_claim_the_held_out_drawings_are_the_first_figure(make_run: Callable[..., Path]) -> None:
    run = make_run()
    summary = _summary(run)
    assert not summary.claimed
    assert summary.expected.value == pytest.approx(read_evidence(run).correct.mean())
    assert any("no claim" in one for one in summary.untested)
    assert any("no test set" in one for one in summary.untested)
    assert "of the held-out drawings are right" in summary_html(summary)


def test_what_fails_is_named_and_escaped(make_run: Callable[..., Path]) -> None:
    run = make_run()
    with np.load(run / "ensemble" / "oof.npz") as file:
        row, prob = file["row"], file["prob"].copy()
    prob[:20] = np.eye(6, dtype=np.float32)[1]  # all drawings of the first class are predicted as the second
    np.savez(run / "ensemble" / "oof.npz", row=row, prob=prob)
    slices = SliceResults((Slice("contrast", "44 to 201", Estimate(0.4, 0.3, 0.5, 40), -0.3, 1e-6, 1e-5),))
    summary = _summary(run, slices)
    weak, pair, part = summary.weaknesses
    assert (weak.subject, weak.anchor) == ("class <0>", "classes")
    assert weak.text.startswith("0 % of 20 drawings")
    assert pair.subject == "class <0> and class <1>"
    assert (part.subject, part.anchor) == ("contrast, 44 to 201", "slices")
    assert "30.0 points fewer" in part.text
    html = summary_html(summary)
    assert "class &lt;0&gt;" in html
    assert "class <" not in html


def test_of_a_run_that_learnt_nothing_no_part_is_named(make_run: Callable[..., Path]) -> None:
    summary = _summary(make_run(), accuracy=Estimate(0.2, 0.14, 0.28, 120))
    (weak,) = summary.weaknesses
    assert weak.subject == "All classes"
    assert summary.next_step is not None
    assert summary.next_step.title == "The networks do not learn."


def test_a_run_without_weakness_and_advice(make_run: Callable[..., Path]) -> None:
    run = make_run()
    evidence = read_evidence(run)
    np.savez(
        run / "ensemble" / "oof.npz",
        row=np.arange(120),
        prob=np.eye(6, dtype=np.float32)[evidence.label],
    )
    summary = _summary(run, curves=())
    assert summary.weaknesses == ()
    html = summary_html(summary)
    assert "No class" in html


def test_the_report_begins_with_it_and_keeps_it(make_run: Callable[..., Path]) -> None:
    run = make_run()
    page = write_report(run)
    text = page.read_text(encoding="utf-8")
    assert text.index('id="summary"') < text.index('id="headline"')
    kept = RunSummary.read(run)
    assert kept.next_step is None or kept.next_step.title in text
    overview = (run / "index.html").read_text(encoding="utf-8")
    assert 'class="answer"' in overview
    assert 'href="report/index.html#next"' in overview
    data = json.loads((run / RunSummary.PLACE).read_text())
    assert data["out_of_fold"]["n"] == 120
