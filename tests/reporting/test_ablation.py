from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from sketchfit.reporting.ablation import VariantResult, ablation_table, to_csv
from sketchfit.reporting.ablation_page import ablation_page
from sketchfit.reporting.site.page_facts import page_facts


def right(share_by_seed, n=1000, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(n) < round(share * n) for share in share_by_seed])


def result(name, shares, seed=0):
    return VariantResult(name, right(shares, seed=seed), 10.0)


def test_a_large_agreeing_gain_is_better_and_a_small_one_noise():
    base = result("base", [0.5, 0.52])
    rows = ablation_table(base, [result("a", [0.7, 0.72], 1), result("b", [0.51, 0.53], 2), result("c", [0.3, 0.3], 3)])
    assert [(row.name, row.verdict) for row in rows] == [
        ("base", "base"),
        ("a", "better"),
        ("b", "within noise"),
        ("c", "worse"),
    ]
    assert rows[1].difference.value == pytest.approx(0.2)
    assert rows[1].by_seed == pytest.approx((0.7, 0.72))


def test_seeds_that_disagree_are_noise_however_narrow_the_interval():
    base = VariantResult("base", np.array([[True] * 50 + [False] * 950, [True] * 50 + [False] * 950]), 1.0)
    mixed = VariantResult("x", np.array([[True] * 300 + [False] * 700, [True] * 49 + [False] * 951]), 1.0)
    (_, row) = ablation_table(base, [mixed])
    assert row.difference.low > 0
    assert row.verdict == "within noise"


def test_families_widen_the_interval():
    base, other = result("base", [0.5]), result("x", [0.55], 1)
    family = np.arange(1000) // 20
    order = np.argsort(base.correct[0].astype(int) - other.correct[0], kind="stable")  # alike within a family
    base, other = (VariantResult(one.name, one.correct[:, order], 1.0) for one in (base, other))
    alone, together = (ablation_table(base, [other], group)[1].difference for group in (None, family))
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_the_files_hold_the_table():
    rows = ablation_table(result("base", [0.5, 0.5]), [result("loss=<focal>", [0.6, 0.61], 1)])
    lines = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert lines[1]["variant"] == "loss=<focal>"
    assert lines[1]["top1"] == "60.50"
    assert lines[1]["by_seed"] == "60.00 61.00"
    assert lines[1]["difference"] == "+10.50"
    assert lines[1]["ms_per_image"] == ""


def test_the_page_states_which_variants_differ():
    base, better = result("base", [0.5, 0.5]), result("loss=<focal>", [0.6, 0.61], 1)
    page = ablation_page(ablation_table(base, [better, result("b", [0.5, 0.51], 2)]), "A & B", page_facts("ablate", {}))
    assert "A &amp; B" in page
    assert "Better than the base:</strong> loss=&lt;focal&gt;." in page
    assert "No difference is shown</strong> for 1 variant." in page
    assert page.count('<svg class="chart"') == 2  # differences, and training time


def test_times_per_image_are_shown_where_they_are_known():
    results = [VariantResult(name, right([0.5]), 60.0, time) for name, time in (("base", 2.0), ("x", 4.5), ("y", None))]
    rows = ablation_table(results[0], results[1:])
    assert {row["variant"]: row["ms_per_image"] for row in csv.DictReader(io.StringIO(to_csv(rows)))} == {
        "base": "2",
        "x": "4.5",
        "y": "",
    }
    page = ablation_page(rows, "Ablation", page_facts("ablate", {}))
    assert page.count('<svg class="chart"') == 3
    assert "milliseconds per image" in page
