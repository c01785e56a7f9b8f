"""What settings of a family must do: keep their values through a recipe's YAML."""

from __future__ import annotations

import yaml

from sketchfit.config.family import FamilySection


def check_settings(base: type[FamilySection], section: FamilySection) -> None:
    """Check that settings come back equal from YAML, by their name alone too, and refuse unknown keys."""
    settings = section.model_dump(mode="json")
    assert base.model_validate(yaml.safe_load(yaml.safe_dump(settings))) == section
    assert type(base.model_validate(section.name)) is type(section)
    own = type(section).model_fields.keys() - base.model_fields.keys()
    assert all(type(section).model_fields[key].description for key in own)
    assert type(section).__doc__
