from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.stages.after_training import ANSWER, CHANGED, CLAIM, REPORT, seconds_after
from sketchfit.stages.planned.last import last_stages


class Rows:
    """Stands for a table: its numbers of rows."""

    def __init__(self, train: int, test: int) -> None:
        self.train, self.test = np.zeros(train), np.zeros(test)


@pytest.mark.parametrize("images", [100, CHANGED, 1_000_000])
def test_runs_with_and_without_a_deadline_expect_the_same(images: int) -> None:
    found = seconds_after(Recipe(), Rows(images - 10, 10), "run")  # type: ignore[arg-type]
    assert found == pytest.approx(
        ANSWER[0] + ANSWER[1] * images + sum(one.seconds(images) for one in last_stages(Recipe()))
    )


def test_many_images_take_no_time_of_networks_that_change_a_few_hundred() -> None:
    more = seconds_after(Recipe(), Rows(1_000_000, 0), "run")  # type: ignore[arg-type]
    less = seconds_after(Recipe(), Rows(900_000, 0), "run")  # type: ignore[arg-type]
    assert more - less == pytest.approx(100_000 * (ANSWER[1] + CLAIM[1] + REPORT[1]))
    none = parse_recipe({"claim": {"simulated": 0}, "report": {"robustness": 0}})
    assert seconds_after(none, Rows(50, 50), "run") < seconds_after(Recipe(), Rows(50, 50), "run")  # type: ignore[arg-type]
