"""Check the first line of a commit's message: 10 to 72 characters, a capital letter, no full stop.

python tools/check_subject.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

SHORTEST, LONGEST = 10, 72


def faults(subject: str) -> list[str]:
    """Return what is wrong with a subject."""
    found = []
    if not SHORTEST <= len(subject) <= LONGEST:
        found.append(f"it has {len(subject)} characters; write {SHORTEST} to {LONGEST}")
    if subject.endswith("."):
        found.append("it ends with a full stop; leave it out")
    if not subject[:1].isupper():
        found.append("it begins without a capital letter; begin with a verb: Add, Fix, Measure …")
    return found


def main() -> int:
    """Print the faults; 1 if there are any. What git writes for merges, reverts and fixups passes."""
    subject = Path(sys.argv[1]).read_text(encoding="utf-8").partition("\n")[0]
    if subject.startswith(("Merge ", "Revert ", "fixup! ", "squash! ")):
        return 0
    found = faults(subject)
    for one in found:
        print(f"the commit's subject: {one}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
