"""The learning rate as a pure function of the step."""

from limner.config.training import ScheduleSettings


def rate_factor(schedule: ScheduleSettings, step: int, total: int | None) -> float:
    """What the base rate is multiplied by at a step (0 is the first).

    linear: 1 up to `start` of the run, then a straight line that would reach 0 one step after the last
    (arXiv:1703.10593, section 4: constant, then linearly to zero).

    Args:
        total: steps of the whole run; None when it is not known, which only constant and exponential allow.
    """
    match schedule.kind:
        case "constant":
            return 1.0
        case "exponential":
            return schedule.gamma**step
        case "linear":
            if total is None:
                raise ValueError("a linear schedule needs the number of steps")
            falling = total - int(total * schedule.start)
            return min(1.0, max(0.0, (total - step) / max(falling, 1)))
