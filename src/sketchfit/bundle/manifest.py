"""`bundle.json`: what a bundle holds, how its images are prepared, and how accurate its network is."""

from __future__ import annotations

from typing import Literal

from sketchfit.data.resize import Resize
from sketchfit.runs.artefact import Artefact, ArtefactPart, Numbers
from sketchfit.runs.estimates import Difference, Estimate

Source = Literal["student", "refit", "soup", "fold"]
"""Which network of a run: distilled student, network of all rows, average of the folds' weights, one fold."""

COMPLETE, PREPARED = "model.onnx", "network.onnx"
"""Graph from images of any size, and graph from prepared pictures."""


class Preprocessing(ArtefactPart):
    """How an image becomes the network's input, in the order of the fields.

    Attributes:
        max_pixels: larger images are refused.
        channels: 1 (colour becomes grey) or 3 (grey is repeated).
        resize: how it is made square; see `data.resize`.
        stored: side of the first square in pixels.
        size: side of the network's input in pixels.
    """

    max_pixels: int
    channels: Literal[1, 3]
    resize: Resize
    stored: int
    size: int


class NetworkFacts(ArtefactPart):
    """The network of a bundle.

    Attributes:
        source: which network of the run.
        name: its folder in the run.
        architecture: timm's name of the backbone.
        parameters: number of them.
        weights_from: where the backbone's first weights are from.
        licence: of these weights; None where it is not known.
    """

    source: Source
    name: str
    architecture: str
    parameters: int
    weights_from: str | None = None
    licence: str | None = None


class Accuracy(ArtefactPart):
    """What is known of the accuracy, out of fold.

    Attributes:
        network: of this network, or of the networks of single folds where it has seen all rows.
        measured_on: what `network` was measured on, one sentence.
        ensemble: of the run's own answer.
        difference: this network minus the run's answer on the same rows; None where they share none.
        claim: what the run claims for its test rows.
        averaging: part of the claim that comes from averaging networks, which a network alone lacks.
        without_labels: estimate on its test rows without labels.
        alarm: whether these two disagree.
    """

    network: Estimate | None = None
    measured_on: str = ""
    ensemble: Estimate | None = None
    difference: Difference | None = None
    claim: Estimate | None = None
    averaging: float = 0.0
    without_labels: Estimate | None = None
    alarm: bool = False


class SetThresholds(ArtefactPart):
    """Thresholds of conformal prediction sets by coverage (a text, as `0.95`); see `inference.set_rule`."""

    score: Literal["lac", "aps", "raps"] = "lac"
    thresholds: dict[str, float]
    n: int


class UnknownRule(ArtefactPart):
    """How images of unknown classes are found; see `inference.unknown`.

    Attributes:
        score: name of the score of probabilities; higher is more like an unknown class.
        known: scores of rows that the network has not learnt, ascending. A new image's p-value is the weighted share of
            scores at least as high, with the image's own score counted as one more.
        weight: of each of them; those of a family of near-duplicates sum to 1, and one score may stand for several
            rows. Empty: each weighs 1.
    """

    score: str
    known: Numbers
    weight: Numbers = ()


class PenInk(ArtefactPart):
    """Medians over training drawings, by which the canvas draws.

    Attributes:
        line_width: of strokes, as a share of the drawing's side.
        margin: paper around the ink on each side, as a share of the drawing's side.
        ink, paper: colours, RGB.
    """

    line_width: float
    margin: float
    ink: tuple[int, int, int] = (0, 0, 0)
    paper: tuple[int, int, int] = (255, 255, 255)


class AnswerCost(ArtefactPart):
    """What an answer costs.

    Attributes:
        ms_per_image: of `model.onnx`, one image of the size of the test image at a time, where the bundle was made.
        threads: that computed it.
        networks: that make the run's own answer; 0 where it has none.
        passes: forward passes per image of these networks, for all their views.
    """

    ms_per_image: float
    threads: int
    networks: int
    passes: int


class BundleFile(ArtefactPart):
    """A file: its size in bytes, its BLAKE2b digest (16 bytes, hexadecimal), and what it is."""

    bytes: int
    digest: str
    what: str = ""


class BundleManifest(Artefact):
    """A bundle.

    Attributes:
        labels, names: C labels as the training table has them, and names for display.
        temperature: by which logits are divided; it is part of the graphs.
        complete: whether `model.onnx` has the complete preprocessing; otherwise `preprocess.py` prepares its pictures.
        any_batch: whether the graphs take any number of images; otherwise one at a time.
        features: number of values of the second output, `features`, before the head; 0 where there is none.
        cost: None where it was not measured.
        files: name to facts.
        made_by: version of sketchfit.
        run: name of the run.
    """

    PLACE = "bundle.json"
    labels: tuple[str, ...]
    names: tuple[str, ...]
    network: NetworkFacts
    accuracy: Accuracy
    preprocessing: Preprocessing
    temperature: float = 1.0
    complete: bool = True
    any_batch: bool = True
    features: int = 0
    sets: SetThresholds | None = None
    unknown: UnknownRule | None = None
    ink: PenInk | None = None
    cost: AnswerCost | None = None
    files: dict[str, BundleFile]
    made_by: str
    run: str
