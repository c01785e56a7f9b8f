"""The `lora` section: fine-tune a large backbone through small low-rank additions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sketchfit.config.section import CheckedBy, Distinct, Section


class LoraSection(Section):
    """Low-rank adaptation (arXiv 2106.09685). `lora: 8` is short for `lora: {rank: 8}`."""

    rank: Annotated[int, Field(ge=0)] = 0
    """Rank of the addition to each weight matrix; only the additions and the head are trained. 0: no LoRA."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """The addition is multiplied by alpha / rank."""
    targets: Annotated[tuple[str, ...], Field(min_length=1), Distinct, CheckedBy("trial")] = (
        "*qkv",
        "*attn*proj",
        "*q_proj",
        "*k_proj",
        "*v_proj",
        "*fc1*",
        "*fc2",
    )
    """Linear and convolutional layers whose name matches one of these patterns get an addition; never the head."""

    @model_validator(mode="before")
    @classmethod
    def _rank_alone(cls, value: Any) -> Any:
        return {"rank": value} if isinstance(value, int) and not isinstance(value, bool) else value
