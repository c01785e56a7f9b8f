"""The files of a published network: those of timm, `sketchfit.json`, and the model card."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, replace
from pathlib import Path

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.bundle.unknown_rule import make_unknown_rule
from sketchfit.candidates.origin import WeightsOrigin, weights_origin
from sketchfit.commands.bundle.chosen_network import ChosenNetwork
from sketchfit.commands.bundle.facts import accuracy_of, network_facts, preprocessing_of, set_thresholds
from sketchfit.commands.card_facts import CardFacts
from sketchfit.commands.model_card import model_card
from sketchfit.files import write_text
from sketchfit.hub.published import CARD, PublishedNetwork
from sketchfit.models.network import Network
from sketchfit.models.timm_files import TimmFiles, check_timm, with_temperature
from sketchfit.models.weights import read_metadata
from sketchfit.runs.run import Run


def weights_origins(run: Run, chosen: ChosenNetwork) -> list[WeightsOrigin]:
    """Return where the weights are from whose licences a network must respect.

    A distilled student has learnt from the answers of all members, so theirs count as well.
    """
    recipes = [chosen.recipe, *(run.members.values() if chosen.source == "student" else ())]
    return list(dict.fromkeys(weights_origin(one.model) for one in recipes))


@dataclass(frozen=True)
class Publication:
    """A network to be published.

    Attributes:
        run: that trained it.
        chosen: the network.
        licence: of it; None where none is stated.
        repository: `owner/name` on the hub; None for a folder.
    """

    run: Run
    chosen: ChosenNetwork
    licence: str | None
    repository: str | None

    def write(self, folder: Path) -> None:
        """Write the files into an empty folder.

        Raises:
            UserError: timm cannot build the network.
        """
        network = self.chosen.load(self.run)
        check_timm(network, self.chosen.recipe.model.head)
        stated = self._write_network(folder, network)
        write_text(folder / CARD, self._card(stated))

    def _write_network(self, folder: Path, network: Network) -> PublishedNetwork:
        """Write the files of timm and `sketchfit.json`."""
        run, chosen, size = self.run, self.chosen, self.chosen.recipe.model.size
        labels, names = run.table.class_labels, run.table.class_names
        divided, left = with_temperature(network, chosen.temperature, size)
        stated = PublishedNetwork(
            labels=labels,
            names=names,
            network=network_facts(chosen, network),
            accuracy=accuracy_of(run, chosen),
            preprocessing=preprocessing_of(chosen.recipe),
            arguments=chosen.recipe.model.args,
            temperature=left,
            sets=set_thresholds(run, chosen),
            unknown=_unknown_rule(chosen),
            licence=self.licence,
            made_by=importlib.metadata.version("sketchfit"),
            run=run.name,
        )
        metadata = read_metadata(chosen.folder.weights) | ({"licence": self.licence} if self.licence else {})
        unique = names if len(set(names)) == len(names) else labels
        TimmFiles(divided, size, stated.preprocessing.resize, unique, metadata).write(folder)
        stated.write(folder)
        return stated

    def _card(self, stated: PublishedNetwork) -> str:
        """Return the model card."""
        title = self.repository.partition("/")[2] if self.repository else self.run.name
        facts = CardFacts.of(stated, self.licence, title)
        return model_card(self.run, replace(facts, repository=self.repository))


def _unknown_rule(chosen: ChosenNetwork) -> UnknownRule | None:
    """Return the rule that finds images of unknown classes; None where no row was held out."""
    held_out = chosen.calibrated
    return None if held_out is None else make_unknown_rule(held_out.prob, held_out.rows.group)
