"""limner trains, judges and hands over image generators."""

__version__ = "0.1.0"
