"""`sketchfit.json`: what a network on the hub states about itself, next to `config.json` of timm."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from sketchfit.bundle.manifest import Accuracy, NetworkFacts, Preprocessing, SetThresholds, UnknownRule
from sketchfit.runs.artefact import Artefact
from sketchfit.wording import counted

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
"""Names of the other files: weights, timm's description of the network, and the model card."""

OF_SKETCHFIT = (
    "cache_dir",
    "checkpoint_path",
    "exportable",
    "features_only",
    "no_jit",
    "num_classes",
    "out_indices",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "scriptable",
)
"""Arguments of `timm.create_model` that read other files, or make a network of another kind."""


class PublishedNetwork(Artefact):
    """A network on the hub: enough to build it, to prepare its images as in training, and to name its classes.

    Attributes:
        labels, names: C labels as the training table had them, and names for display.
        network, accuracy, preprocessing: see `bundle.manifest`.
        arguments: of `timm.create_model`, besides the number of classes and the size of the input.
        temperature: by which logits are still to be divided; 1 where it is part of the weights.
        sets, unknown: see `bundle.manifest`.
        licence: of the network; None where none is stated.
        made_by: version of sketchfit.
        run: name of the run.
    """

    PLACE = "sketchfit.json"
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    names: tuple[str, ...]
    network: NetworkFacts
    accuracy: Accuracy = Accuracy()
    preprocessing: Preprocessing
    arguments: dict[str, JsonValue] = Field(default={})
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    sets: SetThresholds | None = None
    unknown: UnknownRule | None = None
    licence: str | None = None
    made_by: str = ""
    run: str = ""

    @field_validator("arguments")
    @classmethod
    def _harmless(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Refuse arguments that would read other files: the file may come from anybody."""
        if found := sorted(set(OF_SKETCHFIT) & set(arguments)):
            raise ValueError(f"the arguments {', '.join(found)} are not allowed")
        return arguments

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if len(self.labels) != len(self.names):
            raise ValueError(
                f"{counted(len(self.labels), 'label')} and {counted(len(self.names), 'name')} do not belong together"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels occur more than once")
        return self
