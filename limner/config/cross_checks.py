"""What must fit together in a recipe whatever the method: sizes, channels, players. Each raises ValueError in words."""

from collections.abc import Collection, Sequence
from typing import Literal

from limner.config.networks import DiscriminatorSettings, GeneratorSettings, UNetSettings

Objective = Literal["bce", "least-squares", "hinge", "relativistic"]
"""An adversarial objective of `limner.losses.adversarial`."""


def check_size(size: int, generator: GeneratorSettings) -> None:
    """A multiple of 2**levels also keeps batch norm fed: the innermost block has none, all others see 2 x 2 or more."""
    if size % generator.multiple == 0 and size >= generator.least:
        return
    if size % generator.multiple == 0:
        raise ValueError(
            f"data.size is {size}, but generator.kind={generator.kind} with these settings needs at least "
            f"{generator.least} pixels: set data.size={generator.least}"
        )
    nearest = max(round(size / generator.multiple) * generator.multiple, generator.least)
    if not isinstance(generator, UNetSettings):
        raise ValueError(
            f"data.size is {size}, but generator.kind={generator.kind} needs a multiple of {generator.multiple}: "
            f"set data.size={nearest}"
        )
    fitting = (size & -size).bit_length() - 1
    ways = [f"generator.levels={fitting}"] if fitting >= 2 else []
    ways.append(f"data.size={nearest}")
    raise ValueError(
        f"data.size is {size}, but a U-Net of {generator.levels} levels needs a multiple of {generator.multiple}: "
        f"set {' or '.join(ways)}"
    )


def check_channels(
    channels: int, generator: GeneratorSettings, discriminator: DiscriminatorSettings, images: int
) -> None:
    """Networks must have been told how many channels pictures have.

    Args:
        channels: of a picture, `data.channels`.
        generator: takes and makes one picture.
        discriminator: sees some pictures at once.
        images: how many.
    """
    found = {
        "generator.in_channels": (generator.in_channels, channels),
        "generator.out_channels": (generator.out_channels, channels),
        "discriminator.in_channels": (discriminator.in_channels, images * channels),
    }
    wrong = {key: counts for key, counts in found.items() if counts[0] != counts[1]}
    if wrong:
        seen = f", and the discriminator sees {'one' if images == 1 else images} at a time"
        raise ValueError(
            f"{' and '.join(f'{key} is {count}' for key, (count, _) in wrong.items())}, but data.channels is {channels}"
            f"{seen if 'discriminator.in_channels' in wrong else ''}: "
            f"set {' and '.join(f'{key}={wanted}' for key, (_, wanted) in wrong.items())}"
        )


def check_objective(objective: Objective, real_label: float) -> None:
    """Only objectives with labels can smooth one."""
    if objective not in ("bce", "least-squares") and real_label != 1:
        raise ValueError(
            f"loss.real_label is {real_label}, but loss.adversarial={objective} knows no labels: set "
            "loss.real_label=1, or loss.adversarial=bce or least-squares"
        )


def check_players(method: str, players: Sequence[str], optimisers: Collection[str]) -> None:
    """Only who plays can have an optimiser."""
    for name in optimisers:
        if name not in players:
            raise ValueError(f"training.optimisers.{name}: {method} has no such player; it has {' and '.join(players)}")


def check_patches(discriminator: DiscriminatorSettings, size: int, batch: int) -> None:
    """Every patch must lie in the picture, and a norm needs more than one value per channel to learn from."""
    sides = discriminator.sides(size)
    judge = f"discriminator.receptive_field={discriminator.receptive_field} with kernel={discriminator.kernel}"
    said = f"data.size is {size}, but {judge}"
    remedy = "set a smaller discriminator.receptive_field or a larger data.size"
    if min(sides) < 1:
        raise ValueError(f"{said} needs more pixels than that to judge a single patch: {remedy}")
    values = min(sides[1:-1]) ** 2 * (batch if discriminator.norm == "batch" else 1)
    if discriminator.norm != "none" and values == 1:
        raise ValueError(
            f"{said} leaves {discriminator.norm} norm one value per channel at training.batch={batch}: {remedy}"
        )
