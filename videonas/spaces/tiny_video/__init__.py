"""The search space of Tiny Video Networks (arXiv 1910.06961)."""

from videonas.spaces.tiny_video.architecture import Block, TinyVideoArchitecture
from videonas.spaces.tiny_video.space import TinyVideoSpace

__all__ = ["Block", "TinyVideoArchitecture", "TinyVideoSpace"]
