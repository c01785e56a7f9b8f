"""After one process of a training was killed, the others end and one of them prints why."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch.distributed as dist
import yaml

from benchmarks.ranks.__main__ import LONG
from benchmarks.ranks.killed import killed, with_agent, without_agent
from benchmarks.ranks.update import BASE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="torch comes without gloo"),
]


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("agent", [True, False])
def test_the_others_end_after_a_process_was_killed(agent: bool, rank: int, drawn: Path, tmp_path: Path) -> None:
    recipe, log = tmp_path / "recipe.yaml", tmp_path / "log.txt"
    recipe.write_text(yaml.safe_dump(BASE | LONG | {"training": LONG["training"]}))
    arguments = ["run", str(drawn), "--recipe", str(recipe), "--out", str(tmp_path / "run")]
    found = killed((with_agent if agent else without_agent)(arguments, log, 2), log, rank, when="  loss ")
    assert found.seconds < 30
    assert len(found.lines) == 1
    assert f"rank {rank}" in found.lines[0]
    assert 0 not in found.statuses
    if not agent:  # it prints its own
        assert "Traceback" not in found.printed
