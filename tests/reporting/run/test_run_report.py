from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run import report_content, shown_rows, slices
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.run import Run
from sketchfit.tracking.history import write_history


def _data(page: Path) -> dict:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found.group(1))


def test_the_page_is_complete_and_loads_nothing(make_run: Callable[..., Path]) -> None:
    run = make_run()
    (run / "submission.csv").write_text("id,label\n")
    page = write_report(run)
    text = page.read_text(encoding="utf-8")
    assert 'href="../submission.csv">submission.csv' in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    for link in re.findall(r'href="([^"#][^"]*)"', text):
        assert link.startswith("data:") or (page.parent / link).is_file(), link
    identifiers = re.findall(r' id="([^"]+)"', text)
    assert len(set(identifiers)) == len(identifiers)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(identifiers)
    data = _data(page)
    assert len(data["rows"]["label"]) == 120
    assert sorted(data["matrix"]["order"]) == list(range(6))
    assert sum(count for _, _, count in data["matrix"]["cells"]) == 120


def test_names_of_classes_are_text(make_run: Callable[..., Path]) -> None:
    text = write_report(make_run()).read_text(encoding="utf-8")
    assert "class &lt;1&gt;" in text
    assert "class <" not in text


def test_figures_are_those_of_the_probabilities(make_run: Callable[..., Path]) -> None:
    run = make_run()
    evidence = read_evidence(run)
    text = write_report(run).read_text(encoding="utf-8")
    assert f"<b>{100 * evidence.correct.mean():.1f} %</b>" in text
    assert {"ensemble", "member0", "member1"} <= set(re.findall(r"<tr><td>(\w+)</td>", text))


def test_sprites_that_are_too_large_together_are_files(make_run: Callable[..., Path]) -> None:
    page = write_report(make_run(), overrides=["report.inline_megabytes=0"])
    for uri in _data(page)["sprites"]:
        assert (page.parent / uri).is_file()
    again = write_report(page.parent.parent)
    assert not (again.parent / "drawings").exists()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        write_report(tmp_path)


def test_missing_drawings_are_reported(make_run: Callable[..., Path]) -> None:
    run = make_run()
    for image in (run.parent / "data" / "train").iterdir():
        image.unlink()
    with pytest.raises(UserError, match=re.escape(str(run.parent / "data"))):
        write_report(run)


def test_an_unreadable_drawing_does_not_stop_the_report(make_run: Callable[..., Path]) -> None:
    run = make_run()
    (run.parent / "data" / "train" / "003.png").write_bytes(b"broken")
    assert write_report(run).is_file()


def test_a_network_that_fails_leaves_its_section_out(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such layer")

    caplog.set_level("INFO")
    monkeypatch.setattr("sketchfit.reporting.run.report_content.answers_to_changes", broken)
    page = write_report(make_run(), overrides=["report.robustness=20"])
    assert "RuntimeError: no such layer" in caplog.text
    text = page.read_text(encoding="utf-8")
    assert 'id="robustness"' not in text
    assert 'id="slices"' in text


def test_networks_without_epochs_are_listed(make_run: Callable[..., Path]) -> None:
    run = make_run()
    for history in run.glob("members/*/*/history.csv"):
        write_history(history, [])
    text = write_report(run).read_text(encoding="utf-8")
    assert "member0/fold0" in text


def test_a_report_opens_nothing_outside_the_data_folder(make_run: Any, tmp_path: Path) -> None:
    run = make_run()
    rows = Run.open(run).rows
    root = Run.open(run).table.root
    outside = tmp_path / "private.png"
    (root / rows.paths[0]).rename(outside)
    (root / rows.paths[0]).symlink_to(outside)
    with pytest.raises(UserError, match="leads out of the data folder"):
        write_report(run)
    assert write_report(run, overrides=["report.attribution=0", "report.robustness=0"], follow_links=True).is_file()


def test_of_many_drawings_the_page_has_a_sample(make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    monkeypatch.setattr(slices, "SHOWN", 1)
    complete = _data(write_report(run))
    monkeypatch.setattr(shown_rows, "MOST_SHOWN", 20)
    mapped: list[int] = []

    def features(_: object, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        mapped.extend(chosen.tolist())
        return chosen, np.random.default_rng(0).random((len(chosen), 8))

    monkeypatch.setattr(report_content, "penultimate_features", features)
    page = write_report(run, overrides=["report.embedding=12"])
    text, data = page.read_text(encoding="utf-8"), _data(page)
    places = data["places"]
    assert "of the 120 drawings" in text
    assert 20 <= len(places) < 120
    assert places == sorted(set(places))
    for key, values in complete["rows"].items():
        assert data["rows"][key] == [values[place] for place in places]
    assert data["counts"] == [complete["rows"]["label"].count(index) for index in range(6)]
    used = {place for one in data["slices"] for place in one} | set(map(int, re.findall(r'data-p="(\d+)"', text)))
    assert len(mapped) == 12
    assert used >= set(mapped)
    assert used <= set(places)
    assert data["matrix"] == complete["matrix"]
    assert "places" not in complete


def test_parts_of_the_drawings_are_those_of_the_split_also_where_few_are_trained(make_run: Callable[..., Path]) -> None:
    run = make_run(members=1)
    oof = np.load(run / "ensemble" / "oof.npz")
    held = oof["row"] % 2 == 0
    np.savez(run / "ensemble" / "oof.npz", row=oof["row"][held], prob=oof["prob"][held])
    shutil.rmtree(run / "members" / "member0" / "fold1")
    text = write_report(run).read_text(encoding="utf-8")
    assert "60 held-out drawings" in text
    assert "split into 2 parts" in text
