"""The component `train_candidate`."""

from components.train_candidate.component import train_candidate

__all__ = ["train_candidate"]
