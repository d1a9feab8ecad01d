"""Loss values on their way from the device to the host: as means for the log, one step late for a balance."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from limner.methods.method import Seen
from limner.training.engine import Values


class RunningMeans:
    """Gathers loss values on the device and reads them once.

    Args:
        images: pictures in a step, of all processes together.
    """

    def __init__(self, images: int) -> None:
        self.images = images
        self._sums: Values = {}
        self._counts: dict[str, int] = {}
        self._steps = 0

    def open(self, waited: float) -> None:
        """Begin; `waited` is the number of seconds spent waiting for pictures so far."""
        self._start, self._waited, self._paused = time.perf_counter(), waited, 0.0
        self._sums, self._counts, self._steps = {}, {}, 0

    def gathered(self) -> tuple[dict[str, float], dict[str, int]]:
        """Sums of the values since the last line, and how many each is of; for a checkpoint."""
        return floats(self._sums), dict(self._counts)

    def take_up(self, sums: Mapping[str, float], counts: Mapping[str, int], device: torch.device) -> None:
        """Go on, after `open`, from what `gathered` gave when the run was left."""
        self._sums = {name: torch.tensor(value, device=device) for name, value in sums.items()}
        self._counts = dict(counts)

    def add(self, values: Values) -> None:
        """Take in the values of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            self._counts[name] = self._counts.get(name, 0) + 1
        self._steps += 1

    def pause(self, seconds: float) -> None:
        """Do not count this time: it went into validating, sampling or saving."""
        self._paused += seconds

    def close(self, waited: float) -> tuple[dict[str, float], float, float]:
        """Mean values, pictures per second and share of the time spent waiting; begins again."""
        losses = {name: value / self._counts[name] for name, value in floats(self._sums).items()}
        elapsed = max(time.perf_counter() - self._start - self._paused, 1e-9)
        result = losses, self._steps * self.images / elapsed, (waited - self._waited) / elapsed
        self.open(waited)
        return result


class LateValues:
    """Hands the values of each step to a balance one step late, so that the host never waits for the device.

    Args:
        seen: takes them in.
        pending: values of the last step, when a run is resumed.
        device: where they are.
    """

    def __init__(self, seen: Seen, pending: Mapping[str, float], device: torch.device) -> None:
        self._seen = seen
        self._names = list(pending)
        self._values = torch.tensor(list(pending.values()), device=device)
        self._host, self._shared = self._values, True
        self._copied: torch.cuda.Event | None = None
        self.fetch()

    def push(self, values: Values) -> None:
        """The values of a step that has been queued; those of the step before become known to the balance."""
        self._seen.add(self.pending())
        self._names = list(values)
        self._values = torch.stack([value.float() for value in values.values()]) if values else self._values[:0]
        self._shared = False
        self.fetch()

    def unshared(self) -> list[Tensor]:
        """What is still to be averaged over the processes, in place; `fetch` follows. Empty the second time."""
        found = [] if self._shared else [self._values]
        self._shared = True
        return found

    def fetch(self) -> None:
        """Begin to copy the values to the host, behind the work queued so far."""
        self._host = self._values.to("cpu", non_blocking=True)
        if self._values.is_cuda:
            self._copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._copied.record()

    def pending(self) -> dict[str, float]:
        """The values of the last step by name."""
        if self._copied is not None:
            self._copied.synchronize()
        return dict(zip(self._names, self._host.tolist(), strict=True))


def floats(values: Values) -> dict[str, float]:
    """Scalars on a device as numbers, in one transfer."""
    if not values:
        return {}
    stacked: list[Any] = torch.stack([value.float() for value in values.values()]).tolist()
    return dict(zip(values, stacked, strict=True))
