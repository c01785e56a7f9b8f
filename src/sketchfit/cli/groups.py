"""Groups of commands: their list in `--help`, and what is printed for a command or an option that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from sketchfit.errors import UserError

SHORT_HELP = 200
"""Characters of a command's first sentence: none is cut off."""


class Commands(TyperGroup):
    """Names the nearest command where one does not exist."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is named first.

        Raises:
            UserError: there is no such command.
        """
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            raise self._no_command(ctx, name)
        return super().resolve_command(ctx, args)

    def _no_command(self, ctx: Any, name: str) -> UserError:
        names = self.list_commands(ctx)
        if Path(name).exists():
            return UserError(f"{name!r} is no command", f"To train on it: sketchfit run {name}")
        from sketchfit.registry import nearest

        path = f"{_below(ctx)} --help"
        return UserError(f"there is no command {name!r}{nearest(name, names)}", f"All commands: {path}")


class _Grouped(Commands):
    """Lists commands in `--help` by their group."""

    order: tuple[str, ...] = ()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            line = (name, command.get_short_help_str(SHORT_HELP))
            groups.setdefault(str(getattr(command, "rich_help_panel", None) or "Commands"), []).append(line)
        for group in dict.fromkeys(self.order):
            with formatter.section(group):
                formatter.write_dl(groups[group])


def grouped(order: Iterable[str]) -> type[TyperGroup]:
    """Return the class of a group that lists its commands under headings in this order."""
    return type("GroupedCommands", (_Grouped,), {"order": tuple(order)})


def option_hint(option: str | None) -> str:
    r"""Return a line on what to do about an option that does not exist and is named like a setting; else nothing.

    Example:
        >>> option_hint("--batch-size")
        'Settings are given by --set: --set training.batch_size=… or --set inference.batch_size=…\n'
        >>> option_hint("--nothing")
        ''
    """
    name = (option or "").lstrip("-").replace("-", "_")
    if not name:
        return ""
    from sketchfit.config.scope import settings

    found = [one.key for one in settings() if one.key == name or one.key.endswith(f".{name}")]
    if not found:
        return ""
    ways = " or ".join(f"--set {key}=…" for key in sorted(found, key=len)[:3])
    return f"Settings are given by --set: {ways}\n"


def _below(ctx: Any) -> str:
    """Return the words before a command, such as `sketchfit recipes`."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, str(ctx.info_name))
        ctx = ctx.parent
    return " ".join(["sketchfit", *words])
