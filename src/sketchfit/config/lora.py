"""The `lora` section: fine-tune a large backbone through small low-rank additions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sketchfit.config.section import Section


class LoraSection(Section):
    """Low-rank adaptation (arXiv 2106.09685). `lora: 8` is short for `lora: {rank: 8}`."""

    rank: Annotated[int, Field(ge=0)] = 0
    """Rank of what is added to each weight matrix; only that and the head learn. 0 is off."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """What is added is multiplied by alpha / rank."""
    targets: tuple[str, ...] = ("*qkv", "*attn*proj", "*q_proj", "*k_proj", "*v_proj", "*fc1*", "*fc2")
    """Linear and convolutional layers whose name matches one of these patterns get an addition; never the head."""

    @model_validator(mode="before")
    @classmethod
    def _rank_alone(cls, value: Any) -> Any:
        return {"rank": value} if isinstance(value, int) and not isinstance(value, bool) else value
