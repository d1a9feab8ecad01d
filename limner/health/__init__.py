"""The monitor: one small detector for each failure, live while a run trains and offline on its folder."""

from limner.health.detector import Detector, History
from limner.health.monitor import DETECTORS, Monitor, check_run

__all__ = ["DETECTORS", "Detector", "History", "Monitor", "check_run"]
