"""The shards that a step reads."""

from __future__ import annotations

from videonas.search.dataset import Dataset
from videonas.search.root import SearchRoot
from videonas.training.jobs import Shards


class CheckedShards:
    """Local files of a data set, held against their digests once a step.

    Args:
        root: where the search is kept.
        dataset: of the search.
    """

    def __init__(self, root: SearchRoot, dataset: Dataset) -> None:
        self._root, self._dataset = root, dataset
        self._checked: dict[str, Shards] = {}

    def of(self, split: str) -> Shards:
        """A split's files in reading order, each the one that was written.

        Raises:
            DamagedRecord: a file is missing or was changed.
        """
        if split not in self._checked:
            files = tuple(self._root.shards(self._dataset, split))
            for path, shard in files:
                shard.check(path)
            self._checked[split] = files
        return self._checked[split]
