from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.candidates.licences import (
    FREE,
    allows,
    choose_licence,
    hub_fields,
    is_non_commercial,
    kind_of,
    normal,
)
from sketchfit.errors import UserError

SAMPLES = (*FREE, "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "gpl-3.0", "gemma", "apple-amlr", "unknown")


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("apache-2.0", "free"),
        ("Apache-2.0", "free"),
        ("BSD 3-Clause", "free"),
        ("cc-by-4.0", "free"),
        ("cc-by-nc-4.0", "non-commercial"),
        ("cc-by-nc-sa-4.0", "share-alike"),
        ("cc-by-sa-4.0", "share-alike"),
        ("gpl-3.0", "share-alike"),
        ("lgpl-2.1", "share-alike"),
        ("cc-by-nd-4.0", "no-derivatives"),
        ("cc-by-nc-nd-4.0", "no-derivatives"),
        ("dinov3-license", "own"),
        ("fair-noncommercial-research-license", "own"),
        ("unknown", "unknown"),
        ("other", "unknown"),
        (" ", "unknown"),
        (None, "unknown"),
    ],
)
def test_what_a_licence_demands(licence, kind):
    assert kind_of(licence) == kind


@pytest.mark.parametrize(
    ("licence", "forbids"),
    [
        ("cc-by-nc-4.0", True),
        ("CC-BY-NC-SA-4.0", True),
        ("fair-noncommercial-research-license", True),
        ("apple-amlr", True),
        ("ncsa", False),
        ("apache-2.0", False),
        (None, False),
    ],
)
def test_commercial_use(licence, forbids):
    assert is_non_commercial(licence) is forbids


@pytest.mark.parametrize(
    ("weights", "network", "allowed"),
    [
        ("apache-2.0", "cc-by-nc-4.0", True),
        ("apache-2.0", None, True),
        (None, "mit", True),
        ("cc-by-nc-4.0", "apache-2.0", False),
        ("cc-by-nc-4.0", None, False),
        ("cc-by-nc-4.0", "cc-by-nc-sa-4.0", True),
        ("cc-by-nc-4.0", "fair-noncommercial-research-license", True),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0", False),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0", True),
        ("gpl-3.0", "mit", False),
        ("cc-by-nd-4.0", "cc-by-nd-4.0", False),
        ("dinov3-license", "apache-2.0", False),
        ("dinov3-license", "dinov3-license", True),
    ],
)
def test_which_licence_a_network_may_have(weights, network, allowed):
    assert allows(weights, network) is allowed


def test_the_licence_is_that_of_the_weights_by_default():
    assert choose_licence(None, ["Apache-2.0"]) == "apache-2.0"
    assert choose_licence(None, [None, "unknown"]) is None
    assert choose_licence(None, []) is None
    assert choose_licence(None, ["apache-2.0", "cc-by-nc-4.0", None]) == "cc-by-nc-4.0"


def test_a_wanted_licence():
    assert choose_licence("MIT", ["apache-2.0", None]) == "mit"
    assert choose_licence("cc-by-nc-sa-4.0", ["cc-by-nc-4.0"]) == "cc-by-nc-sa-4.0"
    with pytest.raises(UserError) as error:
        choose_licence("apache-2.0", ["mit", "cc-by-nc-4.0"])
    assert "cc-by-nc-4.0" in error.value.problems[0]
    assert "--licence cc-by-nc-4.0" in error.value.hint


def test_weights_whose_licences_exclude_each_other():
    with pytest.raises(UserError) as error:
        choose_licence(None, ["cc-by-sa-4.0", "cc-by-nc-4.0"])
    assert "cc-by-sa-4.0, cc-by-nc-4.0" in error.value.problems[0]
    with pytest.raises(UserError):
        choose_licence(None, ["cc-by-nd-4.0"])


@given(st.lists(st.sampled_from(SAMPLES), max_size=4), st.none() | st.sampled_from(SAMPLES))
def test_a_chosen_licence_is_allowed_by_all_weights(weights, wanted):
    try:
        chosen = choose_licence(wanted, weights)
    except UserError:
        return
    assert all(allows(one, chosen) for one in weights)
    assert wanted is None or chosen == normal(wanted)


def test_fields_of_the_hub():
    assert hub_fields("Apache-2.0") == {"license": "apache-2.0"}
    assert hub_fields("cc-by-nc-4.0") == {"license": "cc-by-nc-4.0"}
    assert hub_fields("sapiens2-license") == {"license": "other", "license_name": "sapiens2-license"}
    assert hub_fields(None) == {}
