"""The base of everything a recipe may say."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Typed, immutable and complete: an unknown key or a wrong type is refused, never ignored or converted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )
