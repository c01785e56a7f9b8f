from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.embedding_map import embed, map_section, mapped_classes
from tests.factories import write_run


def test_the_map_keeps_clusters_together() -> None:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), 40)
    features = (5 * np.eye(3, 16)[label] + rng.normal(size=(120, 16))).astype(np.float32)
    placed = embed(features)
    assert placed.shape == (120, 2)
    assert placed.min() >= 0
    assert placed.max() <= 1
    distance = ((placed[:, None] - placed[None]) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    assert (label[distance.argmin(1)] == label).mean() > 0.95
    assert (placed == embed(features)).all()


def test_each_drawing_of_the_map_is_a_dot_of_its_class(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    places = np.arange(0, 120, 2)
    position = np.random.default_rng(0).random((60, 2))
    classes = mapped_classes(evidence, places, position)
    assert [one.name for one in classes] == list(evidence.class_names)
    assert [one.style for one in classes] == [f"s{k}" for k in range(6)]
    for one in classes:
        assert {place for place, *_ in one.right} == set(
            places[(evidence.label == one.index)[::2] & evidence.correct[::2]]
        )
        assert {place for place, *_ in one.wrong} == set(
            places[(evidence.label == one.index)[::2] & ~evidence.correct[::2]]
        )
    html = map_section(evidence, places, position).html
    assert html.count("<circle") == 60
    assert len(re.findall(r'<button type="button" value="\d"', html)) == 6
    for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', html):
        assert 20 <= float(x) <= 980
        assert 20 <= float(y) <= 680


def test_more_classes_than_colours_have_a_hue_each(tmp_path: Path) -> None:
    evidence = read_evidence(write_run(tmp_path / "run", tmp_path / "data", classes=9))
    classes = mapped_classes(evidence, np.arange(180), np.zeros((180, 2)))
    assert {one.style for one in classes} == {"hue"}
    assert len({one.hue for one in classes}) == 9
