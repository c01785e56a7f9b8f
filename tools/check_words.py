"""Find words that this project does not use, in code (comments, strings, names), templates, recipes and documents.

    python tools/check_words.py [folder or file …]
    python tools/check_words.py --list

Prints `file:line: word: what to write instead` per finding, and exits with status 1 if there is one.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = (
    *("src", "docs", "benchmarks", "tools", ".github"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CITATION.cff"),
)
SUFFIXES = (".py", ".md", ".yaml", ".yml", ".cff", ".j2")

# "images a class", "one file a class", "int64 [N] a fold": what is counted, for what, and how such a phrase ends.
COUNTED = (
    r"\d[\d,.]*|one|two|three|four|once|twice|ms|s|KB|MB|GB|"
    r"(?:image|row|line|file|folder|drawing|sample|step|picture|value|number|network|second|minute|byte|megabyte|bit|"
    r"text|column|view|example|weight|float|point|time|run|job|share|stroke|letter|word)s|passes|entries|copies|"
    r"probabilities|(?:a|an|one) (?:file|folder|row|line|image|value|number|tuple|text|sentence|column|entry|weight)"
)
UNITS = (
    "class|epoch|fold|second|minute|hour|row|image|picture|drawing|line|member|batch|pixel|network|run|step|column|"
    "option"
)
CLAUSE_END = (
    r"(?=\s*(?:[.,;:)\]|`'\"]|$)|\s+(?:and|or|in|of|at|on|to|for|with|by|is|are|than|when|from|as|where|but)\b)"
)


@dataclass(frozen=True)
class Rule:
    """A pattern of words, and what to write instead.

    Attributes:
        pattern: matches complete words, in any case.
        instead: the words to use.
        names: whether the pattern also applies to the parts of names in code, such as `old_lesson` or `OldLesson`.
    """

    pattern: re.Pattern[str]
    instead: str
    names: bool = False


def _rule(words: str, instead: str, names: bool = False) -> Rule:
    return Rule(re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), instead, names)


RULES = (
    _rule(rf"(?:{COUNTED})\s+an?\s+(?:{UNITS}){CLAUSE_END}", "per class, per epoch"),
    Rule(re.compile(rf"\]\s+an?\s+(?:{UNITS}){CLAUSE_END}"), "per class, per epoch"),
    _rule("says?|said|saying|(?:tells?|telling)(?! apart)|told|hears?|heard", "print, log, report, notify", names=True),
    _rule("asks?|asked|asking", "call, request, configure", names=True),
    _rule("lies?", "is stored in, is"),
    _rule("(?:goes|go|going|went|gone) on", "continue"),
    _rule("mends?|mended|mending", "fix", names=True),
    _rule("anew", "again"),
    _rule("beside", "next to, compared with"),
    _rule("whole(?! numbers?)", "complete, entire"),
    _rule("(?:hand|hands|handed) (?:(?:it|them) )?(?:over|on|down)", "return, pass"),
    _rule("let (?:it |them )?be", "leave unchanged"),
    _rule("drawn (?:at random|by chance|uniformly|anew|again|once)|is drawn from", "sampled"),
    _rule("tutors?|lessons?|schools?|exams?|pupils?", "teacher, distillation job, held-out rows, student", names=True),
    _rule("teach|teaches|taught", "train, distil", names=True),
    _rule("kitchens?|ingredients?", "soup builder, candidate", names=True),
    _rule("relays?|observers?", "dispatcher, callback, console", names=True),
    _rule("sees", "receives, reads"),
    _rule("the one door|of two minds|observer's ear", "a plain word"),
)

# (end of the file's path, the words found, in lower case): why they are right there.
ALLOWED: dict[tuple[str, str], str] = {
    ("stages/search/study.py", "ask"): "methods of Optuna",
    ("stages/search/study.py", "tell"): "methods of Optuna",
    ("tools/check_words.py", "*"): "the words themselves",
    ("runs/artefacts/soups.py", "ingredients"): "the name of a field in files of earlier versions",
}


def findings(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, words found and what to write instead, for each finding in a file."""
    for line, text, is_name in pieces(path):
        for rule in RULES:
            if is_name and not rule.names:
                continue
            for match in rule.pattern.finditer(text):
                words = " ".join(match[0].split())
                if not _allowed(path, words):
                    yield line + text.count("\n", 0, match.start()), words, rule.instead


def pieces(path: Path) -> Iterable[tuple[int, str, bool]]:
    """Line, text and whether it is a name: all of a text file; comments, strings and names of a Python file."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [(1, content, False)]
    return _pieces_of_code(content)


def _pieces_of_code(content: str) -> Iterator[tuple[int, str, bool]]:
    comment: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            first = first or token.start[0]
            comment.append(token.string)
            continue
        if comment and token.type != tokenize.NL:  # a sentence may cross the lines of a comment
            yield first, "\n".join(comment), False
            comment, first = [], 0
        if token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], re.sub(r"\{[^{}\n]*\}", "{}", token.string), False  # without the code in f-strings
        elif token.type == tokenize.NAME:
            yield token.start[0], _words_of_name(token.string), True


def _words_of_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " "))


def _allowed(path: Path, words: str) -> bool:
    place = path.as_posix()
    return any(place.endswith(end) and allowed in ("*", words.lower()) for end, allowed in ALLOWED)


def files(places: Iterable[Path]) -> Iterator[Path]:
    """All files to check, in the order of their names."""
    for place in places:
        if place.is_dir():
            yield from sorted(one for one in place.rglob("*") if one.suffix in SUFFIXES)
        elif place.is_file():
            yield place


def listed() -> Iterator[str]:
    """Yield the words of each rule, without the syntax of patterns, and what to write instead."""
    yield "an image a class, a file an epoch, [N] a fold: per class, per epoch"
    for rule in RULES[2:]:  # the first two are this phrase
        words = rule.pattern.pattern.removeprefix(r"(?<![\w-])(?:").removesuffix(r")(?![\w-])")
        yield f"{words}: {rule.instead}"


def main() -> int:
    """Print the findings; 1 if there are any."""
    if sys.argv[1:] == ["--list"]:
        print("\n".join(listed()))
        return 0
    places = [Path(one) for one in sys.argv[1:]] or [ROOT / one for one in PLACES]
    count = 0
    for path in files(places):
        for line, words, instead in findings(path):
            count += 1
            print(f"{path.relative_to(ROOT) if path.is_absolute() else path}:{line}: {words!r}: write {instead}")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
