"""The client of the hub, and its errors in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sketchfit.errors import MissingPackageError, UserError
from sketchfit.hub.address import HubAddress

PACKAGE = "pip install huggingface_hub"
LOGIN = "Set HF_TOKEN to a token of https://huggingface.co/settings/tokens that may {what}, or log in: hf auth login"
ONLINE = "Unset HF_HUB_OFFLINE, or give a folder."


def hub_client() -> ModuleType:
    """Return the module `huggingface_hub`.

    Raises:
        UserError: it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingPackageError("the hub needs the package huggingface_hub", PACKAGE) from error
    return huggingface_hub


def is_offline() -> bool:
    """Return whether HF_HUB_OFFLINE forbids requests."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


@contextmanager
def in_one_sentence(address: HubAddress, what: str) -> Iterator[None]:
    """Raise a `UserError` for each error of the client.

    Args:
        address: that is read or written.
        what: is done, for a message, such as `read` or `write`.
    """
    from huggingface_hub import errors

    try:
        with _without_bars():
            yield
    except UserError:
        raise
    except errors.GatedRepoError as error:
        raise UserError(f"{address} is gated: its owner has to accept you first", _page(address)) from error
    except errors.RevisionNotFoundError as error:
        raise UserError(f"{address.repository} has no revision {address.revision!r}", _page(address)) from error
    except errors.RepositoryNotFoundError as error:
        raise UserError(f"{address} does not exist, or is private", LOGIN.format(what=what)) from error
    except errors.LocalEntryNotFoundError as error:
        raise _not_here(address) from error
    except errors.HfHubHTTPError as error:
        raise _refused(address, error, what) from error
    except Exception as error:  # errors of several libraries where there is no network, or an answer is malformed
        raise UserError(f"the hub cannot {what} {address}: {_first_line(error)}", "Try again later.") from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """Let the client draw no bars where standard error is no terminal."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if sys.stderr.isatty() or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _refused(address: HubAddress, error: Exception, what: str) -> UserError:
    """Return the error of an answer that is an HTTP status."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return UserError(f"the hub does not let you {what} {address} (status {status})", LOGIN.format(what=what))
    if status in (409, 412):
        return UserError(f"somebody else has changed {address} at the same time", "Run the same command again.")
    if status == 429:
        return UserError("the hub has received too many requests from you (status 429)", "Try again later.")
    shown = f" (status {status})" if status else ""
    return UserError(f"the hub cannot {what} {address}{shown}: {_first_line(error)}", "Try again later.")


def _not_here(address: HubAddress) -> UserError:
    if is_offline():
        return UserError(f"{address} is not in the local cache, and HF_HUB_OFFLINE forbids to download it", ONLINE)
    return UserError(
        f"{address} is not in the local cache, and the hub cannot be reached",
        "Check the connection to the network, or give a folder.",
    )


def _page(address: HubAddress) -> str:
    from huggingface_hub import constants

    return f"See {constants.ENDPOINT}/{address.repository}"


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
