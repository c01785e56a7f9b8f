"""Regular expressions that cut parts out of folders such as `apple/subject_3/left`."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.relations.name_patterns import name_patterns

_DEEPEST = 6


def folder_patterns(folders: Sequence[str]) -> tuple[str, ...]:
    """Return expressions for single folders, counted from the file and from the top, then for parts of their names.

    Folders counted from the file are the same for training rows, which may be in class folders, and test rows.

    >>> folder_patterns(["apple/s1", "pear/s2"])[:3]
    ('([^/]+)$', '([^/]+)/[^/]+$', '^(.+)$')

    Args:
        folders: of each row, below the folder that contains all rows.
    """
    depth = min(max((folder.count("/") + 1 for folder in folders if folder), default=0), _DEEPEST)
    if not depth:
        return ()
    from_file = ["([^/]+)" + "/[^/]+" * level + "$" for level in range(depth)]
    complete = ["^(.+)" + "/[^/]+" * level + "$" for level in range(depth)]
    from_top = ["^" + "[^/]+/" * level + "([^/]+)" for level in range(depth)]
    return tuple(dict.fromkeys([*from_file, *complete, *from_top, *name_patterns(folders)]))
