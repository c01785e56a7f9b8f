"""Students, distilled students, refits and variants through parcels: the bits of a run that trains one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sketchfit.commands import ablate as ablation
from sketchfit.commands import run as running
from sketchfit.commands.ablate import Variation
from sketchfit.commands.request import DataRequest
from sketchfit.training.context import RunContext
from sketchfit.workers.start import unit_executor
from tests.contracts.executor import files_of
from tests.factories import tiny_recipe
from tests.workers.in_process import InProcess


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[InProcess]:
    """Let commands train by parcels."""
    made: list[InProcess] = []

    @contextmanager
    def executor(context: RunContext, units: int | None = None) -> Iterator[InProcess]:
        made.append(InProcess(context))
        yield made[-1]

    monkeypatch.setattr(running, "unit_executor", executor)
    monkeypatch.setattr(ablation, "unit_executor", executor)
    return made


@pytest.mark.slow
def test_every_kind_of_network_of_a_run(drawn: Path, tmp_path: Path, elsewhere: list[InProcess]):
    recipe = tiny_recipe(
        {
            "pseudo_label": {"enabled": True, "threshold": 0.1, "force": True},
            "refit": {"enabled": True},
            "distill": {"enabled": True, "test_rows": True},
        }
    )
    running.run(DataRequest(drawn, recipe, out=tmp_path / "elsewhere"))
    assert {one.folder for one in elsewhere[0].trained} == {
        "test_resnet", "test_resnet+pseudo1", "test_resnet+refit", "test_resnet+distilled"
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as plain:
        plain.setattr(running, "unit_executor", unit_executor)
        running.run(DataRequest(drawn, recipe, out=tmp_path / "here"))
    assert files_of(tmp_path / "elsewhere") == files_of(tmp_path / "here")
    for name in ("submission.csv", "ensemble/oof.npz", "ensemble/test.npz"):
        assert (tmp_path / "elsewhere" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_variants_of_an_ablation(drawn: Path, tmp_path: Path, elsewhere: list[InProcess]):
    recipe = tiny_recipe({"folds": {"holdout": 0.3}, "training": {"epochs": 1}})
    variation = Variation(["optimizer.lr=1e-3"], seeds=1)
    found = ablation.ablate(DataRequest(drawn, recipe, out=tmp_path / "elsewhere"), variation)
    assert len(elsewhere[0].trained) == 2
    with pytest.MonkeyPatch.context() as plain:
        plain.setattr(ablation, "unit_executor", unit_executor)
        wanted = ablation.ablate(DataRequest(drawn, recipe, out=tmp_path / "here"), variation)
    assert [(one.name, one.top1, one.by_seed) for one in found] == [(one.name, one.top1, one.by_seed) for one in wanted]
