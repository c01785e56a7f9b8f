from __future__ import annotations

import pytest

from sketchfit.reporting.run.advice.findings import AveragedNetworks, LackingClasses
from sketchfit.reporting.run.advice.on_folds import contradicted, lacking_classes, separated
from tests.reporting.run.advice.findings import fine, recipe


def test_separated_rows_are_an_objection_only_where_the_grouping_is_set_by_hand() -> None:
    found = fine(separated=("name:^(.+)_",))
    assert separated(found, recipe()) == []
    (advice,) = separated(found, recipe("folds.group=none"))
    assert advice.settings == ("folds.group=auto",)
    assert advice.urgent
    assert "name:^(.+)_" in advice.evidence


@pytest.mark.parametrize(("drifted", "key"), [(True, "transforms.add"), (False, "folds.group")])
def test_a_claim_that_is_contradicted(drifted: bool, key: str) -> None:
    (advice,) = contradicted(fine(contradiction="67 % against 58 %", drifted=drifted), recipe())
    assert f"<code>{key}</code>" in advice.action
    assert advice.urgent


def test_the_gain_of_classes_that_folds_lack() -> None:
    found = fine(lacking=LackingClasses(("a", "b"), 100, 1), averaged=AveragedNetworks(5, 0.0))
    (advice,) = lacking_classes(found, recipe("folds.k=5"))
    assert advice.settings == ("folds.k=10",)
    assert advice.gain is not None
    # 800 of the other 900 drawings are right: so would be 8/9 of these 100 of 1,000.
    assert advice.gain.value == pytest.approx(0.1 * 8 / 9)
    (advice,) = lacking_classes(fine(lacking=LackingClasses(("a",), 100, 1)), recipe("folds.k=5"))
    assert advice.settings == ()  # one group of related drawings is always in one fold
    assert lacking_classes(fine(), recipe()) == []
