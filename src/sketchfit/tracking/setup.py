"""Who hears of a run: the trackers of the recipe and the notifiers of the environment."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from sketchfit.config.tracking import TrackingSection
from sketchfit.files import write_text
from sketchfit.tracking.callback import Callback, RunInfo
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.notify import VARIABLE, Notifier, addresses

EXTRA = frozenset({"tensorboard", "wandb", "mlflow"})
"""Trackers that `pip install sketchfit[tracking]` brings."""

Warn = Callable[[str], None]


def listen(
    dispatcher: Dispatcher, section: TrackingSection, info: RunInfo, environ: Mapping[str, str], warn: Warn
) -> None:
    """Add all callbacks that the recipe and the environment ask for, and tell them that the run starts.

    What is missing or misspelt is a warning, and the run goes on without it.
    """
    dispatcher.warn, dispatcher.patience = warn, section.wait
    for name in dict.fromkeys(section.to):
        if not installed(name):
            package = "sketchfit[tracking]" if name in EXTRA else name
            warn(f"{name} is not installed, and the run goes on without it: pip install {package}")
            continue
        try:
            dispatcher.add(name, make_tracker(name, section, info, warn))
        except Exception as error:
            warn(f"{name}: {type(error).__name__}; the run goes on without it")
    for number, address in enumerate(addresses(environ.get(VARIABLE, "")) if section.notify else (), 1):
        title = f"notification {number} of {VARIABLE}"
        try:
            dispatcher.add(title, Notifier(address, section.notify))
        except Exception as error:
            warn(f"{title}: {error}; the run goes on without it")
    dispatcher.run_started(info)


def make_tracker(name: str, section: TrackingSection, info: RunInfo, warn: Warn) -> Callback:
    """A tracker by its name in the recipe; imports it only now."""
    group = section.group or info.name
    if name == "tensorboard":
        from sketchfit.tracking.trackers.tensorboard import TensorBoard

        return TensorBoard()
    if name == "wandb":
        from sketchfit.tracking.trackers.wandb import WandB

        return WandB(section.project, group, warn)
    if name == "mlflow":
        from sketchfit.tracking.trackers.mlflow import MLflow

        return MLflow(section.project, group)
    from sketchfit.tracking.trackers.other import Other

    return Other(name, section.project)


def installed(name: str) -> bool:
    """Whether a package can be imported; a mere folder of that name (`wandb/` in the working folder) is none."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def run_identity(folder: Path) -> str:
    """Random name of a run for its trackers, kept in its folder, so that a resumed run goes on in the same place."""
    path = folder / "tracking" / "identity"
    if not path.is_file():
        write_text(path, secrets.token_hex(6))
    return path.read_text(encoding="ascii").strip()
