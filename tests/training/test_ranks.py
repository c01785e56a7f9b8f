"""Several processes compute the update that one process computes, whatever their shares of a batch are."""

from __future__ import annotations

import numpy as np
import pytest
import torch.distributed as dist

from benchmarks.ranks.cases import CASES
from benchmarks.ranks.launch import in_processes
from benchmarks.ranks.update import Answer, Case, computed, difference, job_of
from sketchfit.training.engine import make_engine

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="torch comes without gloo"
)
FEW = (
    "batch of 5",
    "batch of 1: some processes have no row",
    "class weights, smoothing, 3 batches per update",
    "mixup with weights and a teacher",
    "supervised contrast",
    "batch norm, synchronised",
)
UNSYNCED = Case({"model": {"backbone": "test_resnet", "input_size": 64}}, 5, wide=True)


def check(found: Answer, expected: Answer) -> None:
    assert difference(found.gradients, expected.gradients) < 1e-11
    assert difference(found.statistics, expected.statistics) < 1e-11
    assert (found.right, found.seen) == (expected.right, expected.seen)
    assert found.loss == pytest.approx(expected.loss, rel=1e-12)
    np.testing.assert_allclose(found.images, expected.images, rtol=1e-6)


def compare(processes: int, cases: list[Case]) -> None:
    engine = make_engine(job_of(UNSYNCED).recipe.compute)
    for case, found in zip(cases, in_processes(processes, cases), strict=True):
        check(found, computed(case, engine))


@pytest.mark.slow
def test_an_update_of_two_processes_is_that_of_one() -> None:
    compare(2, [CASES[name] for name in FEW])


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_an_update_of_several_processes_is_that_of_one_in_all_cases(processes: int) -> None:
    compare(processes, list(CASES.values()))


@pytest.mark.slow
def test_running_statistics_are_averaged_where_each_process_normalises_its_own_rows() -> None:
    expected = computed(UNSYNCED, make_engine(job_of(UNSYNCED).recipe.compute))
    (found,) = in_processes(2, [UNSYNCED])
    assert difference(found.gradients, expected.gradients) > 1e-3
    first = next(name for name in found.statistics if name.endswith("running_mean"))  # before it, nothing differs
    assert difference({"": found.statistics[first]}, {"": expected.statistics[first]}) < 1e-12
