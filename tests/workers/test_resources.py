from __future__ import annotations

import pytest

from sketchfit.workers.resources import BYTES, NodeSize, UnitShare, unit_share


@pytest.mark.parametrize(
    ("cores", "units", "threads", "at_once"),
    [(1, 5, 1, 1), (2, 5, 1, 2), (4, 5, 1, 4), (16, 5, 3, 5), (64, 5, 12, 5), (8, 2, 4, 2), (8, 1, 8, 1)],
)
def test_a_machine_without_gpu_keeps_its_cores_busy(cores: int, units: int, threads: int, at_once: int):
    share = unit_share(None, [NodeSize(cores)], units, gpu=False)
    assert (share.threads, share.gpus, share.at_once) == (threads, 0, at_once)


def test_two_gpus_train_two_folds_at_a_time():
    assert unit_share(None, [NodeSize(4, gpus=2)], 5, gpu=True) == UnitShare(2, 1.0, 2)


def test_more_workers_than_gpus_share_them_in_parts_that_fit():
    share = unit_share(3, [NodeSize(12, gpus=1)], 5, gpu=True)
    assert (share.threads, share.at_once) == (4, 3)
    assert share.gpus > 0.33
    assert 3 * share.gpus <= 1


def test_nodes_without_gpus_train_nothing_where_others_have_some():
    share = unit_share(None, [NodeSize(64), NodeSize(8, gpus=4), NodeSize(4, gpus=1)], 10, gpu=True)
    assert share == UnitShare(2, 1.0, 5)


def test_a_number_of_workers_decides_the_threads_of_each():
    assert unit_share(4, [NodeSize(16)], 10, gpu=False).threads == 4
    assert unit_share(8, [NodeSize(2)], 10, gpu=False) == UnitShare(1, 0.0, 2)
    assert unit_share(2, [NodeSize(16)], 1, gpu=False) == UnitShare(8, 0.0, 2)


def test_units_do_not_span_nodes():
    assert unit_share(None, [NodeSize(3), NodeSize(5)], 4, gpu=False) == UnitShare(1, 0.0, 4, BYTES)
    assert unit_share(None, [NodeSize(4)] * 4, 10, gpu=False) == UnitShare(1, 0.0, 10, BYTES)
    assert unit_share(None, [NodeSize(4)] * 4, 8, gpu=False) == UnitShare(2, 0.0, 8, BYTES)


def test_memory_limits_units_that_nobody_has_counted():
    small = NodeSize(16, memory=2 * BYTES)
    assert unit_share(None, [small], 10, gpu=False) == UnitShare(8, 0.0, 2, BYTES)
    assert unit_share(10, [small], 10, gpu=False) == UnitShare(1, 0.0, 10)
    least = NodeSize(2, memory=BYTES // 3)
    assert unit_share(None, [least], 10, gpu=False) == UnitShare(2, 0.0, 1, BYTES // 3)


def test_threads_that_are_decided_stay():
    assert unit_share(None, [NodeSize(16)], 10, gpu=False, threads=4) == UnitShare(4, 0.0, 4, BYTES)
    assert unit_share(None, [NodeSize(2)], 10, gpu=False, threads=4).at_once == 1
    assert unit_share(None, [NodeSize(8, gpus=2)], 10, gpu=True, threads=1) == UnitShare(1, 1.0, 2)
