"""What single sections cannot find: settings that contradict each other, and files and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sketchfit.config.fold_weights import at_fold, has_fold_weights, trained_folds
from sketchfit.config.policies import policy_problems
from sketchfit.config.recipe import Recipe
from sketchfit.config.transforms import TransformsSection
from sketchfit.errors import not_a_file


def member_problems(recipe: Recipe) -> list[str]:
    """Return one sentence per problem of a member's recipe."""
    return [sentence for check in _MEMBER_CHECKS for sentence in check(recipe)]


def run_problems(recipe: Recipe) -> list[str]:
    """Return one sentence per problem of the settings that all members share."""
    return [sentence for check in _RUN_CHECKS for sentence in check(recipe)]


def _losses(recipe: Recipe) -> Iterator[str]:
    loss, head = recipe.loss, recipe.model.head
    if loss.needs_cosines and head.logit_scale is None:
        yield f"loss.name={loss.name} needs model.head=cosine, and the head is {head.name}"
    if loss.supcon > 0 and recipe.transforms.mixing.on:
        yield "loss.supcon compares images of one label each, and transforms.mixing mixes them: set one of them to 0"
    if loss.distill > 0:
        yield (
            "loss.distill compares with a teacher, and there is none: leave it at 0, and distil the finished ensemble "
            "instead (distill.enabled=true with distill.weight, or `sketchfit distill RUN`)"
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


def _validation(recipe: Recipe) -> Iterator[str]:
    """What reacts to validation needs more than the one at the end."""
    if recipe.training.validate_every > 0:
        return
    for on, name in (
        (recipe.training.early_stopping > 0, "training.early_stopping"),
        (recipe.training.checkpoint == "best", "training.checkpoint=best"),
        (recipe.schedule.name == "plateau", "schedule.name=plateau"),
    ):
        if on:
            yield f"{name} needs validation during training: set training.validate_every to 1 or more"


def _used_weights(recipe: Recipe) -> Iterator[str]:
    if not recipe.averaging.swa:
        return
    if recipe.training.checkpoint == "best":
        yield "averaging.swa and training.checkpoint=best both decide which weights are used: choose one"
    if recipe.training.early_stopping > 0:
        yield "averaging.swa and training.early_stopping both decide which weights are used: choose one"


def _resizing(recipe: Recipe) -> Iterator[str]:
    training, averaging = recipe.training, recipe.averaging
    sizes_end = sum(training.resize_stage(epoch) is not None for epoch in range(training.epochs))
    first = averaging.swa_from(training.epochs)
    if averaging.swa and sizes_end > first:
        yield (
            f"averaging.swa begins in epoch {first + 1}, while training.resize still trains at other "
            f"sizes (until epoch {sizes_end} of {training.epochs}): end its stages earlier"
        )


def _curriculum(recipe: Recipe) -> Iterator[str]:
    ends = [stage.end(recipe.training.epochs) for stage in recipe.transforms.curriculum]
    if ends != sorted(ends):
        yield (
            f"transforms.curriculum: the ends of its stages must increase; in {recipe.training.epochs} epochs they are "
            f"{ends}"
        )


def _channels(recipe: Recipe) -> Iterator[str]:
    channels = recipe.model.args.get("in_chans", 3)
    if channels != 3:
        yield (
            f"model.args: in_chans is {channels!r}, and networks get three channels, with grey images repeated: "
            "leave it out (data.channels=1 stores images in grey)"
        )


def _adapters(recipe: Recipe) -> Iterator[str]:
    model = recipe.model
    if model.lora.rank and model.freeze.train != "all":
        yield (
            f"model.lora freezes the backbone itself, and model.freeze.train={model.freeze.train} "
            f"contradicts that: leave one of them out"
        )


def _kernel_heads(recipe: Recipe) -> Iterator[str]:
    if recipe.training.kernel.use != "none" and (recipe.soup.folds or recipe.soup.members != "none"):
        yield "training.kernel fits a head on the images of each fold, and a soup averages heads: leave one of them out"


def _policies(recipe: Recipe) -> Iterator[str]:
    yield from policy_problems(recipe.transforms)


def _member_files(recipe: Recipe) -> Iterator[str]:
    model, data = recipe.model, recipe.data
    each = [at_fold(recipe, fold) for fold in trained_folds(recipe)] if has_fold_weights(recipe) else [recipe]
    named = [("model.weights", one.model.weights) for one in each if model.pretrained]
    for key, path in [*named, ("data.exclude", data.exclude), ("data.relabel", data.relabel)]:
        if path is not None and not Path(path).expanduser().is_file():
            yield f"{key}: {not_a_file(path)}"


def _soups(recipe: Recipe) -> Iterator[str]:
    soup = recipe.soup
    if soup.folds and has_fold_weights(recipe):
        yield "soup.folds averages networks that started from the same weights, and model.weights has a file per fold"
    if soup.use == "members" and soup.members == "none":
        yield "soup.use=members needs soups of members, and soup.members is none: set it to uniform or greedy"
    if soup.use == "folds" and not soup.folds:
        yield "soup.use=folds needs soups of folds, and soup.folds is off: set it to true"


def _scored_folds(recipe: Recipe) -> Iterator[str]:
    if recipe.folds.score is None:
        return
    wanted = {
        "pseudo_label.enabled": recipe.pseudo_label.enabled,
        "distill.enabled": recipe.distill.enabled,
        "soup.members": recipe.soup.members != "none",
        "soup.folds": recipe.soup.folds,
    }
    for key in (key for key, is_set in wanted.items() if is_set):
        yield f"{key} uses the networks of all folds, and folds.score names some of them: leave one of both out"


def _pseudo_labels(recipe: Recipe) -> Iterator[str]:
    if name := recipe.pseudo_label.noisy_student:
        for problem in policy_problems(TransformsSection(policy=name)):
            yield f"pseudo_label.noisy_student: {problem.removeprefix('transforms.policy: ')}"


def _external_data(recipe: Recipe) -> Iterator[str]:
    for path in recipe.audit.external:
        if not Path(path).exists():
            yield f"audit.external: {path} does not exist"


_MEMBER_CHECKS: tuple[Callable[[Recipe], Iterator[str]], ...] = (
    _losses,
    _validation,
    _used_weights,
    _resizing,
    _curriculum,
    _channels,
    _adapters,
    _kernel_heads,
    _policies,
    _member_files,
)
_RUN_CHECKS: tuple[Callable[[Recipe], Iterator[str]], ...] = (_scored_folds, _soups, _pseudo_labels, _external_data)
