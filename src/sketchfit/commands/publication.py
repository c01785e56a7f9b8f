"""The files of a published network: those of timm, `sketchfit.json`, the model card, and those of a bundle."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sketchfit.bundle.files import facts_of
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.commands.bundle.chosen_network import ChosenNetwork
from sketchfit.commands.bundle.facts import accuracy_of, network_facts, preprocessing_of, set_thresholds, unknown_rule
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.preprocess_script import preprocess_script
from sketchfit.commands.bundle.write import PREPARE, write_bundle
from sketchfit.commands.card_facts import CardFacts
from sketchfit.commands.model_card import model_card
from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.hub.published import CARD, PublishedNetwork
from sketchfit.models.learnt_rows import KEY as LEARNT
from sketchfit.models.network import Network
from sketchfit.models.timm_files import TimmFiles, check_timm, with_temperature
from sketchfit.models.weights import read_metadata
from sketchfit.runs.run import Run
from sketchfit.temporary import temporary_folder
from sketchfit.version import version


@dataclass(frozen=True)
class Publication:
    """A network to be published.

    Attributes:
        run: that trained it.
        chosen: the network.
        options: by which it was chosen, with its licence; None where none is stated.
        repository: `owner/name` on the hub; None for a folder.
        digests: whether the weights name the images that they have learnt from, see `models.learnt_rows`.
    """

    run: Run
    chosen: ChosenNetwork
    options: BundleOptions
    repository: str | None
    digests: bool = True

    def write(self, folder: Path, bundle: bool = False) -> None:
        """Write the files into an empty folder.

        Args:
            folder: existing.
            bundle: also those of a bundle. A network that timm cannot build is then published as a bundle alone.

        Raises:
            UserError: timm cannot build the network, and no bundle is wanted; or the bundle cannot be made.
        """
        network = self.chosen.load(self.run)
        timm = self._is_timms(network, bundle)
        stated = self._write_network(folder, network) if timm else None
        if bundle:
            self._write_bundle(folder, stated)
        elif stated is not None:
            write_text(folder / CARD, self._card(stated, stated))

    def _is_timms(self, network: Network, bundle: bool) -> bool:
        """Return whether timm can build a network.

        Raises:
            UserError: it cannot, and there will be no bundle.
        """
        try:
            check_timm(network, self.chosen.recipe.model.head)
        except UserError:
            if not bundle:
                raise
            return False
        return True

    def _write_bundle(self, folder: Path, network: PublishedNetwork | None) -> None:
        """Write the files of a bundle, with a card that also names timm where timm can build the network."""
        with temporary_folder() as place:
            manifest = write_bundle(self.run, place / "bundle", self.options)
            for path in (place / "bundle").iterdir():
                shutil.move(path, folder / path.name)
        write_text(folder / CARD, self._card(manifest, network))
        card = facts_of(folder / CARD, manifest.files[CARD].what)
        manifest.model_copy(update={"files": manifest.files | {CARD: card}}).write(folder)

    def _write_network(self, folder: Path, network: Network) -> PublishedNetwork:
        """Write the files of timm, `sketchfit.json`, and the preprocessing for programs without sketchfit."""
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
            unknown=unknown_rule(run, chosen),
            licence=self.options.licence,
            made_by=version(),
            run=run.name,
        )
        unique = names if len(set(names)) == len(names) else labels
        TimmFiles(divided, size, stated.preprocessing.resize, unique, self._metadata()).write(folder)
        write_text(folder / PREPARE, preprocess_script(stated.preprocessing))
        stated.write(folder)
        return stated

    def _metadata(self) -> dict[str, str]:
        """Return the metadata of the published weights."""
        found = read_metadata(self.chosen.folder.weights)
        if not self.digests:
            found.pop(LEARNT, None)
        return found | ({"licence": self.options.licence} if self.options.licence else {})

    def _card(self, stated: PublishedNetwork | BundleManifest, network: PublishedNetwork | None) -> str:
        """Return the model card; `network` is what timm can build, if it can."""
        title = self.repository.partition("/")[2] if self.repository else self.run.name
        divide = 1.0 if network is None else network.temperature
        facts = CardFacts.of(stated, self.options.licence, title)
        return model_card(self.run, replace(facts, repository=self.repository, timm=network is not None, divide=divide))
