"""Heading of each section of the report, and a note for readers who see such a section for the first time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SectionText:
    """Fixed texts of a section.

    Attributes:
        title: its heading.
        reading: how to read it: what is shown, what is good, what to look at first.
    """

    title: str
    reading: str


SECTION_TEXTS = {
    "summary": SectionText(
        "In short",
        "The first figure is the one to state for the answer of this run. What fails is named only where it is worse "
        "than the rest by more than chance, after a correction for the number of comparisons. The gain of the next "
        "step is calculated from the figures of this run.",
    ),
    "headline": SectionText(
        "Figures",
        "Top-1 is the share of drawings whose most probable class is right. Each drawing was predicted by networks "
        "that were not trained on it, so the figure is an estimate for new drawings of the same kind. The interval "
        "contains the true value in 95 of 100 such runs: two runs whose intervals overlap widely are not shown to "
        "differ. The claim is the figure to state for the answer of this run. Log-loss and calibration error are "
        "better the lower they are. A calibration, an ensemble or views that are measured to be worse are not used.",
    ),
    "claimed": SectionText(
        "What is claimed",
        "The claim starts at the out-of-fold figure and adds what changes between the folds and the final answer. If"
        " there are test drawings, a second estimate is made from the answers to them, without labels. Trust the "
        "claim where the two agree. Where they do not, find the cause first and state the lower figure until then.",
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
        "calculated from the figures of this run. 'At most' is a bound that is reached only if the cause is removed "
        "completely; it counts half in the order. A gain is an expectation and not a promise: run the command, and "
        "compare the new run with this one.",
    ),
    "training": SectionText(
        "Training",
        "There is one chart per network: the dashed line is training, the solid one validation. Validation accuracy "
        "that still rises at the end needs more epochs. Training accuracy far above validation accuracy means that "
        "the network memorises; both low means that it learns too little. Folds that differ by more than their "
        "intervals deserve a look at their drawings.",
    ),
    "classes": SectionText(
        "Classes",
        "Click a column's head to sort. Begin with the classes that have the lowest share of right answers and "
        "enough drawings for a short interval. A class with high recall and low precision receives answers that "
        "belong to other classes.",
    ),
    "confusions": SectionText(
        "Confusions",
        "A pair that is confused in both directions looks alike or has mixed labels; a pair that is confused in one "
        "direction often has one class that is too small. In the matrix, rows are true classes and columns are "
        "answers: right answers are on the diagonal.",
    ),
    "errors": SectionText(
        "Errors",
        "The first drawings are the errors that cost most: high confidence in a wrong class. For each one, decide "
        "whether the drawing is ambiguous, the label is wrong, or the network looks at the wrong place. The heat map"
        " shows which parts of the drawing speak for the answer; its caption states the method.",
    ),
    "slices": SectionText(
        "Slices",
        "A slice is a part of the drawings with a common trait, such as thin lines. It is compared with all other "
        "drawings. Only the marked slices are worse by more than chance, after a correction for the number of "
        "slices.",
    ),
    "drift": SectionText(
        "What drifted",
        "The traits here differ between training and test drawings. A value of 0.5 means no difference, and 1 means "
        "that the trait alone separates them. The more they differ, the less the out-of-fold figures hold for the "
        "test drawings.",
    ),
    "labels": SectionText(
        "Labels to review",
        "Two kinds of labels: those that are more probably wrong than right, and those of near-duplicates whose labels "
        "differ, of which at least one is wrong. Look at each drawing, keep or correct its label, and download the "
        "decisions. Labels of the first kind are listed only where most of them are expected to be wrong.",
    ),
    "robustness": SectionText(
        "Robustness",
        "The same drawings are changed and predicted again. A large loss matters only if new drawings may be changed"
        " like this; augmentation that makes the same change usually reduces it.",
    ),
    "map": SectionText(
        "Embedding map",
        "Each point is a drawing, and drawings that look alike to the network are close to each other. A point among"
        " points of another class is an ambiguous drawing or a wrong label. Distances between groups have no "
        "meaning.",
    ),
    "settings": SectionText(
        "Settings and environment",
        "All settings of the run, with its versions and hardware. The same recipe, data and versions give the same "
        "folds and the same seeds.",
    ),
}
"""By the anchor of the section."""
