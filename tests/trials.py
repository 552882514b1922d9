"""Searches of `simulated_steps` in processes of their own, which are stopped and go on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.warmed import Ended, Warmed
from videonas.search.root import SearchRoot
from videonas.storage import Store, in_parallel

JOBS = {"prepare": "dataset", "measure": "latency", "train": "training", "evaluate": "evaluation",
        "export": "network"}
"""What is done once, and the record that says that it was."""

GENERATIONS = 2

OF_ONE_EXECUTION = re.compile(
    r"timings/.*|probe-.*|results/.*-attempt-\d+|generations/\d+/report\.html|data/000001\.json"
)
"""What says how and when a search was carried out, and not what it found; and which data set
counts, which nobody writes down where there is but one."""


def new_warmed() -> Warmed:
    """A process that runs trials; to be used in a `with` statement."""
    return Warmed("tests.simulated_steps", "videonas.storage.gcs", "videonas.storage.s3")


@dataclass(frozen=True)
class Trial:
    """A search that is stopped and goes on.

    Attributes:
        warmed: runs it.
        folder: for its files on this machine.
        videos: of the search.
        uri: of its root; by default in the folder.
        environment: see `Place`.
    """

    warmed: Warmed
    folder: Path
    videos: Path
    uri: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "uri", self.uri or str(self.folder / "root"))

    def run(self, here: str, warmed: Warmed | None = None, **how: object) -> Ended:
        """Runs the search to its end, or until it is killed.

        Args:
            here: name of the folder that it works in, with local copies of its own.
            warmed: runs it in place of the other.
            how: see `run_search`.
        """
        place = self.folder / here
        environment = {**self.environment, "VIDEONAS_CACHE": str(place / "cache")}
        given = {"generations": GENERATIONS, **how}
        return (warmed or self.warmed).call(
            "tests.simulated_steps:run_search", place, environment, uri=self.uri,
            videos=str(self.videos), diary=str(self.folder / "diary"), **given,
        )

    @property
    def store(self) -> Store:
        return SearchRoot(self.uri).records.store

    @property
    def diary(self) -> list[str]:
        return (self.folder / "diary").read_text().splitlines()

    @property
    def writes(self) -> list[str]:
        return [line for line in self.diary if line.split()[0] not in {*JOBS, "convert"}]

    def jobs(self, begin: int = 0) -> Counter[str]:
        """How many were really done of each kind, from a line of the diary on."""
        kinds = (line.split()[0] for line in self.diary[begin:])
        return Counter(kind for kind in kinds if kind in JOBS)

    def recorded(self) -> Counter[str]:
        """How many of each kind there is a record of."""
        names = [Path(key).name for key in self.store.keys("")]
        return Counter({job: n for job, r in JOBS.items() if (n := names.count(f"{r}.json"))})

    def found(self) -> dict[str, bytes | None]:
        """All that the search found: its history, results and networks."""
        store = self.store
        keys = [key for key in store.keys("") if not OF_ONE_EXECUTION.fullmatch(key)]
        return dict(zip(keys, in_parallel(store.read, keys, store.requests_at_once), strict=True))

    def reports(self) -> list[str]:
        return [key for key in self.store.keys("generations/") if key.endswith("report.html")]
