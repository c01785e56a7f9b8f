"""What a run with a deadline does where time, weights, memory or disk are short, and where a unit fails."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from sketchfit.errors import UserError
from sketchfit.memory import MemoryState
from sketchfit.runs.artefacts import RunPlan
from sketchfit.stages.decode import open_members
from sketchfit.stages.planned import first_space, measure, prepare
from tests.stages.planned.timed_run import Interrupted, Steps, start_run

pytestmark = pytest.mark.usefixtures("rates")


def test_decoding_is_timed_where_the_images_are_stored(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sketchfit.stages.planned.prepare.doubt_of", lambda *_: "")
    monkeypatch.setattr("sketchfit.stages.planned.prepare.Sampler.decoding_rate", lambda _: 7.0)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    rates = []
    for name in ("built", "stored"):
        with pytest.raises(Interrupted):
            start_run(drawn, tmp_path / name, Steps(until=1.0))
        rates.append(RunPlan.read(tmp_path / name).measurements[measure.DECODING])
    assert rates[0] != 7.0
    assert rates[1] == 7.0


@pytest.mark.parametrize(("rate", "warnings"), [(0.1, 1), (1e6, 0)])
def test_a_time_in_which_images_cannot_be_decoded_is_reported_at_thestart(
    drawn: Path, tmp_path: Path, rate: float, warnings: int, monkeypatch: pytest.MonkeyPatch
):
    lines: list[str] = []
    monkeypatch.setattr(prepare, "SAMPLED_FROM", 44)
    monkeypatch.setattr(prepare.Sampler, "decoding_rate", lambda _: rate)
    monkeypatch.setattr(prepare.log, "warning", lines.append)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(Interrupted):
        start_run(drawn, tmp_path / "run", Steps(until=1.0))
    assert [line.partition(":")[0] for line in lines] == ["the time is too short"] * warnings


@pytest.mark.parametrize("kind", ["bank", "network"])
def test_an_error_of_a_unit_costs_the_run_only_units_of_its_kind(
    drawn: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    def open_first(context: Any, recipes: Any) -> Any:
        if any(recipe.model.input_size != 48 for recipe in recipes.values()):
            raise OSError(errno.ENOSPC, "full")
        return opened(context, recipes)

    def no_memory(*_: Any) -> None:
        raise MemoryError

    opened, out = open_members, tmp_path / "run"
    with pytest.raises(Interrupted):
        start_run(drawn, out, Steps(until=2.0))
    assert RunPlan.read(out).answers, "the first answer is there"
    if kind == "bank":
        monkeypatch.setattr("sketchfit.stages.planned.members.open_members", open_first)
    else:
        monkeypatch.setattr("sketchfit.stages.planned.networks.run_network", no_memory)
    for _ in range(2):
        result = start_run(drawn, out, Steps())
        plan = RunPlan.read(out)
        failed = [unit for unit in plan.units if unit.status == "failed"]
        assert kind in {unit.kind for unit in failed}
        assert {"no space is left" in unit.reason for unit in failed} == {kind == "bank"}
        assert len(failed) == len({unit.member for unit in failed}), "it is not begun again"
        assert plan.finished_at is not None
        assert result.top1.n


def test_an_error_of_the_first_answer_ends_the_run(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise UserError("training.kernel: no")

    monkeypatch.setattr("sketchfit.stages.planned.work.run_bank", fail)
    with pytest.raises(UserError):
        start_run(drawn, tmp_path / "run", Steps())


def _nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: Any) -> None:
        pytest.fail("images are decoded before the checks")

    monkeypatch.setattr("sketchfit.stages.planned.prepare.decode", decode)


def test_a_run_without_weights_stops_before_it_decodes(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def offline(section: Any) -> bool:
        raise UserError(f"no weights of {section.backbone}")

    monkeypatch.setattr("sketchfit.stages.planned.prepare.has_cached_weights", offline)
    _nothing_is_decoded(monkeypatch)
    with pytest.raises(UserError, match="no weights of test_resnet"):
        start_run(drawn, tmp_path / "run", Steps(), model={"pretrained": True})


def test_a_run_without_memory_stops_before_it_decodes(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sketchfit.stages.array_memory.memory_state", lambda: MemoryState(1000, 10))
    _nothing_is_decoded(monkeypatch)
    with pytest.raises(UserError, match="of memory after training"):
        start_run(drawn, tmp_path / "run", Steps())


def test_a_run_without_disk_space_stops_before_it_decodes(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage = type("Usage", (), {"free": 10, "total": 10**12})()
    monkeypatch.setattr("sketchfit.stages.disk_space.shutil.disk_usage", lambda _: usage)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match="image stores"):
        start_run(drawn, tmp_path / "run", Steps())
    assert not list(tmp_path.glob("cache/store-*"))


def test_stores_of_further_sizes_may_not_fit(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lines: list[str] = []
    monkeypatch.setattr(first_space.log, "info", lines.append)
    monkeypatch.setattr("sketchfit.stages.disk_space.SPARE", 10**15)
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    start_run(drawn, tmp_path / "run", Steps(), seconds=8.0)
    assert len(lines) == 1
    assert "are free" in lines[0]
