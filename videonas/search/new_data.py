"""Which data set counts, and what a search does when its videos have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from videonas.codec import STRICT

Policy = Literal["keep", "reevaluate", "restart"]

_STRENGTH: tuple[Policy, ...] = ("keep", "reevaluate", "restart")
"""Of several changes between two generations, the last of these is what is done."""

_DONE = {
    "keep": "earlier results go on to count",
    "reevaluate": "the parents were trained and evaluated again",
    "restart": "the generation was sampled anew",
}
"""What a search did, in words."""


@dataclass(frozen=True)
class DataChoice:
    """`data/<number>.json`: a data set that counts from now on, until there is a higher number.

    Attributes:
        digest: of the data set.
        policy: what the next generation does about results on another one.
    """

    __pydantic_config__ = STRICT

    digest: str
    policy: Policy


@dataclass(frozen=True)
class DataChange:
    """What a generation that has another data set than the one before it holds about that.

    Attributes:
        before: digest of the data set before.
        policy: what was done.
        added: videos that are new, by their paths.
        removed: videos that are gone.
        changed: videos that were replaced under the same path. All three are None where one of
            the two data sets does not say which videos it was made of.
    """

    __pydantic_config__ = STRICT

    before: str
    policy: Policy
    added: int | None = None
    removed: int | None = None
    changed: int | None = None

    @property
    def discards(self) -> bool:
        """Whether results from before no longer count."""
        return self.policy != "keep"

    def sentence(self, generation: int, data: str) -> str:
        """What happened to the data, for people.

        Args:
            generation: the first one with the new data set.
            data: digest of the new data set.
        """
        counts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        told = [f"{count:,} {word}" for word, count in counts if count]
        videos = f", videos: {', '.join(told)}" if told else ""
        return (
            f"from generation {generation} on: data set {data[:12]} in place of "
            f"{self.before[:12]}{videos}; {_DONE[self.policy]}"
        )


def policy_between(choices: Sequence[DataChoice], before: str, now: str) -> Policy | None:
    """What a generation does about the results of the one before it.

    Args:
        choices: all, oldest first.
        before: digest of the data set of the generation before.
        now: digest of its own.

    Returns:
        the strongest policy of the choices after `before`; None where nothing changed.
    """
    if before == now:
        return None
    digests = [choice.digest for choice in choices]
    after = len(digests) - digests[::-1].index(before) if before in digests else 0
    return max(
        (choice.policy for choice in choices[after:]), key=_STRENGTH.index, default="keep"
    )
