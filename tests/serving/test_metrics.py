"""Figures in Prometheus' format; several processes count together, and those that have ended stay counted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from sketchfit.serving.counters import SUFFIX, Counters
from sketchfit.serving.metrics import Metrics


def value(text: str, name: str) -> float:
    found = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert len(found) == 1, name
    return float(found[0])


def test_requests_images_and_histograms() -> None:
    metrics = Metrics(None, "1.2")
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        metrics.request("/predict", 200, seconds)
    metrics.request("/nowhere/at/all", 404, 1.0)
    metrics.request("/predict", 418, 0.3)
    metrics.images(5, 2)
    metrics.batch(3, 0.25)
    metrics.batch(100, 0.5)
    metrics.in_work(7, 4)
    text = metrics.text()
    assert value(text, 'sketchfit_requests_total{path="/predict",status="200"}') == 4
    assert value(text, 'sketchfit_requests_total{path="other",status="404"}') == 1
    assert value(text, 'sketchfit_requests_total{path="/predict",status="415"}') == 1
    assert value(text, 'sketchfit_images_total{outcome="predicted"}') == 5
    assert value(text, 'sketchfit_images_total{outcome="unreadable"}') == 2
    assert value(text, 'sketchfit_predict_seconds_bucket{le="0.001"}') == 2
    assert value(text, 'sketchfit_predict_seconds_bucket{le="0.5"}') == 4
    assert value(text, 'sketchfit_predict_seconds_bucket{le="30"}') == 4
    assert value(text, 'sketchfit_predict_seconds_bucket{le="+Inf"}') == 5
    assert value(text, "sketchfit_predict_seconds_count") == 5
    assert value(text, 'sketchfit_batch_images_bucket{le="4"}') == 1
    assert value(text, "sketchfit_batch_images_sum") == 103
    assert value(text, "sketchfit_compute_seconds_total") == 0.75
    assert value(text, "sketchfit_images_in_work") == 7
    assert value(text, "sketchfit_images_waiting") == 4


def test_each_figure_has_one_type() -> None:
    text = Metrics(None, "1").text()
    named = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    assert len(named) == len(set(named))
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"^(\w+)[{ ]", text, re.MULTILINE)}
    assert used <= set(named)


def test_processes_count_together_and_only_the_living_have_work(tmp_path: Path) -> None:
    counters = Counters(2, tmp_path)
    counters.add(0, 1)
    counters.set(1, 5)
    code = (
        "import sys; from pathlib import Path; from sketchfit.serving.counters import Counters;"
        "c = Counters(2, Path(sys.argv[1])); c.add(0, 2); c.set(1, 7)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert counters.sums().tolist() == [3, 12]
    assert counters.sums_of_living().tolist() == [1, 5]


def test_a_file_of_another_size_counts_nothing(tmp_path: Path) -> None:
    counters = Counters(2, tmp_path)
    counters.add(0, 1)
    (tmp_path / f"1{SUFFIX}").write_bytes(np.ones(3).tobytes() + b"x" * 8)
    assert counters.sums().tolist() == [1, 0]
