"""What a run finds out about a node before it gets work. It imports no torch, so that a node replies quickly."""

from __future__ import annotations

import importlib.metadata
import platform
import socket
from dataclasses import dataclass
from pathlib import Path

SAME_VERSIONS = ("sketchfit", "torch", "timm", "numpy")
"""Packages on which the bits of a network depend."""


@dataclass(frozen=True)
class NodeFacts:
    """What a node replied: its name, versions of Python and packages, whether the data is there."""

    host: str
    versions: dict[str, str]
    has_data: bool

    def differences(self, other: NodeFacts) -> list[str]:
        """Return what another node has in other versions than this machine."""
        return [
            f"{other.host} has {name} {other.versions.get(name)}, and this machine has {version}"
            for name, version in self.versions.items()
            if other.versions.get(name) != version
        ]


def node_facts(root: str) -> NodeFacts:
    """Return the facts of the node on which this runs."""
    versions = {name: importlib.metadata.version(name) for name in SAME_VERSIONS}
    return NodeFacts(socket.gethostname(), {"Python": platform.python_version(), **versions}, Path(root).is_dir())


class Visitor:
    """An actor. Where the cluster cannot send to this process, Ray ends actors at once, and runs tasks nevertheless."""

    def wait(self) -> None:
        """Return when the actor has started."""
