"""Where the weights are from whose licences a published network must respect."""

from __future__ import annotations

from sketchfit.candidates.origin import WeightsOrigin, weights_origin
from sketchfit.commands.bundle.chosen_network import ChosenNetwork
from sketchfit.runs.run import Run


def weights_origins(run: Run, chosen: ChosenNetwork) -> list[WeightsOrigin]:
    """Return the origin of the weights from which a network started, and of those that it has learnt from.

    A distilled student has learnt from the answers of all members, so theirs count as well.
    """
    recipes = [chosen.recipe, *(run.members.values() if chosen.source == "student" else ())]
    return list(dict.fromkeys(weights_origin(one.model) for one in recipes))
