"""Variables of the libraries that compute: set unless the user decides, before torch is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from sketchfit.waiting import COUNTS, FALLBACK, PASSIVE, TIMEOUT, set_defaults, spins


def test_waiting_threads_leave_their_core() -> None:
    found: dict[str, str] = {}
    set_defaults(found, 2, 2)
    assert found == PASSIVE | dict([TIMEOUT, FALLBACK])
    assert not spins(found)


@pytest.mark.parametrize("name", [*PASSIVE, TIMEOUT[0]])
def test_what_the_user_sets_stays(name: str) -> None:
    found = {name: "1000"}
    set_defaults(found, 2, 2)
    assert found[name] == "1000"
    assert set(PASSIVE) & set(found) <= ({name} if name in PASSIVE else set(PASSIVE))  # none contradicts it


def test_a_quota_limits_the_threads() -> None:
    found: dict[str, str] = {}
    set_defaults(found, 2, 64)
    assert [found[name] for name in COUNTS] == ["2", "2"]
    own = {"OMP_NUM_THREADS": "8"}
    set_defaults(own, 2, 64)
    assert own["OMP_NUM_THREADS"] == "8"
    assert COUNTS[1] not in own


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, True),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, False),
        ({"OMP_WAIT_POLICY": "active"}, True),
        ({"GOMP_SPINCOUNT": "0"}, False),
        ({"KMP_BLOCKTIME": "200"}, True),
    ],
)
def test_threads_spin_unless_a_variable_forbids_it(environment: dict[str, str], expected: bool) -> None:
    assert spins(environment) == expected


CODE = """
import json, os, sys
{first}
import sketchfit
from sketchfit.waiting import THREADS_SPIN
print(json.dumps([os.environ.get("OMP_WAIT_POLICY"), THREADS_SPIN, "numpy" in sys.modules]))
"""


@pytest.mark.parametrize(
    ("first", "own", "expected"),
    [
        ("", None, ["passive", False, False]),
        ("", "active", ["active", True, False]),
        ("sys.modules['torch'] = sys", None, ["passive", True, False]),  # imported before, it has read the variables
        ("sys.modules['torch'] = sys", "passive", ["passive", False, False]),
    ],
)
def test_importing_the_package_sets_them(first: str, own: str | None, expected: list[object]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in PASSIVE}
    environment |= {"OMP_WAIT_POLICY": own} if own else {}
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected
