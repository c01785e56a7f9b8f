"""What the schema finds in settings, one sentence per key, with the nearest names."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import inner_section, section_fields
from sketchfit.config.section import Section
from sketchfit.registry import nearest

_WITH_ARTICLE = {"integer": "an integer", "number": "a number"}


@dataclass(frozen=True)
class Mistake:
    """A setting that the schema refuses.

    Attributes:
        key: dotted, with the numbers of list entries.
        text: what is wrong, without the key.
        unknown: whether there is no such key.
    """

    key: str
    text: str
    unknown: bool = False

    def sentence(self, prefix: str = "") -> str:
        """Return the complete sentence; `prefix` is put before the key, for instance `members.a.`."""
        if self.unknown:
            return f"unknown key {prefix + self.key!r}{self.text}"
        return f"{prefix}{self.key}: {self.text}" if self.key else self.text


def schema_mistakes(settings: Mapping[str, Any]) -> list[Mistake]:
    """Return what the schema refuses in the settings of a run or of one member, without looking into `members`."""
    try:
        Recipe.model_validate(settings)
    except ValidationError as error:
        by_key: dict[str, list[Any]] = {}
        for item in error.errors():
            by_key.setdefault(_key(item["loc"], item["type"]), []).append(item)
        return [_mistake(key, items) for key, items in by_key.items()]
    return []


def without(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return settings without a key; without the list around it where it is an entry of one."""
    name, _, rest = key.partition(".")
    inner = settings.get(name)
    if rest and isinstance(inner, Mapping):
        return {**settings, name: without(inner, rest)}
    return {other: value for other, value in settings.items() if other != name}


def setting_names(section: type[Section] = Recipe, prefix: str = "") -> Iterator[str]:
    """Yield every key of the recipe with its dots, sections included."""
    for name, field in section_fields(section).items():
        key = f"{prefix}{name}"
        yield key
        if (inner := inner_section(field)) is not None:
            yield from setting_names(inner, f"{key}.")


def _key(loc: Sequence[str | int], kind: str) -> str:
    """Return the dotted key of an error's place, without the types of a union that pydantic adds to it."""
    parts: list[str] = []
    section: type[Section] | None = Recipe
    for part in loc:
        if isinstance(part, int):
            parts.append(str(part))
        elif section is not None and part in section_fields(section):
            parts.append(part)
            section = _section_of(section_fields(section)[part].annotation)
        elif section is not None and kind == "extra_forbidden":
            parts.append(part)
        else:
            break
    return ".".join(parts)


def _section_of(annotation: Any) -> type[Section] | None:
    """Return the section that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for one in typing.get_args(annotation) if (found := _section_of(one)) is not None), None)


def _mistake(key: str, items: Sequence[Any]) -> Mistake:
    """Return one mistake for all that is wrong at a key: several where its type is a union."""
    if items[0]["type"] == "extra_forbidden":
        return Mistake(key, _nearest_key(re.sub(r"\.\d+", "", key), tuple(setting_names())), unknown=True)
    texts = dict.fromkeys(_text(item) for item in items)
    return Mistake(key, " or ".join(texts) + ("" if items[0]["type"] == "value_error" else f", and is {_input(items)}"))


def _input(items: Sequence[Any]) -> str:
    """Return the refused value: the outermost one, which the first part of a union is given."""
    return repr(min(items, key=lambda item: len(item["loc"]))["input"])


def _text(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    text = re.sub(r"^(Input|Value|Tuple|List|Dictionary|String) should", "must", item["msg"])
    text = re.sub(r"a valid (integer|number), unable .*", lambda match: _WITH_ARTICLE[match[1]], text)
    text = text.replace("a valid tuple", "a list")
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        text += nearest(item["input"], re.findall(r"'([^']*)'", item["ctx"]["expected"]))
    return text


def _nearest_key(name: str, known: Sequence[str]) -> str:
    section, dot, last = name.rpartition(".")
    siblings = [key for key in known if key.rpartition(".")[0] == section]
    # A misspelt key of the right section is likelier than the section's own name.
    near = get_close_matches(last, [key.rpartition(".")[2] for key in siblings], n=1, cutoff=0.6)
    found = [f"{section}{dot}{near[0]}"] if near else get_close_matches(name, known, n=1, cutoff=0.4)
    if not found:  # a right name in a wrong section is nearest by its last part
        by_last = {key.rpartition(".")[2]: key for key in known}
        found = [by_last[match] for match in get_close_matches(last, by_last, n=1, cutoff=0.6)]
    return f"; the nearest is {found[0]!r}" if found else ""
