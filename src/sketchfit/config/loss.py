"""The recipe's `loss` section: what is minimised."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sketchfit.config.section import Section

LossName = Literal["ce", "focal", "sce", "poly1", "bitempered", "asymmetric", "bce", "arcface"]


class LossSection(Section):
    """The loss and what is added to it. `loss: focal` is short for `loss: {name: focal}`."""

    name: LossName = "ce"
    """Cross-entropy, focal, symmetric CE, poly-1, bi-tempered, asymmetric, binary CE, or ArcFace (cosine head)."""
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Label smoothing: this much of each target is spread evenly over all classes (arXiv 1512.00567)."""
    class_weights: Literal["none", "balanced", "effective"] = "none"
    """Weigh each image by its class: 1/count, or by the effective number of samples; mean 1 over the training rows."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """`class_weights: effective`: 0 weighs all alike, towards 1 it comes to `balanced` (arXiv 1901.05555)."""
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    """`focal`: how much well-classified images are played down; 0 is cross-entropy (arXiv 1708.02002)."""
    sce_alpha: Annotated[float, Field(ge=0)] = 1.0
    """`sce`: weight of cross-entropy (arXiv 1908.06112)."""
    sce_beta: Annotated[float, Field(ge=0)] = 0.1
    """`sce`: weight of reverse cross-entropy, which tolerates wrong labels (arXiv 1908.06112)."""
    poly_epsilon: Annotated[float, Field(ge=-1)] = 1.0
    """`poly1`: weight of the added 1 - p(target); 0 is cross-entropy (arXiv 2204.12511)."""
    bitempered_t1: Annotated[float, Field(ge=0, le=1)] = 0.9
    """`bitempered`: below 1 bounds the loss of a far-off image; 1 is the logarithm (arXiv 1906.03361)."""
    bitempered_t2: Annotated[float, Field(ge=1, le=4)] = 1.05
    """`bitempered`: above 1 gives softmax a heavier tail near the boundary; 1 is softmax (arXiv 1906.03361)."""
    asymmetric_gamma_positive: Annotated[float, Field(ge=0)] = 1.0
    """`asymmetric`: focusing on the target class (arXiv 2009.14119)."""
    asymmetric_gamma_negative: Annotated[float, Field(ge=0)] = 4.0
    """`asymmetric`: focusing on the other classes (arXiv 2009.14119)."""
    asymmetric_clip: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """`asymmetric`: other classes whose probability is below this cost nothing (arXiv 2009.14119)."""
    bce_threshold: Annotated[float, Field(ge=0, lt=1)] | None = None
    """`bce`: targets above this become 1, the others 0, so that a mixed image is wholly both (arXiv 2110.00476)."""
    arcface_margin: Annotated[float, Field(ge=0, lt=1.5)] = 0.3
    """`arcface`: angle in radians by which the target class is made harder (arXiv 1801.07698)."""
    supcon: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the supervised contrastive term on the features, added to the loss; 0 is off (arXiv 2004.11362)."""
    supcon_temperature: Annotated[float, Field(gt=0)] = 0.1
    """Temperature of the supervised contrastive term: lower minds the nearest images more."""
    r_drop: Annotated[float, Field(ge=0)] = 0.0
    """Weight of two passes' disagreement under dropout, at twice the time; 0 is off (R-Drop, arXiv 2106.14448)."""
    distill: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the loss that follows a teacher's probabilities instead of the labels (arXiv 1503.02531). Members have
    no teacher, and it is 0; `distill` sets it for its student."""
    distill_temperature: Annotated[float, Field(gt=0)] = 2.0
    """Temperature at which teacher and student are compared; `distill` sets it for its student."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
