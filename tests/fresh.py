"""Several command lines, one after the other, in one interpreter that has imported nothing before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import sketchfit

_SCRIPT = """
import contextlib, io, json, sys
exec(sys.argv[1])
import sketchfit.cli.main as cli, sketchfit.live as live
live.FIRST_SECONDS = float("inf")  # what is printed does not depend on what else this machine does
for arguments in json.load(sys.stdin):
    sys.argv = ["sketchfit", *arguments]
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as end:
        status = end.code or 0
    found = [status, out.getvalue(), err.getvalue(), [name for name in sys.modules if "." not in name]]
    print(json.dumps(found), file=sys.__stdout__)
"""


SOURCE = Path(sketchfit.__file__).resolve().parents[1]
"""The package that is tested, from any folder."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    printed: str
    errors: str
    modules: list[str]
    """Packages and modules that are imported by now."""


def run_fresh(commands: Sequence[Sequence[object]], first: str = "", cwd: Path | None = None) -> list[Ended]:
    """Run commands, given without `sketchfit`, after some Python code; an exception of one of them ends the test."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, first],
        input=json.dumps([[str(word) for word in words] for words in commands]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])},
    )
    found = [Ended(*json.loads(line)) for line in done.stdout.splitlines()]
    assert len(found) == len(commands), done.stderr
    return found
