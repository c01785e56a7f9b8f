"""Connects a run to the trackers of its recipe and to the notifiers of the environment."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from sketchfit.config.tracking import TrackingSection
from sketchfit.dotenv_file import read_dotenv
from sketchfit.files import write_text
from sketchfit.redact import redact
from sketchfit.tracking.callback import RunInfo
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.notifier import VARIABLE, Notifier, addresses
from sketchfit.tracking.trackers import trackers

DOTENV_NAMES = re.compile(r"(SKETCHFIT_NOTIFY|(WANDB|MLFLOW|COMET|CLEARML|SWANLAB|AIM|DVC|TRACKIO)_\w+)")
"""Variables that are read from a `.env` file; it may hold those of other programs."""

log = logging.getLogger(__name__)


def connect(dispatcher: Dispatcher, section: TrackingSection, info: RunInfo, environ: Mapping[str, str]) -> None:
    """Add the callbacks of the recipe and of the environment, and send them the start of the run.

    One that is missing, misspelt or broken is logged as a warning, and the run continues without it.

    Args:
        dispatcher: receives the callbacks.
        section: settings of the recipe.
        info: about the run.
        environ: environment variables; `SKETCHFIT_NOTIFY` has the addresses of notifiers.
    """
    dispatcher.patience = section.wait
    for name in dict.fromkeys(section.to):
        try:
            dispatcher.add(name, trackers.get(name)(section, info))
        except Exception as error:
            log.warning(redact(f"{name}: {error}; the run continues without it"))
    for number, address in enumerate(addresses(environ.get(VARIABLE, "")) if section.notify else (), 1):
        title = f"notification {number} of {VARIABLE}"
        try:
            dispatcher.add(title, Notifier(address, section.notify))
        except Exception as error:
            log.warning(f"{title}: {error}; the run continues without it")
    dispatcher.run_started(info)


def run_identity(folder: Path) -> str:
    """Return the random name of a run for its trackers. It is kept in the run's folder for resumed runs."""
    path = folder / "tracking" / "identity"
    if not path.is_file():
        write_text(path, secrets.token_hex(6))
    return path.read_text(encoding="ascii").strip()


def load_dotenv(path: Path, environ: MutableMapping[str, str] | None = None) -> Mapping[str, str]:
    """Add the variables of trackers and notifiers in a `.env` file to the environment; set variables stay as they are.

    Args:
        path: the file; nothing is added if it is missing or no text.
        environ: the environment, by default that of the process, where trackers look for their variables.

    Returns:
        The environment.
    """
    environ = os.environ if environ is None else environ
    for name, value in read_dotenv(path).items():
        if DOTENV_NAMES.fullmatch(name):
            environ.setdefault(name, value)
    return environ
