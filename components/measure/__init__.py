"""`measure` as a component."""

from components.measure.component import measure

__all__ = ["measure"]
