"""What single sections can't see: settings that contradict each other. All that are found, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sketchfit.config.recipe import Recipe


def contradictions(recipe: Recipe) -> list[str]:
    """One sentence for each pair of settings of a member that can't both be meant."""
    return [sentence for check in _CHECKS for sentence in check(recipe)]


def _losses(recipe: Recipe) -> Iterator[str]:
    loss, head = recipe.loss, recipe.model.head
    if loss.needs_cosines and head.logit_scale is None:
        yield f"loss.name={loss.name} needs model.head=cosine, and the head is {head.name}"
    if loss.supcon > 0 and recipe.transforms.mixing.on:
        yield "loss.supcon compares images of one label each, and transforms.mixing mixes them: set one of them to 0"
    if loss.distill > 0:
        yield (
            "loss.distill follows a teacher, and here is none: leave it at 0, and distil the finished ensemble instead "
            "(distill.enabled=true with distill.weight, or `sketchfit distill RUN`)"
        )
    if loss.r_drop > 0 and not _has_dropout(recipe):
        yield (
            "loss.r_drop compares two passes that differ by dropout, and there is none: set model.drop_rate, "
            "model.drop_path_rate or model.head.dropout above 0"
        )


def _has_dropout(recipe: Recipe) -> bool:
    model = recipe.model
    own = any("drop" in name and value for name, value in model.args.items())
    return bool(model.drop_rate or model.drop_path_rate or model.head.dropout or own)


def _watched_figures(recipe: Recipe) -> Iterator[str]:
    """What reacts to validation needs more than the one at the end."""
    if recipe.training.validate_every > 0:
        return
    for on, name in (
        (recipe.training.early_stopping > 0, "training.early_stopping"),
        (recipe.training.checkpoint == "best", "training.checkpoint=best"),
        (recipe.schedule.name == "plateau", "schedule.name=plateau"),
    ):
        if on:
            yield f"{name} needs validation while training goes on: set training.validate_every to 1 or more"


def _reported_weights(recipe: Recipe) -> Iterator[str]:
    if recipe.averaging.swa and recipe.training.checkpoint == "best":
        yield "averaging.swa and training.checkpoint=best both decide which weights are reported: choose one"


def _resizing(recipe: Recipe) -> Iterator[str]:
    training, averaging = recipe.training, recipe.averaging
    sizes_end = sum(training.resize_stage(epoch) is not None for epoch in range(training.epochs))
    first = averaging.swa_from(training.epochs)
    if averaging.swa and sizes_end > first:
        yield (
            f"averaging.swa begins in epoch {first + 1}, while training.resize still trains at other "
            f"sizes (until epoch {sizes_end} of {training.epochs}): end its stages earlier"
        )


def _adapters(recipe: Recipe) -> Iterator[str]:
    model = recipe.model
    if model.lora.rank and model.freeze.train != "all":
        yield (
            f"model.lora freezes the backbone itself, and model.freeze.train={model.freeze.train} "
            f"asks for something else: leave one of them out"
        )


def _soups(recipe: Recipe) -> Iterator[str]:
    soup = recipe.soup
    if soup.use == "members" and soup.members == "none":
        yield "soup.use=members answers with soups of members, and soup.members is none: set it to uniform or greedy"
    if soup.use == "folds" and not soup.folds:
        yield "soup.use=folds answers with soups of folds, and soup.folds is off: set it to true"


_CHECKS: tuple[Callable[[Recipe], Iterator[str]], ...] = (
    _losses,
    _watched_figures,
    _reported_weights,
    _resizing,
    _adapters,
    _soups,
)
