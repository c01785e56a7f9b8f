"""Distillation: the members' ensemble into one student per fold."""

from __future__ import annotations

from dataclasses import replace

from sketchfit.config.student import student_of
from sketchfit.distillation.distill import distill as train_and_score
from sketchfit.distillation.student import DistillationJob
from sketchfit.distillation.student_choice import student_choice
from sketchfit.inference.choices import print_unused
from sketchfit.runs.artefacts import Choices, DistilledStudent, Steps
from sketchfit.stages.context import RunContext, RunState, made


def distill(context: RunContext, state: RunState) -> RunState:
    """Train the students, and score them against their teachers."""
    job = DistillationJob(
        student=made(state.student),
        recipe_without_teacher=student_of(context.recipe).recipe_without_teacher,
        teachers=list(state.trained.values()),
        folds=state.folds,
        group=state.group,
        relation=state.relation,
        test_rows=context.recipe.distill.test_rows,
    )
    steps = (*state.steps, train_and_score(context, job, state.rows))
    choice = student_choice(DistilledStudent.read(context.run.path))
    choices = state.choices if choice is None else (*state.choices, choice)
    print_unused([] if choice is None else [choice])
    context.engine.on_main(lambda: context.run.write(Steps(steps=steps)))
    context.engine.on_main(lambda: context.run.write(Choices(choices=choices)))
    return replace(state, steps=steps, choices=choices)
