"""The component `start`."""

from components.start.component import start

__all__ = ["start"]
