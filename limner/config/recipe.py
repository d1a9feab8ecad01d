"""A recipe: the whole truth of a run, whatever the method."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from limner.config.base import Settings
from limner.config.curves import Curve
from limner.config.data import DataSettings, UseSettings
from limner.config.training import TrainingSettings

SCHEMA = 1
"""Version of the recipe format."""


class About(Settings):
    """What a person wants to know before starting."""

    title: str = ""
    """One line that tells this experiment from the others."""
    paper: str = ""
    """Where the method was published."""
    command: str = ""
    """The line that trains it."""
    time: str = ""
    """How long that takes, on what machine."""
    expected: str = ""
    """The score to expect, and of what."""


class Recipe(Settings):
    """Keys that every recipe shares; each method adds its networks and losses in a subclass."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    """Version of the recipe format."""
    about: About = About()
    """What a person wants to know before starting; no setting."""
    method: str
    """Name of a shipped method (`pix2pix`) or the import path of your own (`package.module:Class`)."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 21
    """Fixes every random number of the run. 21 is the study's."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    """auto, cpu, mps, cuda or cuda:0; auto takes a GPU when there is one."""
    devices: PositiveInt = 1
    """How many devices train together; more than one needs the extra `multi`."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Numbers inside the networks; bf16 is faster where the device has it, the weights stay in fp32."""
    data: DataSettings = DataSettings()
    """The pictures."""
    training: TrainingSettings
    """How long (steps, epochs or time), how fast, and what is kept."""
    use: UseSettings = UseSettings()
    """How the trained generator is run."""
    tracking: Literal["tensorboard", "wandb", "none"] = "tensorboard"
    """Where curves also go, beside the run folder. wandb needs the extra `wandb`, and sends them to its server."""

    @property
    def curves(self) -> Mapping[str, Curve]:
        """How the terms of the method's losses are shown, by "<loss>/<term>"; any other is shown under its own name."""
        return {}

    @property
    def remedies(self) -> Mapping[str, tuple[str, ...]]:
        """What helps this method against a finding, by the detector's name, instead of the detector's own words."""
        return {}

    @model_validator(mode="after")
    def _devices_exist(self) -> Self:
        if self.devices > 1 and (self.device == "mps" or ":" in self.device):
            raise ValueError(f"devices is {self.devices}, but device={self.device} is a single one: set device=auto")
        return self
