"""The classifier of a timm model: where it is, and how a new head replaces it.

A head is put where timm has its classifier. So pooling, `forward_features` and `forward_head(pre_logits=True)` stay
timm's own, and features are computed in the same way for all models.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from sketchfit.config.head import HeadSection
from sketchfit.errors import UserError


def classifier_names(model: nn.Module) -> tuple[str, ...]:
    """Return the names of a timm model's classifier modules: one, two if it was distilled, or none."""
    found = getattr(model, "get_classifier", lambda: None)()
    classifiers = found if isinstance(found, tuple) else (found,)
    return tuple(name for name, module in model.named_modules() if name and any(module is c for c in classifiers))


def features_of(model: nn.Module, images: Tensor) -> Tensor:
    """Return the features before the classifier of a timm model, float [B, D], of images [B, 3, H, W]."""
    network: Any = model
    features: Tensor = network.forward_head(network.forward_features(images), pre_logits=True)
    return features.flatten(1)


def classify(classifier: nn.Module, features: Tensor) -> Tensor:
    """Return the logits [B, C] of a timm model's classifier for features [B, D].

    A classifier with a 1 × 1 convolution (ResNetV2, DLA, DPN) gets them as maps [B, D, 1, 1].
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in classifier.modules())
    logits: Tensor = classifier(features[:, :, None, None] if convolves else features)
    return logits.flatten(1)


class Classifier(nn.Module):
    """A timm model's classifier as a module from features [B, D] to logits [B, C]."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits."""
        return classify(self.classifier, features)


def attach_head(model: nn.Module, section: HeadSection, classes: int) -> None:
    """Replace the head of a timm model in place by a new one, initialised from torch's global generator.

    Args:
        model: a timm model, unwrapped.
        section: the head's settings.
        classes: number of classes, at least 1.

    Raises:
        UserError: the backbone's classifier has not one linear (or 1 × 1 convolution) layer, and the head is not timm's
            own linear one.
    """
    device = next(model.parameters()).device
    model.reset_classifier(classes)  # type: ignore[operator]
    if section.is_timms:
        model.to(device)
        return
    place = _linear_place(model)
    old = None if place is None else model.get_submodule(place)
    if place is None or not isinstance(old, nn.Linear | nn.Conv2d):
        raise UserError(
            f"{type(model).__name__} has no single linear classifier that a {section.name} head could replace",
            "Set model.head to linear without dropout, or choose another backbone.",
        )
    features = old.in_features if isinstance(old, nn.Linear) else old.in_channels
    parent, _, name = place.rpartition(".")
    setattr(model.get_submodule(parent), name, section.build(features, classes).to(device))


def _linear_place(model: nn.Module) -> str | None:
    """Return the name of the one linear layer of a model's classifier; some have it next to pooling or dropout."""
    names = classifier_names(model)
    parts = model.get_submodule(names[0]).named_modules() if len(names) == 1 else ()
    linear = [name for name, module in parts if isinstance(module, nn.Linear | nn.Conv2d)]
    return ".".join(filter(None, (names[0], linear[0]))) if len(linear) == 1 else None
