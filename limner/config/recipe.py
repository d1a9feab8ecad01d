"""A recipe: the whole truth of a run, whatever the method."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from limner.config.base import Settings
from limner.config.data import DataSettings, UseSettings
from limner.config.training import TrainingSettings

SCHEMA = 1
"""Version of the recipe format."""


class About(Settings):
    """What a person wants to know before starting."""

    title: str
    paper: str = ""
    command: str = ""
    time: str = ""
    expected: str = ""


class Recipe(Settings):
    """Keys that every recipe shares; each method adds its networks and losses in a subclass."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    about: About
    method: str
    """Name of a shipped method (`pix2pix`) or the import path of your own (`package.module:Class`)."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 21
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    devices: PositiveInt = 1
    """How many devices train together; more than one needs the extra `multi`."""
    precision: Literal["fp32", "bf16"] = "fp32"
    data: DataSettings
    training: TrainingSettings
    use: UseSettings = UseSettings()
    tracking: Literal["tensorboard", "wandb", "none"] = "tensorboard"
