"""Runs the commands of documentation pages as a reader who pastes them, each page in a fresh folder.

    python -m tools.run_pages --wheels build/wheels README.md docs/tutorials/*.md

makes a virtual environment without sketchfit. `pip install 'sketchfit[train]'` in a page installs the wheel of the
folder, with `lock.txt`; nothing else of this checkout can be imported. The environment is one for all pages, so
what an early page installs is there for later ones. The first page runs alone, since it installs most, and then
`--jobs` pages run at once. `--environment DIR` uses an environment that is there. What is run of a page:
`tools/page_script.py`. Needs bash 5. Exits with status 1 where a command fails.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.page_script import Script, script_of, steps_of

ROOT = Path(__file__).resolve().parents[1]
LAST_LINES, STOPPED = 60, 124
"""How many lines of output are printed of a page that failed; the status of a page that did not end in time."""

_ALLOWED_VARIABLES = ("HOME", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Outcome:
    """How a page's script ended.

    Attributes:
        status: exit status of the failed command; 0 if none failed.
        line: line of the failed command in the page; 0 if it is not known or none failed.
        seconds: line of each command in the page, and its time.
        output: what the commands printed, standard output and errors together.
    """

    status: int
    line: int
    seconds: tuple[tuple[int, float], ...]
    output: str


def run_script(script: Script, folder: Path, environment: Mapping[str, str], limit: float) -> Outcome:
    """Run a script in `folder`, which is made, for at most `limit` seconds; a service that it started is stopped."""
    folder = folder.resolve()  # the script runs in another folder
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "page"
    work.mkdir(parents=True)
    paths = {name: folder / name for name in ("script", "trace", "failure", "output")}
    paths["script"].write_text(script.text(), encoding="utf-8")
    variables = {**environment, "PAGE_TRACE": str(paths["trace"]), "PAGE_FAILURE": str(paths["failure"])}
    with paths["output"].open("wb") as output:
        command = ["bash", str(paths["script"].resolve())]
        files: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        process = subprocess.Popen(command, cwd=work, env=variables, start_new_session=True, **files)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = STOPPED
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    seconds = tuple(_seconds(paths["trace"], time.time()))
    line = _failed_line(paths["failure"]) or (seconds[-1][0] if status and seconds else 0)
    return Outcome(status, line, seconds, paths["output"].read_text(encoding="utf-8", errors="replace"))


def _seconds(trace: Path, end: float) -> Iterator[tuple[int, float]]:
    """Time until the next command of another line, for each line with a command."""
    if not trace.is_file():
        return
    rows = [line.split() for line in trace.read_text(encoding="utf-8").splitlines()]
    starts = [(int(row[1]), float(row[0])) for row in rows if int(row[1]) > 1]
    starts = [one for at, one in enumerate(starts) if at == 0 or one[0] != starts[at - 1][0]]
    last = float(rows[-1][0]) if rows and int(rows[-1][1]) <= 1 else end
    for (line, start), (_, following) in zip(starts, [*starts[1:], (0, last)], strict=True):
        yield line, following - start


def _failed_line(path: Path) -> int:
    return int(path.read_text(encoding="utf-8").split()[0]) if path.is_file() else 0


def environment_with(venv: Path, wheels: Path | None, work: Path) -> dict[str, str]:
    """Variables for commands of pages: the environment's programs first, no hub, pip with the wheel and constraints."""
    kept = {name: value for name, value in os.environ.items() if name in _ALLOWED_VARIABLES or name.startswith("PIP_")}
    kept |= {
        "PATH": f"{(venv / 'bin').resolve()}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(venv.resolve()),
        "HF_HUB_OFFLINE": "1",
        "SKETCHFIT_CACHE": str((work / "cache").resolve()),
        "PIP_QUIET": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if wheels is not None:
        (wheel,) = wheels.glob("sketchfit-*.whl")
        version = wheel.name.split("-")[1]
        constraints = work / "constraints.txt"
        pinned = (ROOT / "lock.txt").read_text(encoding="utf-8")
        constraints.write_text(f"{pinned}\nsketchfit=={version}\n", encoding="utf-8")
        kept["PIP_FIND_LINKS"] = f"{wheels.resolve()} {kept.get('PIP_FIND_LINKS', '')}".strip()
        kept["PIP_CONSTRAINT"] = str(constraints.resolve())
    return kept


@dataclass(frozen=True)
class PageRunner:
    """Runs pages.

    Attributes:
        work: folder in which each page gets a folder.
        environment: variables for the commands.
        limit: seconds per page at most.
    """

    work: Path
    environment: Mapping[str, str]
    limit: float

    def __call__(self, page: Path) -> bool:
        """Run a page and print its commands with their times; whether all of them succeeded."""
        script = script_of(page.read_text(encoding="utf-8"), steps_of(ROOT / ".ci" / "run"))
        start = time.monotonic()
        outcome = run_script(script, self.work / folder_of(page), self.environment, self.limit)
        lines = page.read_text(encoding="utf-8").splitlines()
        printed = [f"{page}:{at}: {note}" for at, note in script.notes]
        for at, seconds in outcome.seconds:
            printed.append(f"{page}:{at}: {_shown(lines[at - 1], script.lines[at - 1])} ({seconds:.1f} s)")
        if outcome.status:
            printed += outcome.output.splitlines()[-LAST_LINES:]
            reason = (
                f"not finished within {self.limit:.0f} s" if outcome.status == STOPPED else f"status {outcome.status}"
            )
            command = script.lines[outcome.line - 1] if outcome.line else ""
            printed.append(f"{page}:{outcome.line}: failed ({reason}): {command}")
        else:
            printed.append(f"{page}: all commands succeeded in {time.monotonic() - start:.0f} s")
        print("\n".join(printed), flush=True)
        return outcome.status == 0


def folder_of(page: Path) -> str:
    """Return the name of a page's folder: its path with dashes."""
    return "-".join(page.with_suffix("").relative_to(page.anchor).parts)


def _shown(line: str, command: str) -> str:
    return line.strip() if line.strip().startswith("```") else command.strip()


def main() -> int:
    """Run the pages; 1 if a command failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--wheels", type=Path, help="folder with the wheel of sketchfit: a new environment is made")
    source.add_argument("--environment", type=Path, help="a virtual environment in which sketchfit is installed")
    parser.add_argument("--work", type=Path, default=Path("build/pages"))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds per page")
    parser.add_argument("--jobs", type=int, default=1, help="pages at once, after the first one")
    given = parser.parse_args()
    start = time.monotonic()
    shutil.rmtree(given.work, ignore_errors=True)
    given.work.mkdir(parents=True)
    venv: Path = given.environment or given.work / "venv"
    if given.wheels:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    environment = environment_with(venv, given.wheels, given.work)
    runner = PageRunner(given.work, environment, given.limit)
    passed = [runner(given.pages[0])]  # alone, since it installs
    with ThreadPoolExecutor(given.jobs) as pool:
        passed += pool.map(runner, given.pages[1:])
    print(f"{sum(passed)} of {len(passed)} pages, {time.monotonic() - start:.0f} s")
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())
