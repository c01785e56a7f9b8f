from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.reporting.comparing import flipped
from sketchfit.reporting.comparing.flipped import chosen_places, flipped_drawings, flipped_places
from tests.reporting.comparing.by_hand import by_hand


def test_the_largest_change_of_probability_comes_first() -> None:
    aligned = by_hand("1101", "1110")
    sure = aligned.prob[1].copy()
    sure[3] = [0.99, 0.01]  # row 3 is a bus
    aligned = aligned.__class__(**{**aligned.__dict__, "prob": (aligned.prob[0], sure)})
    assert flipped_places(aligned).tolist() == [3, 2]


def test_each_pair_has_drawings_of_both_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flipped, "PER_KIND", 2)
    aligned = by_hand("1" * 50 + "0", "0" * 50 + "1", "1" * 51)
    chosen = chosen_places(aligned, flipped_places(aligned))
    kinds = {"".join(str(int(right)) for right in aligned.correct[:, place]) for place in chosen}
    assert kinds == {"101", "011"}
    assert len(chosen) == 3
    monkeypatch.setattr(flipped, "MOST", 2)
    assert len(chosen_places(aligned, flipped_places(aligned))) == 2


def test_a_drawing_has_the_answers_of_all_runs(tmp_path: Path) -> None:
    aligned = by_hand("10", "01", root=tmp_path)
    one, _ = flipped_drawings(aligned, [0, 1])
    assert (one.path, one.label, one.right) == ("train/0.png", "axe", "10")
    assert [(answer.run, answer.answer, answer.right) for answer in one.answers] == [
        ("a", "axe", True),
        ("b", "bus", False),
    ]
    assert [answer.probability for answer in one.answers] == pytest.approx([0.8, 0.8])
    assert one.picture.startswith("data:image/webp")


def test_nothing_flips_between_equal_runs() -> None:
    assert flipped_places(by_hand("101", "101")).tolist() == []
    assert chosen_places(by_hand("101", "101"), np.zeros(0, np.int64)) == []
