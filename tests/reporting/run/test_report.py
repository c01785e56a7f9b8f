from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.inference.expected_accuracy import calibrated_confidence, estimate_test_accuracy
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.kit.page import embedded_json, render
from sketchfit.reporting.run.gallery import choose_errors
from sketchfit.stages import report as report_module
from sketchfit.stages.context import RunState
from sketchfit.stages.report import report, write_report
from sketchfit.tracking.console import Console
from tests.factories import make_context, make_table

QUIET = Console("none")


def _data(page: Path) -> dict:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found.group(1))


def test_the_page_is_whole(make_run: Callable[..., Path]) -> None:
    page = write_report(make_run(), QUIET)
    text = page.read_text(encoding="utf-8")
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "<b>" not in re.sub(r'<div class="tile">.*?</div>', "", text, flags=re.S)
    assert "class &lt;1&gt;" in text  # names of classes are text, never markup
    for link in re.findall(r'href="([^"#][^"]*)"', text):
        assert link.startswith("data:") or (page.parent / link).is_file(), link
    anchors = set(re.findall(r'href="#([^"]+)"', text))
    assert anchors <= set(re.findall(r'id="([^"]+)"', text))
    data = _data(page)
    assert len(data["rows"]["label"]) == 120
    assert data["matrix"]["order"] != []
    assert sum(n for _, _, n in data["matrix"]["cells"]) == 120


def test_figures_are_those_of_the_probabilities(make_run: Callable[..., Path]) -> None:
    run = make_run()
    evidence = read_evidence(run)
    text = write_report(run, QUIET).read_text(encoding="utf-8")
    assert f"<b>{100 * evidence.correct.mean():.1f} %</b>" in text
    assert {"ensemble", "member0", "member1"} <= set(re.findall(r"<tr><td>(\w+)</td>", text))


def test_sprites_go_to_files_when_they_are_too_large_together(make_run: Callable[..., Path]) -> None:
    page = write_report(make_run(), QUIET, overrides=["report.inline_megabytes=0"])
    for uri in _data(page)["sprites"]:
        assert (page.parent / uri).is_file()
    again = write_report(page.parent.parent, QUIET)
    assert not (again.parent / "drawings").exists()


def test_a_failing_report_never_loses_a_run(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    recipe = report_module._recipe(read_evidence(run), [])

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr(report_module, "write_report", broken)
    context = replace(make_context(run, recipe, make_table()), console=Console("plain"))
    report(context, RunState())
    assert "warning: the report could not be written: RuntimeError: no space left" in capsys.readouterr().out


def test_what_is_no_run_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        write_report(tmp_path, QUIET)


def test_missing_drawings_are_said_so(make_run: Callable[..., Path]) -> None:
    run = make_run()
    for image in (run.parent / "data" / "train").iterdir():
        image.unlink()
    with pytest.raises(UserError, match=r"drawings of .* are not in"):
        write_report(run, QUIET)


def test_one_unreadable_drawing_is_a_crossed_picture(make_run: Callable[..., Path]) -> None:
    run = make_run()
    (run.parent / "data" / "train" / "003.png").write_bytes(b"broken")
    assert write_report(run, QUIET).is_file()


def test_gallery_holds_the_worst_of_each_kind(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    shown = choose_errors(evidence, 10)
    by_place = {one.place: one.reasons for one in shown}
    wrong = np.flatnonzero(~evidence.correct)
    assert len(shown) == 10
    assert "loss" in by_place[int(wrong[evidence.loss[wrong].argmax()])]
    assert "confidence" in by_place[int(wrong[evidence.confidence[wrong].argmax()])]
    assert "disagreement" in by_place[int(evidence.disagreement.argmax())]


def test_disagreement_is_0_for_equals_and_1_for_opposites() -> None:
    from sketchfit.reporting.evidence import disagreement

    sure = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    other = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert disagreement([sure, other]) == pytest.approx([0.0, 1.0], abs=1e-6)


def test_json_can_stand_inside_a_script() -> None:
    nasty = "</script><!-- \u2028 & 'ü'"
    text = str(embedded_json({"a": nasty, "b": np.arange(2)}))
    assert "<" not in text
    assert json.loads(text) == {"a": nasty, "b": [0, 1]}


def test_templates_escape_text() -> None:
    html = render("slices", slices=[], found=[], note="<script>", weak=0, bar=str)
    assert "&lt;script&gt;" in html


def test_test_accuracy_is_estimated_within_its_interval() -> None:
    """Answers drawn from the very probabilities, then sharpened: calibration must undo it."""
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = rng.dirichlet(np.full(8, 0.25), 1600)
        label = (true.cumsum(1) > rng.random(1600)[:, None]).argmax(1)
        sharp = true**2.5
        prob = (sharp / sharp.sum(1, keepdims=True)).astype(np.float32)
        oof, test = slice(0, 900), slice(900, None)
        calibrated, calibrator = calibrated_confidence(prob[oof], label[oof], np.arange(900) % 5)
        found = estimate_test_accuracy(calibrated, label[oof], None, np.asarray(calibrator.apply(prob[test])))
        hits += found.low <= (prob[test].argmax(1) == label[test]).mean() <= found.high
    assert hits >= 17
