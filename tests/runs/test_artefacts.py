from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.inference.view_gains import ViewGain
from sketchfit.runs import artefacts
from sketchfit.runs.artefact import Artefact
from sketchfit.runs.artefacts import (
    AuditDone,
    AuditFindings,
    Calibration,
    Choices,
    ClaimRecord,
    CopyOf,
    Directions,
    DistilledStudent,
    Divergence,
    EnsembleComparison,
    EnsembleWeights,
    Environment,
    EstimatedFrequencies,
    Finished,
    LabelFreeRecord,
    LinkedPages,
    MemberViews,
    PseudoLabelRounds,
    Relations,
    RunClock,
    RunPlan,
    RunSummary,
    ScoutedOption,
    ScoutFinalists,
    ScoutRecord,
    ScoutSample,
    SearchRecord,
    SoupRecord,
    Sources,
    Step,
    Steps,
    VariantsBase,
    Views,
    WorkersRecord,
)
from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.networks import Done
from sketchfit.runs.state import State

IN_RUN = (
    AuditDone,
    AuditFindings,
    Calibration,
    DistilledStudent,
    EnsembleComparison,
    EnsembleWeights,
    Environment,
    PseudoLabelRounds,
    SoupRecord,
    State,
    Steps,
    Views,
)
NEW = (
    Choices,
    ClaimRecord,
    CopyOf,
    Directions,
    Divergence,
    EstimatedFrequencies,
    Finished,
    LabelFreeRecord,
    LinkedPages,
    Relations,
    RunClock,
    RunPlan,
    RunSummary,
    ScoutedOption,
    ScoutFinalists,
    ScoutRecord,
    ScoutSample,
    VariantsBase,
    SearchRecord,
    WorkersRecord,
)
"""Files that the old code did not write."""
OPTIONAL = (AuditFindings, LinkedPages)
"""Files that need no key."""
UNVERSIONED = (Views,)
"""Files whose top level has no place for a version: the folder's format stands for it."""


def _folder(old: Path, kind: type[Artefact]) -> Path:
    return {Sources: old / "both", Done: old / "run" / "members" / "a" / "fold0"}.get(kind, old / "run")


@pytest.mark.parametrize("kind", [*IN_RUN, Sources, Done], ids=lambda kind: kind.__name__)
def test_what_the_old_code_wrote_is_read_and_written_with_the_same_content(old: Path, tmp_path: Path, kind):
    folder = _folder(old, kind)
    found = kind.read(folder)
    found.write(tmp_path / "again")
    assert kind.read(tmp_path / "again") == found.model_copy(update={"version": kind.VERSION})
    before, after = (read_json(place / kind.PLACE) for place in (folder, tmp_path / "again"))
    if kind is Steps:
        before = {"steps": before}
    if kind is SoupRecord:
        before = json.loads(json.dumps(before).replace("ingredient", "candidate"))
    if kind is State:
        before["class_labels"] = [str(target) for target in before.pop("class_targets")]
    if isinstance(after, dict) and kind not in UNVERSIONED:
        added = {"format": State.VERSION, "kind": None} if kind is State else {"version": kind.VERSION}
        before = before | added
    assert after == before


@pytest.mark.parametrize("kind", [*IN_RUN, *NEW, Sources, Done], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("content", ["", "{", '"text"', "[1]", "null", '{"unknown": 1}'])
def test_a_damaged_file_is_named(tmp_path: Path, kind, content):
    path = tmp_path / kind.PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if content == '{"unknown": 1}' and kind in OPTIONAL:
        kind.read(tmp_path)
        return
    with pytest.raises(UserError) as caught:
        kind.read(tmp_path)
    assert all(str(path) in problem for problem in caught.value.problems)
    assert caught.value.hint


@pytest.mark.parametrize("kind", [*IN_RUN, *NEW, Sources, Done], ids=lambda kind: kind.__name__)
def test_a_missing_file_is_named_or_none(tmp_path: Path, kind):
    assert kind.find(tmp_path) is None
    with pytest.raises(UserError) as caught:
        kind.read(tmp_path)
    assert str(tmp_path / kind.PLACE) in caught.value.problems[0]


@pytest.mark.parametrize("kind", [one for one in (*IN_RUN, *NEW, Sources, Done) if one not in UNVERSIONED])
def test_a_newer_format_is_refused_before_its_keys_are_read(tmp_path: Path, kind):
    path = tmp_path / kind.PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    key = "format" if kind is State else "version"
    path.write_text(json.dumps({key: kind.VERSION + 1}))
    with pytest.raises(UserError) as caught:
        kind.read(tmp_path)
    assert "newer" in caught.value.problems[0]
    assert "upgrade" in caught.value.hint


def test_every_artefact_is_tested():
    made = {one for one in vars(artefacts).values() if isinstance(one, type) and issubclass(one, Artefact)}
    assert made - {Artefact} <= {*IN_RUN, *NEW, Sources}


def test_parts_are_made_from_what_inference_computes(tmp_path: Path):
    gain = Difference(0.25, -0.5, 1.0, 0.125, 8)
    tried = ViewGain("hflip", Estimate(0.5, 0.25, 0.75, 8), gain, gain, kept=True)
    made = MemberViews.model_validate(
        {"folder": "a", "names": ["identity", "hflip"], "mode": "vote", "tried": [tried], "nested_gain": gain}
    )
    Views(members={"a": made}).write(tmp_path)
    (found,) = Views.read(tmp_path).members.values()
    assert found == made
    assert found.tried[0].beside_base == gain
    assert str(Step(name="x", top1=tried.alone, gain=gain)) == f"{tried.alone}; {gain}"


def test_log_losses_of_views_are_stored_where_they_were_measured(tmp_path: Path):
    gain = Difference(0.25, -0.5, 1.0, 0.125, 8)
    without = ViewGain("hflip", Estimate(0.5, 0.25, 0.75, 8), gain, gain, kept=True)
    tried = [without, replace(without, name="ink", loss_beside_base=gain, loss_beside_chosen=gain)]
    made = MemberViews.model_validate({"folder": "a", "names": ["identity"], "mode": "mean-prob", "tried": tried})
    Views(members={"a": made}).write(tmp_path)
    first, second = read_json(tmp_path / Views.PLACE)["a"]["tried"]
    assert "loss_beside_base" not in first
    assert second["loss_beside_base"]["value"] == 0.25
    assert Views.read(tmp_path).members["a"] == made


@pytest.mark.parametrize(
    "parameters", [{"temperature": 1.5}, {"scale": (1.0, 2.0), "bias": (0.0, 0.5)}], ids=["temperature", "vector"]
)
def test_a_calibrator_stores_its_own_parameters_only(tmp_path: Path, parameters: dict[str, Any]):
    diagram = {"confidence": [0.5], "accuracy": [0.5], "low": [0.25], "high": [0.75], "count": [4]}
    figures = dict.fromkeys(("ece_before", "ece_after", "ece_fitted", "log_loss_before", "log_loss_after"), 0.5)
    method = "temperature" if "temperature" in parameters else "vector"
    content = {"method": method, **parameters, **figures, "reliability_before": diagram, "reliability_after": diagram}
    Calibration.model_validate(content).write(tmp_path)
    stored = json.loads((tmp_path / Calibration.PLACE).read_text())
    assert {"temperature", "scale", "bias"} & set(stored) == set(parameters)
    assert Calibration.read(tmp_path).model_dump(include=set(parameters)) == parameters
