"""What a recipe may say of training: how long, how fast, and what is kept."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from limner.config.base import Settings

Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimiserSettings(Settings):
    """Adam, as the pix2pix paper sets it (arXiv:1611.07004, section 3.3)."""

    lr: PositiveFloat = 2e-4
    """Learning rate."""
    betas: Annotated[tuple[Beta, Beta], Field(strict=False)] = (0.5, 0.999)
    """Adam's two decay rates."""
    weight_decay: NonNegativeFloat = 0.0
    """Pull of the weights towards zero."""


class ScheduleSettings(Settings):
    """The learning rate over the run."""

    kind: Literal["constant", "linear", "exponential"] = "constant"
    """constant, falling in a straight line to zero, or multiplied by gamma after every step."""
    start: Annotated[float, Field(ge=0, le=1)] = 0.5
    """linear: share of the run after which the rate falls, in a straight line, to zero at the end."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.9999977
    """exponential: factor on the rate after every step."""


class PlayerOptimiserSettings(OptimiserSettings):
    """The optimiser of one player."""

    schedule: ScheduleSettings | None = None
    """How this player's learning rate changes; null: as training.schedule says."""


class TrainingSettings(Settings):
    """Length (exactly one of steps, epochs, time), optimisers, and what is logged and kept how often."""

    steps: PositiveInt | None = None
    """Length in steps; one step is one batch."""
    epochs: PositiveInt | None = None
    """Length in passes over all training pictures."""
    time: Annotated[str, Field(pattern=r"^\d+(\.\d+)?[smhd]$")] | None = None
    """Wall-clock length, validation and all: 90s, 30m, 2h, 1d. The step at which it is over is validated and saved."""
    batch: PositiveInt = 1
    """Pictures in one step."""
    accumulate: PositiveInt = 1
    """Split each batch into this many microbatches whose gradients are added: less memory, the same step size."""
    optimiser: OptimiserSettings = OptimiserSettings()
    """Of all players."""
    optimisers: dict[str, PlayerOptimiserSettings] = {}
    """Other settings for single players, by name: {discriminator: {lr: 1e-4}}."""
    schedule: ScheduleSettings = ScheduleSettings()
    """How the learning rate changes, of all players that have no schedule of their own."""
    clip: PositiveFloat | None = None
    """Largest norm of one player's gradient."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of the moving average of the generator's weights; validated, sampled and used instead of the raw ones."""
    graphs: bool = True
    """On a CUDA device: record the kernels of a step as CUDA graphs and replay them; at batch 1 it waits for launches
    (github.com/pytorch/pytorch/issues/96191). Elsewhere it changes nothing."""
    log_every: PositiveInt = 50
    """Steps between two lines of training losses (means over those steps)."""
    validate_every: PositiveInt | None = None
    """Steps between two validations; by default once an epoch, but at most 50 times in a run."""
    sample_every: PositiveInt | None = None
    """Steps between two sample grids; by default with each validation."""
    checkpoint_every: PositiveInt | None = None
    """Steps between two checkpoints; by default ten times in a run."""
    keep_last: PositiveInt = 2
    """How many of the newest checkpoints stay on the disk."""
    keep_every: PositiveInt | None = None
    """Also keep every checkpoint whose step is a multiple of this."""
    best: str | None = None
    """Also keep the checkpoint with the best value of this logged number, such as val/ssim or val/l1; it is what
    `limner.load` takes then."""
    best_is: Literal["lowest", "highest"] | None = None
    """Which value of that number is the best; null: as the number itself declares."""
    samples: PositiveInt = 4
    """Pictures of each split that are followed through training."""
    evaluate: PositiveInt = 100
    """Most pictures of each split that a validation looks at."""

    def schedule_of(self, player: str) -> ScheduleSettings:
        """How the learning rate of a player changes."""
        own = self.optimisers[player].schedule if player in self.optimisers else None
        return own or self.schedule

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        given = [name for name in ("steps", "epochs", "time") if getattr(self, name) is not None]
        if len(given) != 1:
            keys = ", ".join(f"training.{name}" for name in given) or "none"
            raise ValueError(f"give exactly one of training.steps, training.epochs, training.time (given: {keys})")
        return self

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        schedules = {"training.schedule": self.schedule}
        schedules |= {f"training.optimisers.{name}.schedule": self.schedule_of(name) for name in self.optimisers}
        for key, schedule in schedules.items():
            if self.time is not None and schedule.kind == "linear":
                raise ValueError(
                    f"{key}.kind=linear falls to zero at a known last step, which training.time does not give: "
                    "set training.steps or training.epochs"
                )
        if self.batch % self.accumulate:
            raise ValueError(
                f"training.batch is {self.batch}, which training.accumulate={self.accumulate} does not divide evenly"
            )
        return self
