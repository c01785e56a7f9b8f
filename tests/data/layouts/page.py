"""The tables of docs/layouts.md; `python -m tests.data.layouts.page` writes them anew into the page."""

from __future__ import annotations

from pathlib import Path

from tests.data.layouts.cases import GROUPS

PAGE = Path(__file__).parents[3] / "docs" / "layouts.md"
BEGIN, END = "<!-- begin: tests/data/layouts -->\n", "<!-- end -->\n"


def page_table() -> str:
    """The rows of all layouts."""
    parts = []
    for title, cases in GROUPS.items():
        rows = "".join(f"| {case.layout} | {case.read} |\n" for case in cases)
        parts.append(f"### {title}\n\n| files | how they are read |\n| --- | --- |\n{rows}")
    return "\n".join(parts)


def main() -> None:
    """Replace the tables of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + page_table() + "\n" + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
