"""Writes a bundle: one network of a run with everything that predicting needs."""

from __future__ import annotations

import logging
from pathlib import Path

from sketchfit.activity import activity
from sketchfit.bundle.files import facts_of
from sketchfit.bundle.manifest import COMPLETE, PREPARED, AnswerCost, BundleManifest, PenInk
from sketchfit.bundle.neighbours import FILE as NEIGHBOURS
from sketchfit.candidates.licences import choose_licence
from sketchfit.commands.bundle import example
from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.commands.bundle.facts import accuracy_of, network_facts, set_thresholds, unknown_rule
from sketchfit.commands.bundle.forms import write_forms
from sketchfit.commands.bundle.graphs import VECTOR, write_graphs
from sketchfit.commands.bundle.ink import SAMPLE, measure_ink
from sketchfit.commands.bundle.job import BundleJob
from sketchfit.commands.bundle.neighbours import write_neighbours
from sketchfit.commands.bundle.options import BundleOptions, check_packages
from sketchfit.commands.bundle.origins import weights_origins
from sketchfit.commands.bundle.place import check_place
from sketchfit.commands.bundle.preprocess_script import preprocess_script
from sketchfit.commands.bundle.training_images import TrainingDrawings
from sketchfit.commands.bundle.vector import vector_image
from sketchfit.commands.card_facts import CardFacts
from sketchfit.commands.export_metadata import network_metadata
from sketchfit.commands.model_card import model_card
from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.inference.run_predictor import RunPredictor
from sketchfit.inference.tta import count_pictures, parse_views
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.output_folder import output_folder
from sketchfit.processors import cores
from sketchfit.runs.arrays import write_npz
from sketchfit.runs.run import Run
from sketchfit.version import version

log = logging.getLogger(__name__)

CARD = "README.md"
PREPARE, EXAMPLE = "preprocess.py", "example.py"

WHAT = {
    COMPLETE: "ONNX: images of any size to probabilities",
    PREPARED: "ONNX: prepared pictures to probabilities",
    VECTOR: "an image and its probabilities, to check a runtime by",
    PREPARE: f"prepares pictures for {PREPARED} and its other forms",
    EXAMPLE: "labels images with ONNX Runtime",
    CARD: "model card",
    NEIGHBOURS: "a sample of the training drawings with their features",
}


@activity("writing a bundle")
def write_bundle(run: Run, out: Path, options: BundleOptions | None = None) -> BundleManifest:
    """Write a bundle of a run's network; see `choose_network`.

    The folder is complete or absent; a bundle that is there already is replaced.

    Args:
        run: that is finished, or whose missing parts do not matter.
        out: folder of the bundle.
        options: what it is made of.

    Raises:
        UserError: no such member or network; another folder is in the place; packages are missing; the network cannot
            be converted; int8 loses too much; the licence is not allowed.
    """
    options = options or BundleOptions()
    check_place(out)
    check_packages(options)
    chosen = choose_network(run, options.member, options.fold)
    licence = choose_licence(options.licence, [one.licence for one in weights_origins(run, chosen)])
    network = chosen.load(run)
    size, channels = chosen.recipe.model.size, chosen.recipe.data.picture_channels
    checked = checked_graph(network, size, channels, temperature=chosen.temperature, features=True)
    with output_folder(out, BundleManifest.PLACE) as folder:
        job = BundleJob(run, chosen, network, checked, folder)
        manifest = _write_files(job, options, licence)
        manifest.write(folder)
    return manifest


def _write_files(job: BundleJob, options: BundleOptions, licence: str | None) -> BundleManifest:
    """Write all files but the manifest, and return it."""
    threads, what = cores(), dict(WHAT)
    metadata = network_metadata(job.run, job.chosen.recipe, job.checked.any_batch)
    milliseconds = write_graphs(job, metadata, threads)
    what |= write_forms(job, options, metadata)
    if options.neighbours and not write_neighbours(job, threads):
        log.warning("no training drawings are added: they are not there, or the network has no features")
    image = vector_image()
    write_npz(job.folder / VECTOR, {"image": image, "probabilities": job.by_torch([image])})
    write_text(job.folder / PREPARE, preprocess_script(job.preprocessing))
    write_text(job.folder / EXAMPLE, Path(example.__file__).read_text(encoding="utf-8"))
    manifest = _manifest(job, _cost(job.run, milliseconds, threads))
    write_text(job.folder / CARD, model_card(job.run, CardFacts.of(manifest, licence)))
    files = {path.name: facts_of(path, what.get(path.name, "")) for path in sorted(job.folder.iterdir())}
    return manifest.model_copy(update={"files": files})


def _manifest(job: BundleJob, cost: AnswerCost) -> BundleManifest:
    """Return the manifest without its files."""
    run, chosen = job.run, job.chosen
    return BundleManifest(
        labels=run.table.class_labels,
        names=run.table.class_names,
        network=network_facts(chosen, job.network),
        accuracy=accuracy_of(run, chosen),
        preprocessing=job.preprocessing,
        temperature=chosen.temperature,
        any_batch=job.checked.any_batch,
        features=job.checked.features,
        sets=set_thresholds(run, chosen),
        unknown=unknown_rule(run, chosen),
        ink=_ink(job.drawings),
        cost=cost,
        files={},
        made_by=version(),
        run=run.name,
    )


def _ink(drawings: TrainingDrawings) -> PenInk | None:
    """Return how training drawings look; None where they are not there."""
    return measure_ink(image for _, image in drawings.images(drawings.sample(SAMPLE)))


def _cost(run: Run, milliseconds: float, threads: int) -> AnswerCost:
    """Return what an answer of the network costs, and of how many networks and passes the run's answer is made."""
    try:
        members = RunPredictor.of(run).members
    except UserError:  # a run that is not finished has no complete answer
        members = ()
    passes = sum(len(one.networks) * count_pictures(parse_views(one.views.names)) for one in members)
    return AnswerCost(
        ms_per_image=milliseconds, threads=threads, networks=sum(len(one.networks) for one in members), passes=passes
    )
