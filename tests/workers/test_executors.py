from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.training.context import OneByOne
from sketchfit.workers.messages import UnitEvent, UnitLog, UnitProgress
from tests.contracts.executor import check_executor, units_of
from tests.workers.in_process import InProcess


@pytest.mark.parametrize("make", [lambda context: OneByOne(), InProcess], ids=["one by one", "in process"])
def test_executors_keep_the_contract(make, drawn: Path, tmp_path: Path):
    check_executor(make, tmp_path, drawn)


def test_a_unit_sends_its_lines_events_and_progress(drawn: Path, tmp_path: Path):
    context, units = units_of(tmp_path, drawn)
    executor = InProcess(context)
    executor.train(units[:1])
    events = [one.method for one in executor.messages if isinstance(one, UnitEvent)]
    assert events == ["epoch_finished", "epoch_finished", "fold_finished"]
    lines = [one for one in executor.messages if isinstance(one, UnitLog)]
    assert sum(one.fine for one in lines) == 2
    log = (units[0].network.path / "log.txt").read_text()
    assert all(one.text in log for one in lines)
    assert any(isinstance(one, UnitProgress) for one in executor.messages)
    assert not list(units[0].network.path.glob("*.ckpt"))
