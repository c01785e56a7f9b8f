"""The reference of all settings: a page per section of the recipe, one for operations, and an index (docs/options)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from sketchfit.commands.options import first_line, one_line, options
from sketchfit.commands.setting_words import allowed_words, default_words
from sketchfit.config.family import FamilySection
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import Setting, inner_section, section_fields, settings
from sketchfit.config.section import Section
from sketchfit.config.training import ResizeStage
from sketchfit.config.transforms import CurriculumStage
from sketchfit.files import write_text
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Op

INDEX, OPERATIONS = "index.md", "operations.md"

_STAGES: dict[str, tuple[str, type[Section]]] = {
    "transforms": ("curriculum", CurriculumStage),
    "training": ("resize", ResizeStage),
}
"""Sections with a list of stages: the setting that holds it, and what a stage is."""

_CHOICES = {"loss": "losses", "model": "heads", "transforms": "policies"}
"""Sections with a table of named choices, and their family."""

_INTRODUCTION = """\
# Options

Every setting of a recipe, by section. Set it in a YAML recipe, or on the command line with `--set key=value`
(`--set training.epochs=20`), or as a keyword [from Python](../python.md) (`epochs=20`). `sketchfit options` lists all
of them in a terminal; `sketchfit recipes show NAME --full` prints the values of a recipe. An unknown key is an
error that names the nearest one.

`sketchfit options --markdown docs/options` makes these pages from the schema; a test fails when they are stale.
Below the name of each setting are its type or the values that are allowed, its default, and its scope:

- *per member*: each [member](../glossary.md#member) can have its own value; *per run*: all members share it.
- *changes the training*: the setting is part of a training's fingerprint, so networks are trained again for a new
  value. *Changes the results*: only what is computed from trained networks is computed again. *Changes no result*: it
  concerns what is shown, or where and how fast the work is done."""

_DECIDES = {"training": "changes the training", "results": "changes the results", "nothing": "changes no result"}


def write_pages(folder: Path) -> list[str]:
    """Write all pages into a folder, which is created; return their names."""
    found = pages()
    for name, text in found.items():
        write_text(folder / name, text)
    return list(found)


def pages() -> dict[str, str]:
    """Return the text of each page by its file name, the index first."""
    sections = {name: kind for name, field in Recipe.model_fields.items() if (kind := inner_section(field)) is not None}
    parts = {
        INDEX: _index(sections),
        **{f"{name}.md": _page(name, kind) for name, kind in sections.items()},
        OPERATIONS: _operations(),
    }
    return {name: "\n\n".join(part) + "\n" for name, part in parts.items()}


def _index(sections: dict[str, type[Section]]) -> Iterator[str]:
    yield _INTRODUCTION
    yield "## Sections"
    lines = (f"- **[{name}]({name}.md)**: {one_line(kind.__doc__)} {_keys(name)}" for name, kind in sections.items())
    yield "\n".join(lines)
    yield (
        "The operations of augmentation policies have [a page](operations.md). `sketchfit options optimizers` lists "
        f"{len(options('optimizers'))} optimizers, `sketchfit options models` timm's networks with weights."
    )
    yield "## Settings without a section"
    yield from (_entry(setting) for setting in settings() if "." not in setting.key)


def _keys(section: str) -> str:
    keys = [one.key.removeprefix(f"{section}.") for one in settings() if one.key.startswith(f"{section}.")]
    return f"<small>{', '.join(f'`{key}`' for key in keys)}</small>"


def _page(name: str, section: type[Section]) -> Iterator[str]:
    yield f"# Options: {name}"
    yield one_line(section.__doc__)
    known = {setting.key: setting for setting in settings()}
    for prefix, kind in _with_inner(section, f"{name}."):
        if prefix != f"{name}.":
            yield f"## `{prefix.rstrip('.')}`"
            yield one_line(kind.__doc__)
        keys = (f"{prefix}{key}" for key in section_fields(kind))
        yield from (_entry(known[key], kind) for key in keys if key in known)
    if name in _STAGES:
        key, stage = _STAGES[name]
        yield f"## `{name}.{key}[…]`"
        yield one_line(stage.__doc__)
        yield from map(_entry, settings(stage, f"{name}.{key}[…].", known[f"{name}.{key}"].scope))
    if name in _CHOICES:
        yield f"## {_CHOICES[name].capitalize()}"
        rows = [f"| `{choice}` | {_cell(text)} |" for choice, text in options(_CHOICES[name])]
        yield "\n".join(["| name | meaning |", "| --- | --- |", *rows])


def _with_inner(section: type[Section], prefix: str) -> Iterator[tuple[str, type[Section]]]:
    """Yield a section and those in it, each with the prefix of its keys."""
    yield prefix, section
    for name, field in section_fields(section).items():
        if (inner := inner_section(field)) is not None:
            yield from _with_inner(inner, f"{prefix}{name}.")


def _entry(setting: Setting, section: type[Section] = Recipe) -> str:
    """Return a setting's heading, its type, default and scope in one line, and its help."""
    if issubclass(section, FamilySection) and setting.key.endswith(".name"):
        facts = f"{', '.join(f'`{member}`' for member in section.members())} · default {default_words(section.usual)}"
    else:
        facts = _facts(setting.field)
    small = f"<small>{facts} · {_scope_words(setting)}</small>"
    return f"### `{setting.key}`\n\n{small}\n\n{one_line(setting.field.description)}"


def _facts(field: FieldInfo) -> str:
    allowed = allowed_words(field.annotation, field.metadata)
    if field.is_required():
        return f"{allowed} · required"
    return f"{allowed} · default {default_words(field.get_default(call_default_factory=True))}"


def _scope_words(setting: Setting) -> str:
    return f"per {setting.scope.owner} · {_DECIDES[setting.scope.decides or 'results']}"


def _operations() -> Iterator[str]:
    yield "# Options: operations"
    yield "What the YAML file of an augmentation policy lists, each with `p`, its probability (1 unless set)."
    for name, kind in operations.items():
        own = ((key, field) for key, field in kind.model_fields.items() if key not in Op.model_fields)
        lines = [f"- `{key}` ({_facts(field)}): {one_line(field.description)}" for key, field in own]
        yield "\n\n".join(part for part in (f"## `{name}`", first_line(kind), "\n".join(lines)) if part)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
