r"""Regular expressions that cut parts out of names such as `P012_S3_left`, `apple1-000-000` or `photo-3`.

Names are divided into numbers, words and separators. Names of one shape give a template, in which words that never vary
stay literal; each range of varying blocks becomes one expression that fits the complete name, such as
`^P(\d+)_S\d+_\D+$`. Names of other shapes, for instance of anonymous test files, do not match it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

_HASH = r"(?<![^\W_])[0-9a-f]{8,}(?![^\W_])"
_BLOCKS = re.compile(rf"{_HASH}|\d+|[^\W\d_]+|[\W_]+")
_CHANGES = re.compile(r"(?<=\d)(?=[a-f])|(?<=[a-f])(?=\d)")
_FREQUENT, _COMMON = 0.9, 0.1
"""Share of names with one shape: one template is enough; the shape gets a template of its own."""
_TEMPLATES, _VARYING, _NAMES = 3, 7, 2000
_CUT_DIGITS = range(6, 15)

HASH, NUMBER, WORD, SHORT_WORD, REST = r"[0-9a-f]{8,}", r"\d+", r"\D+", r"[^\W\d_]+", r".*?"
Shape = tuple[str, ...]
Blocks = list[str]
Value = TypeVar("Value", str, tuple[str, ...])


@dataclass(frozen=True)
class Template:
    """Consecutive expressions that together fit a complete name, or its beginning.

    Attributes:
        pieces: expressions.
        varying: which pieces differ between names.
        widths: number of digits of each piece, if it is a number of equal width everywhere; else 0.
        open_end: whether further text may follow.
    """

    pieces: tuple[str, ...]
    varying: tuple[int, ...]
    widths: tuple[int, ...]
    open_end: bool = False

    def capture(self, first: int, last: int, digits: int = 0) -> str:
        """Return the expression that captures the pieces `first` … `last`, or the first digits of piece `first`."""
        inner = "".join(self.pieces[first : last + 1])
        captured = f"({inner})"
        if digits:
            captured = rf"(\d{{{digits}}})\d{{{self.widths[first] - digits}}}"
        end = "" if self.open_end else "$"
        return "^" + "".join(self.pieces[:first]) + captured + "".join(self.pieces[last + 1 :]) + end


def name_patterns(names: Sequence[str]) -> tuple[str, ...]:
    r"""Return expressions with one capturing bracket that may separate related names, the simplest first.

    >>> name_patterns(["P01_S1", "P01_S2", "P02_S1"])
    ('^P(\\d+)_S\\d+$', '^P\\d+_S(\\d+)$', '^P(\\d+_S\\d+)$')

    Args:
        names: file names without suffix, or other texts.
    """
    distinct = sorted(set(names) - {""})
    blocks = [_blocks(name) for name in distinct[:: max(1, len(distinct) // _NAMES)]]
    if not blocks:
        return ()
    shapes = [tuple(map(_kind, parts)) for parts in blocks]
    templates = _full_templates(blocks, shapes)
    patterns = [pattern for template in templates for pattern in _ranges(template)]
    if not templates or _most_frequent(shapes)[0][1] < _FREQUENT * len(blocks):
        for template in (_ending(blocks, shapes), _beginning(blocks, shapes)):
            patterns += [] if template is None else _ranges(template)
        patterns += _numbers_after_words(blocks)
    return tuple(dict.fromkeys(sorted(patterns, key=_complexity)))


def _blocks(name: str) -> Blocks:
    """Return the numbers, words, separators and hexadecimal digests (as they are in names of files) of a name."""
    found = []
    for block in _BLOCKS.findall(name):
        if block[0].isalnum() and not block.isdecimal() and not block.isalpha() and not _is_hash(block):
            found += re.findall(r"\d+|[^\W\d_]+", block)
        else:
            found.append(block)
    return found


def _is_hash(block: str) -> bool:
    return len(_CHANGES.findall(block)) > 2


def _kind(block: str) -> str:
    if _is_hash(block):
        return HASH
    if block[0].isdecimal():
        return NUMBER
    return WORD if block[0].isalpha() else block


def _full_templates(blocks: Sequence[Blocks], shapes: Sequence[Shape]) -> list[Template]:
    found = []
    for shape, count in _most_frequent(shapes)[:_TEMPLATES]:
        if count >= _COMMON * len(blocks):
            members = [parts for parts, own in zip(blocks, shapes, strict=True) if own == shape]
            found.append(_template(members, shape))
    return found


def _template(members: Sequence[Blocks], shape: Shape, before: str = "", open_end: bool = False) -> Template:
    """Return the template of names with one shape.

    Args:
        members: blocks of the names, as many as the shape has.
        shape: kind of each block.
        before: expression of what precedes the blocks, if anything.
        open_end: whether further text may follow.
    """
    pieces, varying, widths = ([before], [0], [0]) if before else ([], [], [])
    for position, kind in enumerate(shape):
        texts = {parts[position] for parts in members}
        lengths = {len(text) for text in texts}
        if len(texts) > 1:
            varying.append(len(pieces))
        # A number stays open where it never varies: the test rows may have another.
        literal = len(texts) == 1 and kind != NUMBER
        word = SHORT_WORD if open_end else WORD
        pieces.append(_escaped(members[0][position]) if literal else word if kind == WORD else kind)
        widths.append(lengths.pop() if kind == NUMBER and len(lengths) == 1 else 0)
    return Template(tuple(pieces), tuple(varying), tuple(widths), open_end)


def _ending(blocks: Sequence[Blocks], shapes: Sequence[Shape]) -> Template | None:
    """Return the template of the blocks with which nearly all names end, after a beginning of any kind."""
    common = _common([shape[::-1] for shape in shapes])
    if not common:
        return None
    last = _most_frequent([shape[-common:] for shape in shapes if len(shape) >= common])[0][0]
    members = [parts[-common:] for parts, shape in zip(blocks, shapes, strict=True) if shape[-common:] == last]
    if last[0] == WORD and len({parts[0] for parts in members}) > 1:  # a varying word belongs to the beginning
        members, last = [parts[1:] for parts in members], last[1:]
    return _template(members, last, before=REST) if last else None


def _beginning(blocks: Sequence[Blocks], shapes: Sequence[Shape]) -> Template | None:
    """Return the template of the blocks with which nearly all names begin."""
    common = _common(shapes)
    if not common:
        return None
    first = _most_frequent([shape[:common] for shape in shapes if len(shape) >= common])[0][0]
    members = [parts[:common] for parts, shape in zip(blocks, shapes, strict=True) if shape[:common] == first]
    return _template(members, first, open_end=True)


def _common(shapes: Sequence[Shape]) -> int:
    """Return the number of kinds with which nearly all shapes begin."""
    left = list(shapes)
    length = 0
    while True:
        following = [shape[length] for shape in left if len(shape) > length]
        if not following:
            return length
        kind, count = _most_frequent(following)[0]
        if count < _FREQUENT * len(shapes):
            return length
        left = [shape for shape in left if len(shape) > length and shape[length] == kind]
        length += 1


def _most_frequent(values: Iterable[Value]) -> list[tuple[Value, int]]:
    """Return values and their counts; of equally frequent ones the smaller first, whatever the order of the rows."""
    return sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))


def _ranges(template: Template) -> list[str]:
    """Return one expression per range of varying pieces, and those of the first digits of long numbers."""
    varying = template.varying[:_VARYING]
    found = [template.capture(first, last) for i, first in enumerate(varying) for last in varying[i:]]
    for piece in varying:
        width = template.widths[piece]
        if width in _CUT_DIGITS:
            found += [template.capture(piece, piece, digits) for digits in range(2, width - 1)]
    return found


def _numbers_after_words(blocks: Sequence[Blocks]) -> list[str]:
    r"""Return expressions such as `(?<![^\W\d_])sub[-_. ]?(\d+)` for words that are in at least half of the names."""
    words: Counter[str] = Counter()
    for parts in blocks:
        compact = [part for part in parts if not (len(part) == 1 and part in "-_. ")]
        words.update({a for a, b in pairwise(compact) if a[0].isalpha() and b[0].isdecimal()})
    frequent = [word for word, count in _most_frequent(words.elements())[:_VARYING] if count >= len(blocks) / 2]
    return [rf"(?<![^\W\d_]){_escaped(word)}[-_. ]?(\d+)" for word in frequent]


def _complexity(pattern: str) -> tuple[bool, int]:
    """Sort expressions for a part of a number last, and short captures first."""
    end = pattern.rindex(")")
    captured = pattern[pattern.rindex("(", 0, end) : end]
    return "{" in pattern, len(re.findall(r"\\d|\\D|\.\*|\[", captured))


def _escaped(text: str) -> str:
    return re.escape(text).replace(r"\-", "-").replace(r"\ ", " ")
