"""The members of a run with a deadline: their recipes, and their images, which are opened when they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.planning.book import PlanBook
from sketchfit.planning.ladder import Rung
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.decode import open_members
from sketchfit.stages.directions import with_directions
from sketchfit.stages.planned.start import member_of, with_members
from sketchfit.stages.start_weights import check_start_weights


class PlannedMembers:
    """Knows the members that a run may have, and those that it has begun.

    Args:
        context: of the run; its recipe has no members.
        state: after the folds are known; it has the first member.
        rungs: members that the run may have.
        book: the plan.

    Attributes:
        rungs: by name.
    """

    def __init__(self, context: RunContext, state: RunState, rungs: Sequence[Rung], book: PlanBook) -> None:
        self.context, self.state, self._book = context, state, book
        self.rungs: Mapping[str, Rung] = {rung.name: rung for rung in rungs}
        self._first = next(iter(state.members.values()))
        self._opened: dict[str, Member] = {}
        self._stored: dict[int, bool] = {}

    def settings(self, name: str) -> Mapping[str, Any]:
        """Return the settings of a member, relative to the run's."""
        begun = self._book.plan.members
        return begun[name] if name in begun else self.rungs[name].settings

    def recipe(self, name: str) -> Recipe:
        """Return the recipe of a member."""
        return member_of(self.context.recipe, self.settings(name), name)

    def open(self, name: str) -> Member:
        """Return a member with its images, opened when it is first used.

        Raises:
            UserError: its weights have learnt from rows of a fold that they are validated on.
        """
        if name not in self._opened:
            recipe = self.recipe(name)
            state = self.state
            check_start_weights(self.context, {name: recipe}, state.folds, state.group, state.relation)
            opened = open_members(self.context, {name: recipe})[name]
            self._stored[recipe.model.size] = True
            both = {"": self._first, name: opened}
            self._opened[name] = with_directions(self.context, both, state.group)[name]
        return self._opened[name]

    def has_images(self, rung: Rung) -> bool:
        """Return whether images of the size of a member are stored, so that nothing is decoded for it."""
        if rung.size not in self._stored:
            recipe = member_of(self.context.recipe, rung.settings, rung.name)
            rows = len(self.context.table.train)
            self._stored[rung.size] = is_stored(cache_folder(recipe), store_settings(recipe), rows)
        return self._stored[rung.size]

    def write_recipe(self) -> None:
        """Write the recipe with the members that were begun."""
        self.context.run.write_recipe(with_members(self.context.recipe, self._book.plan.members))
