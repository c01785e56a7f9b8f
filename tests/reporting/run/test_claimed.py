"""Section "What is claimed": its lines sum up, its warnings appear where they must, and old runs have none of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.claimed import claim_steps, claimed_section, contradiction, label_free_parts
from sketchfit.reporting.run.headline import headline_section
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.run.statistics import compute_statistics
from sketchfit.runs.run import Run
from tests.factories import make_claim, make_relations


def test_the_changes_lead_from_the_out_of_fold_figure_to_the_claim() -> None:
    steps = claim_steps(make_claim())
    changes = [step.change for step in steps if step.change is not None]
    assert changes == pytest.approx([0.02, 0.05])
    assert steps[0].value + sum(changes) == pytest.approx(steps[-1].value)
    assert steps[-2].value == pytest.approx(steps[-1].value)
    assert [step.interval is not None for step in steps] == [True, False, False, True]


def test_test_drawings_of_known_groups_are_a_step() -> None:
    steps = claim_steps(make_claim(known=0.015))
    assert [step.change for step in steps[1:-1]] == pytest.approx([0.005, 0.015, 0.05])
    assert steps[2].value == pytest.approx(steps[1].value + 0.015)
    assert steps[-2].value == pytest.approx(steps[-1].value)
    assert "+0.5 points for training drawings" in " ".join(make_claim(known=0.015).lines())
    assert "+1.5 points for test rows of known groups" in " ".join(make_claim(known=0.015).lines())


def test_the_lines_without_labels_lead_to_their_result() -> None:
    found = make_claim().label_free
    assert found is not None
    *_, single, averaging, result = label_free_parts(found)
    assert averaging.is_change
    assert single.value + averaging.value == pytest.approx(result.value) == found.accuracy.value
    assert result.interval == found.accuracy


def test_without_test_rows_averaging_is_not_measured() -> None:
    claim = make_claim(test_rows=0, averaging=0.0, label_free=None)
    assert "not measured" in claim_steps(claim)[2].text
    assert contradiction(claim) is None


def test_all_parts_are_in_the_section(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim().write(run)
    make_relations().write(run)
    section = claimed_section(Run.open(run))
    assert section is not None
    for text in ("60.0 %", "+2.0", "+5.0", "67.0 %", "55.0–78.0", "58.0 %", "52.0 %", "2201.04234", "2107.03315"):
        assert text in section.html
    for text in ("name:^(.+)_", "1,200", "42.0 %", "17.0 %", "≤ 0.001", "chosen", "51.0 %", "62.0 %", "drawer"):
        assert text in section.html
    assert 'href="https://arxiv.org/abs/2201.04234"' in section.html
    assert 'class="alarm"' not in section.html
    assert section.html.count("<table") == section.html.count("</table>") == 5


def test_unexplained_ease_of_held_out_drawings_is_a_box(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim().write(run)
    make_relations().model_copy(update={"warning": "more certain in 66 % of all pairs"}).write(run)
    section = claimed_section(Run.open(run))
    assert section is not None
    assert section.html.count('class="alarm"') == 1
    assert "more certain in 66 % of all pairs" in section.html


def test_an_alarm_is_a_box_with_its_causes(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim(alarm=True, causes=("lines are <twice> as wide",)).write(run)
    section = claimed_section(Run.open(run))
    assert section is not None
    assert section.html.count('class="alarm"') == 1
    assert "lines are &lt;twice&gt; as wide" in section.html
    assert "58.0 % (49.0–66.0)" in section.html


@pytest.mark.parametrize(("setting", "boxes"), [("none", 1), ("auto", 0)])
def test_related_rows_that_folds_separate_by_hand_are_a_warning(
    make_run: Callable[..., Path], setting: str, boxes: int
) -> None:
    run = make_run()
    make_claim().write(run)
    make_relations(kept=False, setting=setting).write(run)
    opened = Run.open(run)
    assert opened.relations is not None
    assert opened.relations.separated == ("name:^(.+)_",)
    section = claimed_section(opened)
    assert section is not None
    assert section.html.count('class="alarm"') == boxes


@pytest.mark.parametrize("kept", [True, None])
def test_keys_that_are_kept_or_unknown_are_not_separated(kept: bool | None) -> None:
    assert make_relations(kept=kept).separated == ()


def test_the_headline_has_both_figures_and_an_old_run_has_none(make_run: Callable[..., Path]) -> None:
    run = make_run()

    def headline(**fields: Any) -> str:
        make_claim(**fields).write(run)
        evidence = read_evidence(run)
        return headline_section(evidence, compute_statistics(evidence, resamples=20)).html

    evidence = read_evidence(run)
    old = headline_section(evidence, compute_statistics(evidence, resamples=20)).html
    assert "claim" not in old
    assert claimed_section(evidence.run) is None
    text = headline()
    assert "<b>67.0 %</b>" in text
    assert "<b>58.0 %</b>" in text
    assert "tile bad" not in text
    assert headline(alarm=True).count("tile bad") == 2
    assert "<b>58.0 %</b>" not in headline(label_free=None)


def test_advice_does_not_ignore_an_alarm(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim(alarm=True).write(run)
    text = write_report(run).read_text(encoding="utf-8")
    advice = text[text.index('id="next"') :]
    assert "contradict the claim" in advice[: advice.index("</section>")]
    assert 'href="#claimed"' in text
