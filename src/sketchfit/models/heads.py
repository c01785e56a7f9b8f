"""Classification heads, put where timm keeps its classifier, so that pooling, `forward_features` and
`forward_head(pre_logits=True)` stay timm's own and features can be taken from any model alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchfit.config.head import HeadSection
from sketchfit.errors import UserError


class LinearHead(nn.Linear):
    """A linear layer with dropout before it; its entries are named as a plain `nn.Linear`'s, so weights fit both."""

    def __init__(self, features: int, classes: int, dropout: float) -> None:
        super().__init__(features, classes)
        self.dropout = dropout

    def forward(self, input: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes]."""
        return super().forward(F.dropout(_flat(input), self.dropout, self.training))


class MlpHead(nn.Module):
    """Layer norm, hidden layer, GELU, dropout, linear."""

    def __init__(self, features: int, classes: int, hidden: int, dropout: float, norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features) if norm else nn.Identity()
        self.hidden = nn.Linear(features, hidden)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes]."""
        logits: Tensor = self.fc(self.drop(self.act(self.hidden(self.norm(_flat(features))))))
        return logits


class CosineHead(nn.Module):
    """Cosine between the features and one direction a class, times a fixed scale (arXiv 1801.09414).

    Logits lie in [-scale, scale]. The ArcFace loss reads the angles back from them.
    """

    def __init__(self, features: int, classes: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.scale = scale
        self.dropout = dropout
        self.weight = nn.Parameter(torch.empty(classes, features))
        nn.init.xavier_normal_(self.weight)

    def forward(self, features: Tensor) -> Tensor:
        """[B, features] (or [B, features, 1, 1]) -> logits [B, classes], float32 even under autocast."""
        # Angles near 0 are what the margin works on: half precision can't tell them apart.
        with torch.autocast(features.device.type, enabled=False):
            dropped = F.dropout(_flat(features).to(self.weight.dtype), self.dropout, self.training)
            return self.scale * F.linear(F.normalize(dropped), F.normalize(self.weight))


def _flat(features: Tensor) -> Tensor:
    return features.flatten(1) if features.ndim == 4 else features


def classifier_names(model: nn.Module) -> tuple[str, ...]:
    """Names of the classifier's modules in a timm model: one, two where it was distilled, none where it has none."""
    found = getattr(model, "get_classifier", lambda: None)()
    classifiers = found if isinstance(found, tuple) else (found,)
    return tuple(name for name, module in model.named_modules() if name and any(module is c for c in classifiers))


def attach_head(model: nn.Module, section: HeadSection, classes: int) -> None:
    """Give a timm model a new head, freshly initialised from torch's global generator, in place.

    Args:
        model: a timm model, unwrapped.
        section: which head.
        classes: number of classes, at least 1.

    Raises:
        UserError: the backbone's classifier isn't one linear (or 1 × 1 convolution) layer, and the head asked for
            is more than timm's own linear one.
    """
    device = next(model.parameters()).device
    model.reset_classifier(classes)  # type: ignore[operator]
    if section.name == "linear" and not section.dropout:
        model.to(device)
        return
    names = classifier_names(model)
    old = model.get_submodule(names[0]) if len(names) == 1 else None
    if not isinstance(old, nn.Linear | nn.Conv2d):
        raise UserError(
            f"{type(model).__name__} has no single linear classifier that a {section.name} head could replace",
            "set head to linear without dropout, or choose another backbone",
        )
    features = old.in_features if isinstance(old, nn.Linear) else old.in_channels
    parent, _, name = names[0].rpartition(".")
    setattr(model.get_submodule(parent), name, _make(section, features, classes).to(device))


def _make(section: HeadSection, features: int, classes: int) -> nn.Module:
    if section.name == "linear":
        return LinearHead(features, classes, section.dropout)
    if section.name == "mlp":
        return MlpHead(features, classes, section.hidden or features, section.dropout, section.norm)
    return CosineHead(features, classes, section.scale, section.dropout)
