from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.advice.collect import SectionResults, collect_findings
from sketchfit.reporting.run.advice.findings import ConfusedClasses, LackingClasses
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.advice.recommendation import Advice
from sketchfit.reporting.run.compare_slices import Slice
from sketchfit.reporting.run.robustness import Robustness
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.run.slices import SliceResults
from sketchfit.reporting.run.statistics import compute_statistics
from sketchfit.reporting.run.summary import summarise
from sketchfit.reporting.run.summary_html import summary_html
from sketchfit.runs.artefacts import AuditFindings, RunSummary
from tests.factories import make_claim


def _summary(
    run: Path, slices: SliceResults | None = None, robustness: Robustness | None = None, **changed: Any
) -> RunSummary:
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, 20), slices or SliceResults(), robustness, [])
    found = replace(collect_findings(evidence, results), **changed)
    return summarise(evidence, results, found, give_advice(found, evidence.run.recipe))


def test_the_claim_is_the_first_figure(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim().write(run)
    summary = _summary(run)
    assert (summary.expected.value, summary.subject, summary.claimed) == (0.67, "the 30 test drawings", True)
    html = summary_html(summary, "report/index.html").replace("\u00a0", " ")
    for text in ("<b>67.0 %</b>", "55.0 %", "78.0 %", "60.0 % of 120", "16.7 %", "58.0 %"):
        assert text in html
    assert 'href="report/index.html#next"' in html
    assert "two agree" in html
    assert "Trust the lower figure" in summary_html(summary.model_copy(update={"alarm": True}))


@pytest.mark.parametrize("gain", [0.0, 0.0004, 0.05])
def test_averaging_is_mentioned_where_networks_are_averaged(make_run: Callable[..., Path], gain: float) -> None:
    run = make_run()
    make_claim(averaging=gain).write(run)
    html = summary_html(_summary(run))
    assert ("should add 5.0 points" in html) == (gain == 0.05)
    assert ("averages 4 networks" in html) == (gain == 0.05)


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


def test_where_no_class_is_weak_the_lowest_are_named(make_run: Callable[..., Path]) -> None:
    run = make_run()
    evidence = read_evidence(run)
    answer = evidence.label.copy()
    answer[np.flatnonzero(answer == 2)[:2]] = (0, 3)
    answer[np.flatnonzero(evidence.label == 4)[:1]] = 1
    np.savez(run / "ensemble" / "oof.npz", row=np.arange(120), prob=np.eye(6, dtype=np.float32)[answer])
    (lowest,) = _summary(run).weaknesses
    assert lowest.subject == "Lowest classes"
    assert lowest.text.startswith("class <2> 18 of 20, class <4> 19 of 20")
    assert "chance" in lowest.text


def test_the_change_that_costs_most_is_named(make_run: Callable[..., Path]) -> None:
    change = Difference(-0.4, -0.5, -0.3, 0.001, 120)
    changes = {
        "inverted": (Estimate(0.2, 0.1, 0.3, 120), change),
        "thinned": (Estimate(0.4, 0.3, 0.5, 120), replace(change, value=-0.2)),
        "turned by 180°": (Estimate(0.1, 0.0, 0.2, 120), replace(change, value=-0.5)),  # rare in practice
    }
    *_, last = _summary(make_run(), robustness=Robustness(Estimate(0.6, 0.5, 0.7, 120), changes)).weaknesses
    assert (last.subject, last.anchor) == ("Drawings that are inverted", "robustness")
    assert last.text.startswith("20.0 % are right, 40.0 points fewer")


def test_the_first_command_is_named_where_the_first_recommendation_has_none(make_run: Callable[..., Path]) -> None:
    run = make_run()
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, 20), SliceResults(), None, [])
    found = collect_findings(evidence, results)
    plain = Advice("a", *map(Markup, ("First.", "Seen.", "look", "rule")), tool="", unknown="why", anchor="errors")
    runs = replace(plain, name="b", title=Markup("Second."), action=Markup("train"), tool="run", settings=("seed=3",))
    summary = summarise(evidence, results, found, [plain, runs])
    assert summary.next_step is not None
    assert summary.command_step is not None
    assert (summary.next_step.title, summary.command_step.title) == ("First.", "Second.")
    html = summary_html(summary, "report/index.html")
    assert "Seen. Look." in html
    assert 'href="report/index.html#errors"' in html
    assert "To run now" in html
    assert "seed=3" in html
    assert summarise(evidence, results, found, [runs, plain]).command_step is None
    assert summarise(evidence, results, found, [plain]).command_step is None


def test_test_drawings_with_a_copy_in_training_are_a_limit(make_run: Callable[..., Path]) -> None:
    run = make_run()
    assert not any("near-copy" in one for one in _summary(run).untested)
    counts = {"near_duplicates": {"counts": {"test_images_with_training_copy": 2}}}
    AuditFindings.model_validate(counts).write(run)
    assert any(one.startswith("2 test drawings have a near-copy") for one in _summary(run).untested)


@pytest.mark.parametrize(("label_free", "large"), [(0.58, "58.0 %"), (0.76, "67.0 %")])
def test_of_two_estimates_that_disagree_the_lower_is_the_large_one(
    make_run: Callable[..., Path], label_free: float, large: str
) -> None:
    run = make_run()
    make_claim().write(run)
    given = {"alarm": True, "label_free": Estimate(label_free, label_free - 0.05, label_free + 0.05, 30)}
    html = summary_html(_summary(run).model_copy(update=given)).replace("\u00a0", " ")
    assert f"<b>{large}</b>" in html
    assert "contradict" in html
    assert "With 95 % confidence" not in html
    assert "two agree" not in html


@pytest.mark.parametrize(("half", "wide"), [(0.15, True), (0.01, False)])
def test_wide_intervals_that_agree_show_little(make_run: Callable[..., Path], half: float, wide: bool) -> None:
    run = make_run()
    make_claim().write(run)
    given = {name: Estimate(0.6, 0.6 - half, 0.6 + half, 30) for name in ("expected", "label_free")}
    html = summary_html(_summary(run).model_copy(update=given))
    assert ("which are wide" in html) is wide


def test_a_run_of_classes_that_no_network_had_learnt_says_so(make_run: Callable[..., Path]) -> None:
    (weak,) = _summary(make_run(), lacking=LackingClasses(("a",), 120, 0)).weaknesses
    assert weak.subject == "All classes"
    assert "no network was trained" in weak.text


def test_the_first_pair_beyond_chance_is_named(make_run: Callable[..., Path]) -> None:
    copied = ConfusedClasses("a", "b", 20, 40, units=1, chance=0.07)
    found = ConfusedClasses("c", "d", 15, 40, units=15, chance=0.07)
    weaknesses = _summary(make_run(), pairs=(copied, found), wrong=30).weaknesses
    assert [one.subject for one in weaknesses if one.anchor == "confusions"] == ["c and d"]
