"""What a shell completes: names of recipes, and keys of settings. Imports neither torch nor pandas."""

from __future__ import annotations

from pathlib import Path


def recipe_names(incomplete: str) -> list[str]:
    """Return the shipped recipes and the YAML files that begin with a text.

    Example:
        >>> recipe_names("gpu-8")
        ['gpu-80gb', 'gpu-8gb']
    """
    from glob import escape

    from sketchfit.config.shipped import shipped_recipes

    above, begin = Path(incomplete).parent, incomplete.rpartition("/")[2]
    files = [str(path) for path in sorted(above.glob(f"{escape(begin)}*.y*ml"))]
    return [*(name for name in shipped_recipes() if name.startswith(incomplete)), *files]


def recipe_names_or_auto(incomplete: str) -> list[str]:
    """Return the same, and `auto`."""
    return [*(["auto"] if "auto".startswith(incomplete) else []), *recipe_names(incomplete)]


def setting_keys(incomplete: str) -> list[tuple[str, str]]:
    """Return the keys of settings that begin with a text, as `KEY=`, with what each is.

    Example:
        >>> [key for key, _ in setting_keys("training.epo")]
        ['training.epochs=']
    """
    from sketchfit.config.scope import settings

    found = ((one.key, " ".join((one.field.description or "").split())) for one in settings())
    return [(f"{key}=", text) for key, text in found if key.startswith(incomplete)]


def families(incomplete: str) -> list[str]:
    """Return the families of `sketchfit options` that begin with a text."""
    return [name for name in FAMILIES if name.startswith(incomplete)]


FAMILIES = (
    "optimizers", "schedules", "losses", "heads", "closed_forms", "policies", "operations", "models", "settings",
)  # fmt: skip
"""Names of `commands.options.FAMILIES`, which imports torch."""
