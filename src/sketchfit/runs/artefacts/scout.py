"""`sketchfit scout`: what was measured of each backbone and input size, and which one was chosen."""

from __future__ import annotations

from typing import Self

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Difference, Estimate


class OptionFigures(ArtefactPart):
    """A backbone at an input size.

    Attributes:
        name: of the candidate and its size.
        backbone: timm's name.
        weights: local file of weights; None where they are on the hub.
        size: side of the input in pixels.
        params: millions of parameters.
        gmacs: billions of multiplications per image at this size.
        licence: of the weights.
        imagenet_top1, sketch_top1: published accuracies in percent, at the weights' own input size.
        sources: of the published accuracies.
        train_seconds: estimated training time of all folds by the recipe, on this machine.
        ms_per_image: estimated prediction time per image in milliseconds, on this machine.
        memory: estimated bytes that a training needs.
        bank_top1: out-of-fold accuracy of a kernel head on the frozen backbone.
        bank_seconds: that the pass over the images and the head took.
        tuned_top1: accuracy on the rows of one fold after a short fine-tuning.
        tuned_epochs: of that fine-tuning.
        tuned_seconds: that it took.
        doubt: why the times are a guess, such as other processes on the machine; empty where they are not.
        left_out: why it was not tried, or not to the end; empty where it was.
    """

    name: str
    backbone: str
    weights: str | None
    size: int
    params: float
    gmacs: float
    licence: str
    imagenet_top1: float | None = None
    sketch_top1: float | None = None
    sources: tuple[str, ...] = ()
    train_seconds: float | None = None
    ms_per_image: float | None = None
    memory: int | None = None
    bank_top1: Estimate | None = None
    bank_seconds: float | None = None
    tuned_top1: Estimate | None = None
    tuned_epochs: int = 0
    tuned_seconds: float | None = None
    doubt: str = ""
    left_out: str = ""


class ScoutedOption(Artefact):
    """What is known of an option so far; next to it `right.npz`, its out-of-fold rows and whether each is right.

    Attributes:
        fingerprint: names all that decides the figures: images, weights, rows and settings.
        figures: as they are so far.
    """

    PLACE = "option.json"
    fingerprint: str
    figures: OptionFigures

    @classmethod
    def of(cls, fingerprint: str, figures: OptionFigures) -> Self:
        """Return what is known, without times that are a guess: the next scout measures them again."""
        unknown = {"train_seconds": None, "ms_per_image": None, "bank_seconds": None, "doubt": ""}
        return cls(fingerprint=fingerprint, figures=figures.model_copy(update=unknown if figures.doubt else {}))


class ScoutSample(Artefact):
    """How many rows are compared, written before the first pass: a scout that was stopped continues with the same.

    Attributes:
        key: names the data, the candidates and the time of the scout.
        rows: number of rows.
    """

    PLACE = "sample.json"
    key: str
    rows: int


class ScoutFinalists(Artefact):
    """What is fine-tuned, written before it begins: a scout that was stopped continues with the same.

    Attributes:
        names: of the options.
        epochs: of each training.
        seconds: time of the scout; another one chooses the epochs again. None in files of earlier versions.
    """

    PLACE = "finalists.json"
    names: tuple[str, ...]
    epochs: int
    seconds: float | None = None


class ScoutRecord(Artefact):
    """The result of a scout.

    Attributes:
        data: folder or table of the images.
        machine: on which times were measured.
        rows: training rows whose out-of-fold accuracy was measured.
        classes: number of classes.
        seconds: that the scout was allowed.
        used: seconds that it took.
        options: all, in the order in which they were tried.
        finalists: names of those that were fine-tuned.
        difference: in accuracy after fine-tuning, second finalist minus first, on the same rows.
        chosen: name of the option whose recipe was written.
        reason: for the choice, one sentence.
    """

    PLACE = "scout.json"
    data: str
    machine: str
    rows: int
    classes: int
    seconds: float
    used: float
    options: tuple[OptionFigures, ...]
    finalists: tuple[str, ...] = ()
    difference: Difference | None = None
    chosen: str
    reason: str

    def option(self, name: str) -> OptionFigures:
        """Return the option of this name."""
        return next(one for one in self.options if one.name == name)
