"""Turns a page of the documentation into a shell script in which each command keeps its line.

- ` ```sh ` blocks are commands of one shell: folders and variables of one block hold in the next ones.
- ` ```python ` blocks are programs of their own.
- A block of any language with `title="FILE"` is written to that file.
- `<!-- not run: REASON -->` in the line before a block leaves it out; the reason is printed.
- A line `make TARGET` is left out too, if `.ci/run` has `make TARGET` as a step; else it is an error.

Other blocks (`console`, `text`, `yaml`, …) are not run.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,})(?P<language>[\w+-]*)(?P<rest>[^`]*)$")
_TITLE = re.compile(r'title="(?P<path>[^"]+)"')
_REASON = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*$")
_MAKE = re.compile(r"\s*make (?P<target>[\w-]+)")
_END = "END_OF_THE_BLOCK"

# The first line of each script. It records when each command starts, and which one failed.
PREAMBLE = (
    "set -o pipefail; "
    'trap \'status=$?; echo "$LINENO $status" > "$PAGE_FAILURE"; exit $status\' ERR; '
    'trap \'echo "$EPOCHREALTIME $LINENO" >> "$PAGE_TRACE"\' DEBUG'
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: line of its opening fence (from 1), language, other words of the fence, its lines."""

    line: int
    language: str
    rest: str
    lines: tuple[str, ...]
    reason: str = ""
    """Why it is not run; empty: it is."""

    @property
    def title(self) -> str:
        """The file that the block is written to, if it has one."""
        found = _TITLE.search(self.rest)
        return found["path"] if found else ""


@dataclass
class Script:
    """A page as a shell script.

    Attributes:
        lines: one for each line of the page, empty where it has no command.
        notes: line of the page (from 1) and what was left out there, and why.
    """

    lines: list[str]
    notes: list[tuple[int, str]] = field(default_factory=list)

    def text(self) -> str:
        """Return the content of the script's file."""
        return "\n".join([PREAMBLE, *self.lines[1:], ""])


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order; their indentation is removed."""
    found: list[Block] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence:
            closing = re.compile(rf" *{fence['marks']}`*\s*$")
            end = next((n for n in range(at + 1, len(lines)) if closing.match(lines[n])), len(lines))
            content = textwrap.dedent("\n".join(lines[at + 1 : end])).split("\n")
            reason = _REASON.search(lines[at - 1]) if at else None
            why = reason["reason"] if reason else ""
            found.append(Block(at + 1, fence["language"], fence["rest"], tuple(content), why))
            at = end
        at += 1
    return found


def script_of(text: str, steps: frozenset[str]) -> Script:
    """Return the script of a page.

    Args:
        text: the page, in Markdown.
        steps: the targets of make that are run elsewhere.

    Raises:
        ValueError: a block begins in the first line, or a target of make is run nowhere.
    """
    lines = text.splitlines()
    script = Script([""] * len(lines))
    for block in blocks(text):
        if block.line == 1:
            raise ValueError("line 1: a page begins with its heading, not with a block")
        if block.reason:
            script.notes.append((block.line, f"not run: {block.reason}"))
        elif block.title:
            _write_file(script, block)
        elif block.language == "python":
            _put(script, block, f"python - << '{_END}'")
        elif block.language == "sh":
            _put_commands(script, block, steps)
    return script


def steps_of(ci: Path) -> frozenset[str]:
    """Return the targets of make that a script of continuous integration runs."""
    found = (_MAKE.match(line) for line in ci.read_text(encoding="utf-8").splitlines())
    return frozenset(one["target"] for one in found if one)


def _write_file(script: Script, block: Block) -> None:
    path = Path(block.title)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"line {block.line}: {block.title} is not in the page's folder")
    _put(script, block, f"mkdir -p '{path.parent}' && cat > '{path}' << '{_END}'")


def _put(script: Script, block: Block, command: str) -> None:
    script.lines[block.line - 1] = command
    _copy(script, block.line, block.lines)
    script.lines[block.line + len(block.lines)] = _END


def _put_commands(script: Script, block: Block, steps: frozenset[str]) -> None:
    lines = list(block.lines)
    for at, line in enumerate(lines):
        make = _MAKE.match(line)
        if make and make["target"] not in steps:
            raise ValueError(f"line {block.line + 1 + at}: make {make['target']} is no step of .ci/run")
        if make:
            script.notes.append((block.line + 1 + at, f"make {make['target']}: a step of .ci/run"))
            lines[at] = ""
    _copy(script, block.line, tuple(lines))


def _copy(script: Script, first: int, lines: tuple[str, ...]) -> None:
    script.lines[first : first + len(lines)] = lines
