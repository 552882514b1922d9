"""The component `select`."""

from components.select.component import select

__all__ = ["select"]
