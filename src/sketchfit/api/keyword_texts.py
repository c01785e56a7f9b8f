"""Errors whose texts name options of the command line, in the words of Python: `--fresh` becomes `fresh=True`.

Below the two front ends, texts name options. The command line prints them as they are; the public functions raise them
with keyword arguments. A complete command, `sketchfit export RUN --out FOLDER`, stays as it is.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sketchfit.config.keywords import BETWEEN, setting_key
from sketchfit.errors import UserError

COMMAND = r"`sketchfit [^`]*`|sketchfit [a-z][^`;]*?(?=[`;]|\.\s|\.?$)"
"""A command to type, to the end of its sentence; it has precedence over the options in it."""

VALUE = (
    r"'[a-z_][\w.]*=[^']*'|[a-z_][\w.]*=(?:[^\s,;:()]*[^\s,;:().]|\.)"
    r"|[A-Z][A-Z_]+|\w+(?:,\w+)+|[\w./-]*[\d./_-][\w./-]*\w|\d"
)
"""What can be the value of an option and no word of the sentence: `key=value`, also in quotes, FILE, `a,b`, `18m`."""

OPTION = rf"--(?P<name>[a-z][a-z0-9-]*)(?:[ =](?P<value>{VALUE}))?"

WORDS = {"true": "True", "false": "False", "none": "None", "null": "None"}
UNKNOWN = "…"
"""Stands for the value of a keyword."""


def in_words_of_python(error: UserError) -> None:
    """Change the texts of an error, which stays the same object with its class and its traceback."""
    error.problems = tuple(keyword_text(one) for one in error.problems)
    error.hint = keyword_text(error.hint)
    error.args = ("\n".join([*error.problems, *([error.hint] if error.hint else [])]),)


def keyword_text(text: str) -> str:
    """Return a text with keyword arguments in place of the options that public functions have.

    >>> keyword_text("Choose another folder with --out, or start over with --fresh.")
    'Choose another folder with out=…, or start over with fresh=True.'
    >>> keyword_text("Give a local file with --set model.weights=FILE, or --set model.pretrained=false.")
    'Give a local file with model__weights=FILE, or model__pretrained=False.'
    >>> keyword_text("Name one with --set 'data.sample=my answers.csv'.")
    'Name one with data__sample="my answers.csv".'
    >>> keyword_text("Make one: sketchfit export RUN --out FOLDER")
    'Make one: sketchfit export RUN --out FOLDER'
    """
    return re.sub(f"{COMMAND}|{OPTION}", _keyword, text, flags=re.MULTILINE) if "--" in text else text


def _keyword(match: re.Match[str]) -> str:
    name, value = match["name"], (match["value"] or "").strip("'")
    if name is None:  # a command
        return match[0]
    if name == "set":
        key, is_setting, given = value.partition("=")
        if is_setting:
            return f"{key.replace('.', BETWEEN)}={_literal(given)}"
        return "overrides"
    keyword = name.replace("-", "_")
    kind = keywords().get(keyword, "")
    if not kind and not _is_setting(keyword):
        return match[0]
    if kind == "bool":
        rest = match[0].removeprefix(f"--{name}")  # what follows an option without a value is no value
        return f"{keyword}=True{rest}"
    if kind.startswith("Sequence"):
        return f"{keyword}=[{', '.join(map(_literal, value.split(','))) if value else UNKNOWN}]"
    return f"{keyword}={_literal(value) if value else UNKNOWN}"


def _literal(value: str) -> str:
    """Return a value of a recipe as Python; a word in capital letters stands for one."""
    if re.fullmatch(rf"{UNKNOWN}|[A-Z][A-Z_]*|\d[\d.]*|\[.*\]", value):
        return value
    return WORDS.get(value, f'"{value}"')


@cache
def keywords() -> dict[str, str]:
    """Return the names of the public functions' arguments, and the annotation of each where it is named first."""
    from sketchfit import api

    found: dict[str, str] = {}
    for module in iter_modules(api.__path__):
        function = getattr(import_module(f"{api.__name__}.{module.name}"), module.name, None)
        if inspect.isfunction(function):
            for one in inspect.signature(function).parameters.values():
                found.setdefault(one.name, one.annotation)
    return found


def _is_setting(keyword: str) -> bool:
    try:
        setting_key(keyword)
    except UserError:
        return False
    return True
