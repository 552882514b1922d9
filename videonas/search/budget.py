"""Limits on what a network may cost."""

from __future__ import annotations

from dataclasses import dataclass

from videonas.codec import STRICT
from videonas.search.settings import Settings
from videonas.spaces import Costs


@dataclass(frozen=True)
class Budget:
    """Limits; None is no limit.

    Whether a network fits is derived whenever it is asked, never stored, so that a budget may
    change between runs.

    Attributes:
        max_parameters: trainable parameters.
        max_macs: multiply-adds of one clip.
        max_latency_ms: measured median latency in milliseconds.
    """

    __pydantic_config__ = STRICT

    max_parameters: int | None = None
    max_macs: int | None = None
    max_latency_ms: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Budget:
        """The limits that the settings name."""
        return cls(settings.max_parameters, settings.max_macs, settings.max_latency_ms)

    def excess_of_costs(self, costs: Costs) -> str | None:
        """Which static limit is exceeded and by what, as a sentence; None when none is."""
        if self.max_parameters is not None and costs.parameters > self.max_parameters:
            return f"{costs.parameters:,} parameters; allowed: {self.max_parameters:,}"
        if self.max_macs is not None and costs.macs > self.max_macs:
            return f"{costs.macs:,} multiply-adds; allowed: {self.max_macs:,}"
        return None

    def excess_of_latency(self, latency_ms: float) -> str | None:
        """By what the limit on latency is exceeded, as a sentence; None when it is not."""
        if self.max_latency_ms is not None and latency_ms > self.max_latency_ms:
            return f"latency {latency_ms:.2f} ms; allowed: {self.max_latency_ms:g} ms"
        return None
