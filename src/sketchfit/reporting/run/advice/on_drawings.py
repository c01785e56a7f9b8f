"""Rules on single drawings and on their probabilities: doubtful labels, unreadable test drawings, confidence."""

from __future__ import annotations

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase
from sketchfit.runs.proportions import wilson
from sketchfit.wording import counted

OFF = 0.05
"""Calibration error from which confidence is corrected."""


def doubtful_labels(found: Findings, _: Recipe) -> list[Advice]:
    """Some labels are probably wrong, or contradict those of near-duplicates."""
    if not found.doubtful and not found.copies:
        return []
    have = "has" if found.copies == 1 else "have"
    texts = (
        (found.doubtful, f"{found.doubtful:,} of {found.labels:,} labels are probably wrong"),
        (found.copies, f"{counted(found.copies, 'drawing')} {have} near-duplicates with another label"),
    )
    return [
        Advice(
            "reviewed",
            phrase("Some labels are doubtful."),
            phrase("{text}.", text="; ".join(text for count, text in texts if count)),
            phrase(
                "decide on each drawing in Labels to review; the bar at the bottom of the page has the file of the "
                "decisions and the command of the next run"
            ),
            phrase("a label is more probably wrong than right, or near-duplicates have different labels"),
            gain=_gain_of_labels(found),
            unknown="the predictions for these drawings are not the suggested classes",
            tool="",
            anchor="labels",
        )
    ]


def _gain_of_labels(found: Findings) -> ExpectedGain | None:
    """Return the rise of the measured accuracy where a wrong label is corrected to the answer."""
    if not found.wrong_labels:
        return None
    share = wilson(min(found.wrong_labels, found.labels), found.labels)
    count = round(found.wrong_labels)
    about = f"about {counted(count, 'prediction is', 'predictions are')}" if count else "less than one prediction is"
    why = f"of the measured accuracy: {about} correct where the label is wrong"
    return ExpectedGain(share.value, share.low, share.high, why)


def unreadable_drawings(found: Findings, _: Recipe) -> list[Advice]:
    """Test images that can't be read get the most frequent class."""
    if not found.unreadable or not found.test_rows:
        return []
    share, now = found.unreadable / found.test_rows, found.guessing
    value, low, high = (
        share * max(one - now, 0.0) for one in (found.accuracy.value, found.accuracy.low, found.accuracy.high)
    )
    return [
        Advice(
            "readable",
            phrase("Test drawings cannot be read."),
            phrase(
                "{count} of {rows} test drawings cannot be read and get the most frequent class.",
                count=f"{found.unreadable:,}",
                rows=f"{found.test_rows:,}",
            ),
            phrase("repair these files (the audit lists them), and run again"),
            phrase("a test image cannot be read"),
            gain=ExpectedGain(value, low, high, "on test drawings; these would be right as often as the others"),
            tool="again",
        )
    ]


def uncalibrated(found: Findings, _: Recipe) -> list[Advice]:
    """Confidence does not match accuracy, and a temperature is measured to correct it."""
    figures = found.calibration
    if figures.ece < OFF or not figures.log_loss.hurts:
        return []
    kind = "low" if figures.temperature < 1 else "high"
    change = figures.log_loss
    return [
        Advice(
            "calibrated",
            phrase("Confidence is too {kind}.", kind=kind),
            phrase(
                "The calibration error is {ece:.1f} %. With a temperature of {temperature:.2f} the log-loss on other "
                "folds is {value:.3f} lower ({low:.3f} to {high:.3f}).",
                ece=100 * figures.ece,
                temperature=figures.temperature,
                value=-change.value,
                low=-change.high,
                high=-change.low,
            ),
            phrase("correct it with a temperature, without training"),
            phrase("ECE is {off:.0f} % or more, and a temperature lowers the log-loss on other folds", off=100 * OFF),
            unknown="the predictions stay the same; only their confidence changes",
            settings=("calibration.method=temperature",),
            tool="again",
            anchor="headline",
        )
    ]
