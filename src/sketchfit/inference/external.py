"""Submissions by others as members: labels or probabilities in CSV, a stated guess in place of out-of-fold rows."""

from __future__ import annotations

import csv
import io

import numpy as np

from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.inference import votes
from sketchfit.inference.arrays import Floats
from sketchfit.inference.submission import expected_rows
from sketchfit.runs.probabilities import SUM_TOLERANCE
from sketchfit.wording import listed

_SHOWN = 5


def parse_external(text: str, table: Table, accuracy: float, name: str = "submission") -> Floats:
    """Float32 [N_test, C], in the order of `table.test`, from CSV text in any order of rows.

    With the sample's columns it holds labels, which become probabilities by the stated accuracy (`votes.from_labels`).
    With the sample's key columns and one column a class (its name or its target) it holds probabilities.

    Args:
        text: the CSV.
        table: the user's tables.
        accuracy: how often its labels are believed to be right, 0 … 1.
        name: how messages call it.

    Raises:
        UserError: every problem: columns, rows missing or repeated, no such class, no probabilities.
    """
    columns, keys, rows = expected_rows(table)
    lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if line]
    header = lines[0] if lines else []
    answers, known = _answer_columns(header, columns, table)
    if not answers:
        wanted = ",".join(columns)
        raise UserError(f"{name}: columns must be {wanted}, or {','.join(columns[:-1])} and one a class")
    ragged = [number for number, line in enumerate(lines[1:], start=2) if len(line) != len(header)]
    if ragged:
        raise UserError(f"{name}: lines {listed(ragged, _SHOWN)} do not have {len(header)} fields")
    places = [header.index(column) for column in columns[:-1]]
    found = {tuple(line[place] for place in places): [line[place] for place in answers] for line in lines[1:]}
    problems = []
    if missing := [",".join(key) for key in keys if key not in found]:
        problems.append(f"{name}: {len(missing)} rows are missing: {listed(missing, _SHOWN)}")
    if len(found) < len(lines) - 1:
        problems.append(f"{name}: {len(lines) - 1 - len(found)} rows occur more than once")
    if problems:
        raise UserError(problems)
    fields = [found[key] for key in keys]
    said = _probabilities(fields, known, name) if known else _labels(fields, table, accuracy, name)
    prob = np.empty((len(table.test), table.class_count), dtype=np.float32)
    prob[rows] = said
    return prob


def guessed_weights(accuracies: Floats, classes: int) -> Floats:
    """Float64 [M], weights for members of which only the accuracy is known or guessed; they sum to 1.

    Proportional to the log-odds against chance, log(a (C - 1) / (1 - a)), what the best vote of independent members
    with errors spread evenly gives them (Nitzan & Paroush 1982); none below chance. All equal where none is above it.

    Args:
        accuracies: float [M], 0 … 1; counted as at most 0.999.
        classes: C.
    """
    a = np.clip(np.asarray(accuracies, dtype=np.float64), 1e-9, 0.999)
    odds = np.maximum(np.log(a * (classes - 1) / (1 - a)), 0)
    return np.asarray(odds / odds.sum() if odds.sum() > 0 else np.full(len(a), 1 / len(a)))


def _answer_columns(header: list[str], columns: tuple[str, ...], table: Table) -> tuple[list[int], list[int]]:
    """Where the answers stand, and for probabilities the class of each column of theirs."""
    if header == list(columns):
        return [len(header) - 1], []
    if any(column not in header for column in columns[:-1]):
        return [], []
    by_name = {name: index for index, name in enumerate(table.class_names)}
    by_target = {str(target): index for index, target in enumerate(table.class_targets)}
    rest = [place for place, column in enumerate(header) if column not in columns[:-1]]
    for index in (by_name, by_target):
        known = [index.get(header[place], -1) for place in rest]
        if sorted(known) == list(range(table.class_count)):
            return rest, known
    return [], []


def _labels(fields: list[list[str]], table: Table, accuracy: float, name: str) -> Floats:
    index = {str(target): place for place, target in enumerate(table.class_targets)}
    if unknown := sorted({field[0] for field in fields if field[0].strip() not in index}):
        raise UserError(f"{name}: no class of the table: {listed(unknown, _SHOWN)}")
    label = np.array([index[field[0].strip()] for field in fields])
    return votes.from_labels(label, table.class_count, accuracy)


def _probabilities(fields: list[list[str]], known: list[int], name: str) -> Floats:
    try:
        said = np.array(fields, dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{name}: a probability is no number: {error}") from error
    off = ~np.isfinite(said).all(axis=1) | (said < 0).any(axis=1) | (np.abs(said.sum(axis=1) - 1) > SUM_TOLERANCE)
    if off.any():
        raise UserError(f"{name}: {off.sum()} rows hold no probabilities that sum to 1")
    prob = np.empty(said.shape, dtype=np.float32)
    prob[:, known] = said
    return prob
