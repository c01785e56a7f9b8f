"""What every recipe section is: a frozen pydantic model that forbids unknown keys, documented field by field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of the recipe. A field's docstring is its help, in `recipes show --full` and in docs/options.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)
