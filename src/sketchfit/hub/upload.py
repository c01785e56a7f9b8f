"""Uploads of a folder to the hub, as one commit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sketchfit.activity import activity
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.errors import UserError
from sketchfit.hub.address import HubAddress
from sketchfit.hub.client import LOGIN, ONLINE, hub_client, in_one_sentence, is_offline
from sketchfit.hub.download import BUNDLE_FILES, NETWORK_FILES
from sketchfit.hub.published import CARD, PublishedNetwork
from sketchfit.version import version

OURS = frozenset({*NETWORK_FILES, *BUNDLE_FILES, CARD, "example.py", "preprocess.py", "model.pt2"})
"""Files that a push may write, and that a later one removes where it does not write them."""

MARKS = frozenset({PublishedNetwork.PLACE, BundleManifest.PLACE})
"""Of which one is where a push has written; the other names are those of many projects."""

NEW = frozenset({".gitattributes", CARD})
"""What the hub writes into a new repository."""


@dataclass(frozen=True)
class Upload:
    """What is sent, and where.

    Attributes:
        address: on the hub.
        private: whether a repository that does not exist yet is made private.
        message: of the commit.
    """

    address: HubAddress
    private: bool = False
    message: str = "Push a network of sketchfit"


def check_upload(upload: Upload) -> None:
    """Refuse an upload that cannot succeed, before long work.

    Raises:
        UserError: a revision is named, HF_HUB_OFFLINE is set, there is no token, the hub cannot be reached or refuses
            the token, or there is a repository that must not be written; see `_check_repository`.
    """
    address, client = upload.address, hub_client()
    if address.revision is not None:
        what = f"{address} names a revision, and networks are pushed to the main branch"
        raise UserError(what, f"Leave out @{address.revision}.")
    if is_offline():
        raise UserError(f"HF_HUB_OFFLINE forbids to push to {address}", ONLINE)
    if not client.get_token():
        raise UserError("there is no token for the hub", LOGIN.format(what="write"))
    from huggingface_hub.errors import RepositoryNotFoundError

    with in_one_sentence(address, "write"), suppress(RepositoryNotFoundError):  # then it will be made
        _check_repository(upload, _api(client).repo_info(address.repository))


@activity("uploading")
def upload_folder(folder: Path, upload: Upload) -> str:
    """Send the files of a folder in one commit; files that an earlier push left are removed in the same one.

    So the repository never has files of two networks. A commit of somebody else at the same time is not overwritten.

    Args:
        folder: with the files; subfolders are not sent.
        upload: where it is sent.

    Returns:
        The address of the commit.

    Raises:
        UserError: the hub refuses it, or cannot be reached.
    """
    client, repository = hub_client(), upload.address.repository
    api = _api(client)
    with in_one_sentence(upload.address, "write"):
        api.create_repo(repository, private=upload.private or None, exist_ok=True)
        before = api.repo_info(repository)
        there = _check_repository(upload, before)
        here = sorted(path for path in folder.iterdir() if path.is_file())
        commit = api.create_commit(
            repository,
            operations=_operations(client, here, there),
            commit_message=upload.message,
            parent_commit=before.sha,
        )
    return str(commit.commit_url)


def _api(client: Any) -> Any:
    return client.HfApi(library_name="sketchfit", library_version=version())


def _check_repository(upload: Upload, found: Any) -> set[str]:
    """Return the names of the files of a repository; refuse one in which nothing should be published.

    Raises:
        UserError: it is public and should be private, or it has files of somebody else that a push would replace.
    """
    if upload.private and found.private is False:
        what = f"{upload.address} exists and is public"
        raise UserError(what, "Leave out --private, or choose a name that is not taken.")
    there = {one.rfilename for one in found.siblings or ()}
    taken = sorted(there & OURS)
    if taken and not there & MARKS and not there <= NEW:
        what = f"{upload.address} has {taken[0]}, and no {' or '.join(sorted(MARKS))} of an earlier push"
        raise UserError(what, "Choose a name that is not taken.")
    return there


def _operations(client: Any, here: list[Path], there: set[str]) -> list[Any]:
    """Return what a commit does: all files of a folder, and without our own that are only there."""
    added = [client.CommitOperationAdd(path.name, str(path)) for path in here]
    stale = (there & OURS) - {path.name for path in here}
    return [*added, *(client.CommitOperationDelete(name) for name in sorted(stale))]
