"""What the environment of a launcher means."""

from __future__ import annotations

import pytest

from sketchfit.errors import UserError
from sketchfit.runs.launchers import check_alone, process_count, process_rank


def test_a_rank_needs_a_number_of_processes() -> None:
    assert process_count({}) == process_count({"RANK": "3"}) == process_count({"WORLD_SIZE": ""}) == 1
    assert process_rank({"RANK": "3"}) == 0
    assert (process_count({"PMI_SIZE": "4"}), process_rank({"PMI_SIZE": "4", "PMI_RANK": "3"})) == (4, 3)


def test_several_processes_of_a_command_for_one_are_refused_with_the_variable() -> None:
    check_alone({"WORLD_SIZE": "1"}, "report")
    with pytest.raises(UserError) as found:
        check_alone({"OMPI_COMM_WORLD_SIZE": "2"}, "report")
    assert "OMPI_COMM_WORLD_SIZE=2" in found.value.problems[0]
    assert "OMPI_COMM_WORLD_SIZE" in found.value.hint
