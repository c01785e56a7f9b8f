"""Recipes by name or file, `--set key=value` overrides, and errors that name the key and the nearest one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sketchfit.config.checks import contradictions
from sketchfit.config.family import FamilySection
from sketchfit.config.head import HeadSection
from sketchfit.config.loss import LossSection
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import inner_section, member_sections, section_fields
from sketchfit.config.section import Section
from sketchfit.errors import UserError
from sketchfit.redact import secret_keys

FAMILY_SECTIONS: Mapping[str, type[FamilySection]] = {"loss": LossSection, "head": HeadSection}
"""Sections whose settings depend on their `name`, by key."""
NAME_ALONE = frozenset({*FAMILY_SECTIONS, "optimizer", "schedule"})
"""Sections for which a text is short for their `name`."""


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes in the package, sorted."""
    return tuple(sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".yaml")))


def recipe_text(name: str) -> str:
    """YAML text of a shipped recipe, comments included."""
    if name not in shipped_recipes():
        raise UserError(f"no recipe is named {name!r}{_nearest(name, shipped_recipes())}", _known_recipes())
    return str((_folder() / f"{name}.yaml").read_text(encoding="utf-8"))


def load_recipe(
    source: str | Path | Mapping[str, Any] = "cpu", overrides: Sequence[str] | Mapping[str, Any] = ()
) -> Recipe:
    """Build the recipe of a run.

    Args:
        source: name of a shipped recipe, path of a YAML file, or the settings themselves.
        overrides: `key.sub=value` texts (the value is YAML), or a nested mapping; applied in order.

    Raises:
        UserError: every unknown or ill-typed key, with what is allowed and the nearest name; then all settings of a
            member that contradict each other.
    """
    settings, origin = _settings(source)
    for change in [overrides] if isinstance(overrides, Mapping) else map(_override, overrides):
        settings = merge(settings, change)
    _refuse_secrets(settings)
    recipe = parse_recipe(settings, origin)
    members = member_recipes(recipe)
    problems = [
        sentence if len(members) == 1 else f"members.{name}: {sentence}"
        for name, member in members.items()
        for sentence in contradictions(member)
    ]
    if problems:
        raise UserError(problems, f"Mend {origin}, or change it with --set.")
    return recipe


def _refuse_secrets(settings: Mapping[str, Any]) -> None:
    if found := secret_keys(settings):
        raise UserError(
            [f"{key} holds what looks like a secret" for key in found],
            "A recipe is written into the run's folder. Addresses, tokens and passwords belong in the environment or "
            "in a .env file: SKETCHFIT_NOTIFY, WANDB_API_KEY, MLFLOW_TRACKING_URI and their kind.",
        )


def parse_recipe(settings: Mapping[str, Any], origin: str = "the recipe") -> Recipe:
    """Check settings against the schema; see `load_recipe` for the errors."""
    mistakes = _mistakes(settings)
    problems = [_problem(item) for item in mistakes.values()] + _member_problems(settings, set(mistakes))
    if problems:
        raise UserError(problems, f"Mend {origin}; `sketchfit recipes show cpu --full` shows every setting.")
    return Recipe.model_validate(settings)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on it: mappings are merged key by key, anything else is replaced.

    Where `over` names another loss or head, the former one's own settings are left out.
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if key in NAME_ALONE and isinstance(old, str):
            old = {"name": old}
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            kept = FAMILY_SECTIONS[key].replaced(old, value) if key in FAMILY_SECTIONS else old
            merged[key] = merge(kept, value)
        else:
            merged[key] = value
    return merged


def member_recipes(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe of each member by name; one, named after its backbone, where `members` is empty."""
    if not recipe.members:
        return {recipe.model.backbone.replace("/", "_"): recipe}
    base = recipe.model_dump(mode="json", exclude={"members"})
    return {name: parse_recipe(merge(base, over), f"members.{name}") for name, over in recipe.members.items()}


def dump_recipe(recipe: Recipe) -> str:
    """The whole recipe as YAML, every default included."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _folder() -> Any:
    return files("sketchfit.config") / "recipes"


def _settings(source: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    if isinstance(source, Mapping):
        return dict(source), "the recipe"
    if str(source) in shipped_recipes():
        return _parse_yaml(recipe_text(str(source)), f"recipe {source}"), f"recipe {source}"
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"} and not path.is_file():
        raise UserError(
            f"no recipe is named {str(source)!r}{_nearest(str(source), shipped_recipes())}", _known_recipes()
        )
    if not path.is_file():
        raise UserError(f"recipe file {path} does not exist", _known_recipes())
    try:
        return _parse_yaml(path.read_text(encoding="utf-8-sig"), str(path)), str(path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def _parse_yaml(text: str, origin: str) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{origin} is not valid YAML: {error}") from error
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise UserError(f"{origin} must be a mapping of settings, and is a {type(settings).__name__}")
    return settings


def parse_overrides(texts: Sequence[str]) -> dict[str, Any]:
    """Return `key.sub=value` texts as one nested mapping; a later text wins.

    Raises:
        UserError: a text of another form.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        settings = merge(settings, _override(text))
    return settings


def _override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"--set {text!r} is not of the form key=value", "For example: --set training.epochs=20")
    try:
        parsed: Any = yaml.safe_load(value) if value.strip() else None
    except yaml.YAMLError as error:
        raise UserError(f"--set {text!r}: the value is not valid YAML: {error}") from error
    if parsed == value.strip():  # neither a number for YAML nor in quotes
        parsed = _number(parsed)
    for part in reversed(key.strip().split(".")):
        parsed = {part: parsed}
    return dict(parsed)


def _number(text: str) -> str | float:
    """YAML 1.1 reads `1e-3` as text; a person means a number."""
    try:
        return float(text) if any(c.isdigit() for c in text) else text
    except ValueError:
        return text


def _mistakes(settings: Mapping[str, Any]) -> dict[tuple[object, ...], Any]:
    """What the schema says against settings, by key and kind."""
    try:
        Recipe.model_validate(settings)
    except ValidationError as error:
        return {(*item["loc"], item["type"]): item for item in error.errors()}
    return {}


def _member_problems(settings: Mapping[str, Any], known: set[tuple[object, ...]]) -> list[str]:
    """What is wrong with members, told before anything is read or written; mistakes of the recipe itself are known."""
    members = settings.get("members")
    if not isinstance(members, Mapping):
        return []
    problems = []
    for name, over in members.items():
        if not re.fullmatch(r"\w[\w.-]*", str(name)):
            problems.append(f"members.{name}: a member's name is a folder's: letters, digits, '_', '-' and '.' only")
        if not isinstance(over, Mapping):
            continue
        shared = [key for key in over if key in Recipe.model_fields and key not in member_sections()]
        problems += [f"members.{name}.{key}: all members share it; set it in the recipe itself" for key in shared]
        base = {key: value for key, value in settings.items() if key != "members"}
        changed = merge(base, {key: value for key, value in over.items() if key not in shared})
        mistakes = _mistakes(changed)
        problems += [_problem(mistakes[key], f"members.{name}.") for key in mistakes if key not in known]
    return problems


def _problem(item: Mapping[str, Any], prefix: str = "") -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown key {prefix + key!r}{_nearest(key, tuple(setting_names()))}"
    return f"{prefix}{key}: {item['msg']}, and is {item['input']!r}" if key else str(item["msg"])


def setting_names(section: type[Section] = Recipe, prefix: str = "") -> Iterator[str]:
    """Yield every key of the recipe with its dots, sections included."""
    for name, field in section_fields(section).items():
        key = f"{prefix}{name}"
        yield key
        if (inner := inner_section(field)) is not None:
            yield from setting_names(inner, f"{key}.")


def _nearest(name: str, known: Sequence[str]) -> str:
    section, dot, last = name.rpartition(".")
    beside = [key for key in known if key.rpartition(".")[0] == section]
    # A misspelt key of the right section is likelier than the section's own name.
    near = get_close_matches(last, [key.rpartition(".")[2] for key in beside], n=1, cutoff=0.6)
    found = [f"{section}{dot}{near[0]}"] if near else get_close_matches(name, known, n=1, cutoff=0.4)
    if not found:  # a right name in a wrong section is nearest by its last part
        by_last = {key.rpartition(".")[2]: key for key in known}
        found = [by_last[match] for match in get_close_matches(last, by_last, n=1, cutoff=0.6)]
    return f"; the nearest is {found[0]!r}" if found else ""


def _known_recipes() -> str:
    return f"Shipped recipes: {', '.join(shipped_recipes())}. Any YAML file works too."
