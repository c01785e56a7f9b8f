"""Heading of each section of the report, and a note for readers who see such a section for the first time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SectionText:
    """Fixed texts of a section.

    Attributes:
        title: its heading.
        reading: how to read it: what is shown, what is good, what to look at first. It holds for each run: what may
            not be there begins with "if".
        terms: words of the section and their meaning, one line each.
    """

    title: str
    reading: str
    terms: tuple[tuple[str, str], ...] = ()


SECTION_TEXTS = {
    "summary": SectionText(
        "In short",
        "The first figure is the one to state for the predictions of this run. What fails is worse than the rest by "
        "more than chance, after a correction for the number of comparisons; where no class is, the lowest ones are "
        "named, which may be chance. The gain of the next step is calculated from the figures of this run.",
    ),
    "headline": SectionText(
        "Figures",
        "If there is a claim, begin with it: it is the figure to state for the predictions of this run, unless the "
        "test drawings contradict it. An interval contains the true value in 95 of 100 such runs. To compare runs on "
        "the same drawings, use sketchfit compare: their intervals may overlap and the difference still be clear. A "
        "calibration, an ensemble or views that are measured to be worse are not used.",
        (
            (
                "fold",
                "one of the parts into which the training drawings are split; its networks are trained without it",
            ),
            (
                "held-out drawings",
                "drawings that a network was not trained on; all figures but estimates are measured on them",
            ),
            ("out of fold", "training drawings, each predicted by networks that were not trained on it"),
            ("member", "one of the recipes whose networks are combined in an ensemble"),
            ("views", "the same drawing flipped, turned or shifted, predicted again and averaged"),
            ("top-1", "share of drawings whose most probable class is the true one"),
            ("top-5", "share of drawings whose true class is among the five most probable ones"),
            ("macro F1", "mean over classes of F1, which is high where both recall and precision are high"),
            ("log-loss", "mean of −ln(probability of the true class), in nats; lower is better, 0 is perfect"),
            (
                "calibration error (ECE)",
                "mean difference between confidence and share of correct predictions; lower is better, but with few "
                "drawings noise alone gives more than 0",
            ),
        ),
    ),
    "claimed": SectionText(
        "What is claimed",
        "The claim starts at the out-of-fold figure and adds what changes between the folds and the final "
        "predictions. If there are test drawings, a second estimate is made from the predictions for them, without "
        "labels. If the two agree, trust the claim. If they do not, find the cause first and state the lower figure "
        "until then.",
    ),
    "plan": SectionText(
        "Plan",
        "Each bar is a unit of work: its estimate and the time that it took. The curve shows the accuracy of the "
        "answer that was ready at each time. Units that would not have ended before the deadline were left out and "
        "are listed.",
    ),
    "next": SectionText(
        "What to try next",
        "First what makes the figures wrong or the networks fail, then the largest expected gain. Each gain is "
        "calculated from the figures of this run. 'At most' is a bound: the gain if the cause were removed completely. "
        "It counts a quarter in the order. A gain is an expectation and not a promise: run the command, and compare "
        "the new run with this one.",
    ),
    "training": SectionText(
        "Training",
        "There is one chart per network: the dashed line is training, the solid one validation. If validation accuracy "
        "still rises at the end, more epochs may help. If training accuracy is far above validation accuracy, the "
        "network learns its drawings by heart; if both are low, it learns too little. If folds differ by more than "
        "their intervals, look at their drawings.",
    ),
    "classes": SectionText(
        "Classes",
        "Click a column's head to sort. Begin with the classes that have the lowest recall and enough drawings for a "
        "short interval. If a class has high recall and low precision, many drawings of other classes are "
        "predicted as this class.",
        (
            ("recall", "share of the drawings of a class that are recognised as this class"),
            ("precision", "share of correct predictions among the predictions of a class"),
            ("F1", "harmonic mean of recall and precision"),
        ),
    ),
    "confusions": SectionText(
        "Confusions",
        "If a pair is confused in both directions, the classes look alike or have mixed labels; if it is confused in "
        "one direction, often one class has too few drawings. In the matrix, rows are true classes and columns are "
        "predicted classes: correct predictions are on the diagonal.",
    ),
    "errors": SectionText(
        "Errors",
        "The first drawings are the errors that cost most: high confidence in a wrong class. For each one, decide "
        "whether the drawing is ambiguous, the label is wrong, or the network looks at the wrong place. If there is a "
        "heat map, it shows which parts of the drawing support the predicted class; its caption states the method.",
        (
            ("confidence", "probability of the most probable class"),
            ("loss", "−ln(probability of the true class): high where the true class gets a low probability"),
            ("disagreement", "how different the probabilities of the members of an ensemble are"),
        ),
    ),
    "slices": SectionText(
        "Slices",
        "A slice is a part of the drawings with a common trait, such as thin lines. It is compared with all other "
        "drawings. If many slices are compared, some look worse by chance: p is corrected for their number. If it is "
        "below 0.05, the slice differs by more than chance; else the difference may be chance.",
    ),
    "drift": SectionText(
        "Are the test drawings different?",
        "If a trait or the frequency of a class differs between training and test drawings, it is named here. If "
        "nothing is named, no difference is shown. The more they differ, the less the out-of-fold figures hold for "
        "the test drawings.",
    ),
    "labels": SectionText(
        "Labels to review",
        "A label is listed if it is more probably wrong than right, or if a near-duplicate of the drawing that is "
        "neither flipped nor turned has another label, so that one of the two is wrong. If the list would hold more "
        "right labels than wrong ones, none is listed. If labels are listed, look at each drawing, keep or correct its "
        "label, and download the decisions.",
    ),
    "robustness": SectionText(
        "Robustness",
        "The same drawings are changed and predicted again. A large loss matters only if new drawings may be changed"
        " like this; augmentation that makes the same change usually reduces it.",
    ),
    "map": SectionText(
        "Embedding map",
        "Each point is a drawing, and drawings that look alike to the network are close to each other. If a point is "
        "among points of another class, the drawing may be ambiguous or its label wrong. Distances between groups "
        "have no meaning.",
    ),
    "settings": SectionText(
        "Settings and environment",
        "All settings of the run, with its versions and hardware. The same recipe, data and versions give the same "
        "folds and the same seeds.",
    ),
}
"""By the anchor of the section."""
