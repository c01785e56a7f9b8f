"""Families of named members (losses, operations, heads, …), from this package and from other distributions.

Each family is one `Registry`. A member registers itself under the name that recipes use:

    >>> shapes: Registry[type] = Registry("shape", group="example.shapes")
    >>> @shapes.register("circle")
    ... class Circle:
    ...     sides = 0
    >>> shapes.get("circle").sides
    0
    >>> shapes.get("cirle")
    Traceback (most recent call last):
    sketchfit.errors.UserError: there is no shape 'cirle'; the nearest is 'circle'
    Known: circle.

Another distribution adds a member with an entry point of the family's group, in its own `pyproject.toml`:

    [project.entry-points."sketchfit.losses"]
    tversky = "their_package.tversky:Tversky"

Entry points are imported when their name is first used. `docs/extending.md` shows one member of each family.
One that cannot be imported is an error where a recipe names it, and is left out where all members are listed.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from threading import RLock
from typing import Any, Generic, TypeVar

from sketchfit.errors import UserError

T = TypeVar("T")

log = logging.getLogger(__name__)

FAMILIES: Mapping[str, str] = {
    "losses": "sketchfit.training.losses",
    "operations": "sketchfit.transforms.operations",
    "heads": "sketchfit.models.heads",
    "closed_forms": "sketchfit.bank.closed_forms",
    "backends": "sketchfit.models.backends",
    "trackers": "sketchfit.tracking.trackers",
    "ensembling": "sketchfit.inference.ensembling.methods",
}
"""The package that holds each family. Its registry has the family's name there, and its entry points have the group
`sketchfit.FAMILY`."""


class Registry(Generic[T]):
    """The members of one family by name.

    Args:
        kind: what one member is called in messages, for instance `loss`.
        group: the group of the entry points by which other distributions add members.
        package: each module of this package registers its own members; imported at the first look-up.
        lazy: further members by name, as `module:attribute`; imported when their name is first used.
        check: returns what is wrong with a member of this name, or an empty text.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        package: str | None = None,
        lazy: Mapping[str, str] | None = None,
        check: Callable[[str, T], str] | None = None,
    ) -> None:
        self.kind, self.group = kind, group
        self._package, self._check = package, check
        self._members: dict[str, T] = {}
        self._lazy = {name: EntryPoint(name, value, group) for name, value in (lazy or {}).items()}
        self._broken: set[str] = set()
        self._found = False
        self._lock = RLock()

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that adds what it decorates under `name`, and returns it unchanged.

        Raises:
            UserError: the name is taken, or the member does not fit the family.
        """

        def add(member: T) -> T:
            if name in self._members:
                raise UserError(
                    f"two {self.kind} members are named {name!r}: {_home(self._members[name])} and {_home(member)}",
                    "Rename one of them.",
                )
            if self._check and (problem := self._check(name, member)):
                raise UserError(f"{self.kind} {name!r} from {_home(member)}: {problem}")
            self._members[name] = member
            return member

        return add

    def names(self) -> tuple[str, ...]:
        """Return all names: members of the package first, then those of other distributions. Imports no entry point."""
        self._find()
        return tuple(dict.fromkeys((*self._members, *self._lazy)))

    def get(self, name: str) -> T:
        """Return the member of this name.

        Raises:
            UserError: there is none (the message has the nearest name), or its entry point cannot be imported.
        """
        self._find()
        if name not in self._members:
            self._load(name)
        return self._members[name]

    def items(self) -> Iterator[tuple[str, T]]:
        """Yield all names with their members; imports all entry points.

        One that cannot be imported is left out, with a warning at the first time: nobody may have named it.
        """
        for name in self.names():
            if name in self._broken:
                continue
            try:
                member = self.get(name)
            except UserError as error:
                self._broken.add(name)
                log.warning("; ".join(error.problems))
                continue
            yield name, member

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def _find(self) -> None:
        """Import the package's modules and list the entry points, once."""
        with self._lock:
            if self._found:
                return
            self._found = True  # set first: the modules below may look up members while they are imported
            try:
                if self._package:
                    package = importlib.import_module(self._package)
                    for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
                        importlib.import_module(module.name)
                    # The same order whichever module was imported first.
                    self._members = dict(sorted(self._members.items(), key=lambda item: _home(item[1])))
                for point in entry_points(group=self.group):
                    self._list(point)
            except BaseException:
                self._found = False  # so that the next look-up reports it again
                raise

    def _list(self, point: EntryPoint) -> None:
        """Make an entry point known under its name, unless another member has it."""
        own = self._members.get(point.name)
        if own is not None and _root(_home(own)) != _root(point.module):
            self._refuse(point, _home(own))
        listed = self._lazy.setdefault(point.name, point)
        if listed != point or (listed.dist and point.dist and listed.dist.name != point.dist.name):
            self._refuse(point, _origin(listed))

    def _refuse(self, point: EntryPoint, other: str) -> None:
        raise UserError(
            f"two {self.kind} members are named {point.name!r}: one from {_origin(point)}, one from {other}",
            f"Uninstall the distribution of one, or rename it in its entry points {self.group!r}.",
        )

    def _load(self, name: str) -> None:
        """Import the entry point of this name."""
        with self._lock:
            if name in self._members:
                return
            point = self._lazy.get(name)
            if point is None:
                known = self.names()
                raise UserError(
                    f"there is no {self.kind} {name!r}{nearest(name, known)}", f"Known: {', '.join(known)}."
                )
            try:
                member = point.load()
            except UserError:
                raise
            except Exception as error:  # an import runs code of others, which may raise anything
                raise UserError(
                    f"{self.kind} {name!r} from {_origin(point)} cannot be imported: {type(error).__name__}: {error}",
                    "Fix or uninstall that distribution, or choose another name.",
                ) from error
            if name not in self._members:  # otherwise the module has registered it by the decorator
                self.register(name)(member)


def family(name: str) -> Registry[Any]:
    """Return a family's registry by its key in `FAMILIES`: for layers below the package that holds it."""
    registry: Registry[Any] = getattr(importlib.import_module(FAMILIES[name]), name)
    return registry


def check_families() -> None:
    """Find the names of all members, before a training: their look-up may be after it.

    Raises:
        UserError: two distributions add a member of the same name.
    """
    for name in FAMILIES:
        family(name).names()


def named_by(base: type, key: str) -> Callable[[str, type], str]:
    """Return the `check` of a registry of settings: each is a subclass of `base` whose field `key` has its name."""

    def check(name: str, member: type) -> str:
        if not (isinstance(member, type) and issubclass(member, base)):
            return f"it is not a subclass of {base.__name__}"
        default = getattr(member, "model_fields", {})[key].default
        return "" if default == name else f"its field {key!r} is {default!r}"

    return check


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; the nearest is 'NAME'` for a message about an unknown name, or an empty text where none is near."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; the nearest is {close[0]!r}" if close else ""


def _home(member: object) -> str:
    return str(getattr(member, "__module__", type(member).__module__))


def _root(module: str) -> str:
    return module.partition(".")[0]


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} ({point.value})" if point.dist else point.value
