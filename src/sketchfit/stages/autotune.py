"""Settings that the machine decides: settled once, before training, and from then on part of the run's recipe.

Precision, memory format and batch size change what is trained. So a run takes what it chose from its own folder when it
goes on, whatever would be measured by then.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import yaml

from sketchfit.config.load import member_recipes, merge, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import default_cache
from sketchfit.errors import UserError
from sketchfit.runs.folder import RunFolder
from sketchfit.tracking.console import Console
from sketchfit.training.autotune import Format, batch_that_fits, candidates, choose_format, measure_formats
from sketchfit.training.autotune_memory import circumstances, recall, remember
from sketchfit.training.engine import Engine


def resolve_settings(
    recipe: Recipe, classes: int, folder: Path, fresh: bool, engine: Engine, console: Console
) -> Recipe:
    """The recipe with values in place of `compute.autotune` and `training.batch_size=auto`; what is set stays.

    Args:
        folder: the run's; where something was trained there, its values are taken, and where this is not the main
            process, those that the main process wrote.
        fresh: what lies there will be thrown away.
    """
    members = member_recipes(recipe)
    open_keys = {name: _open_keys(recipe, name, member) for name, member in members.items()}
    if not any(open_keys.values()):
        if recipe.compute.autotune:
            console.line("autotune: nothing to choose, compute.precision and compute.channels_last are set")
        return recipe
    before = None if fresh else _recorded(RunFolder(folder), not engine.is_main)
    found: dict[str, dict[str, Any]] = {}
    for name, member in members.items():
        if before is not None and name in before:
            found[name] = _nested({key: _value(before[name], key) for key in open_keys[name]})
        elif open_keys[name]:
            found[name] = _nested(_decide(name, member, open_keys[name], classes, engine, console))
    return _written(recipe, found)


def _open_keys(recipe: Recipe, name: str, member: Recipe) -> list[str]:
    """What is to be decided for a member: neither its recipe nor its own settings name it."""
    batch = ["training.batch_size"] if member.training.batch_size == "auto" else []
    if not member.compute.autotune:
        return batch
    own = recipe.members.get(name, {}).get("compute") or {}
    named = recipe.compute.model_fields_set | set(own)
    return batch + [f"compute.{key}" for key in ("precision", "channels_last") if key not in named]


def _recorded(run: RunFolder, other_process: bool) -> dict[str, Recipe] | None:
    """The member recipes of what was trained in a run's folder, by name."""
    if not run.recipe.is_file() or not (other_process or any(run.path.glob("members/*/*/*"))):
        return None
    try:
        return member_recipes(parse_recipe(yaml.safe_load(run.recipe.read_text(encoding="utf-8"))))
    except (UserError, yaml.YAMLError):
        return None  # opening the folder says what is wrong with it


def _decide(
    name: str, member: Recipe, keys: list[str], classes: int, engine: Engine, console: Console
) -> dict[str, Any]:
    """Values of the open keys, measured or remembered."""
    values: dict[str, Any] = {}
    device, processes = engine.device, engine.processes
    batch = member.training.batch
    if "training.batch_size" in keys:
        if device.type == "cuda":
            batch = batch_that_fits(member, classes, device) * processes
        values["training.batch_size"] = batch
        console.line(
            f"{name}: training.batch_size {batch}{'' if device.type == 'cuda' else ', as always without CUDA'}"
        )
    compute = member.compute
    formats = candidates(
        device,
        None if "compute.precision" in keys else compute.precision,
        None if "compute.channels_last" in keys else compute.channels_last,
    )
    if not any(key.startswith("compute.") for key in keys):
        return values
    share = max(1, batch // processes)
    cache = Path(member.data.cache).expanduser() if member.data.cache else default_cache()
    what = circumstances(member, device, share)
    began = time.monotonic()
    rates = recall(cache, what, formats)
    known = rates is not None
    if rates is None:
        rates = measure_formats(member, classes, device, formats, share)
        remember(cache, what, rates)
    chosen = choose_format(rates, compute.channels_last)
    origin = "remembered" if known else f"measured in {time.monotonic() - began:.0f} s"
    console.line(f"{name}: autotune chose {chosen} ({_describe(rates)} images/s; {origin})")
    decided = {"compute.precision": chosen.precision, "compute.channels_last": chosen.channels_last}
    return values | {key: value for key, value in decided.items() if key in keys}


def _describe(rates: dict[Format, float]) -> str:
    return ", ".join(f"{one} {rate:.3g}" for one, rate in rates.items())


def _value(recipe: Recipe, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(recipe, section), name)


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = value
    return nested


def _written(recipe: Recipe, found: dict[str, dict[str, Any]]) -> Recipe:
    """The recipe with each member's values: in the recipe itself where it is one member's alone."""
    settings = recipe.model_dump(mode="json")
    if recipe.members:
        settings["members"] = {name: merge(own, found.get(name, {})) for name, own in recipe.members.items()}
    else:
        ((_, values),) = found.items()
        settings = merge(settings, values)
    return parse_recipe(settings)
