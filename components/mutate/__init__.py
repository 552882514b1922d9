"""The component `mutate`."""

from components.mutate.component import mutate

__all__ = ["mutate"]
