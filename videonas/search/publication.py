"""A data set on its way to the search root: each shard is sent while the next is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from videonas.errors import DamagedRecord
from videonas.search.dataset import Dataset, Shard
from videonas.search.prepared_videos import PreparedVideos
from videonas.search.records import Records


class Publication:
    """Sends shards in threads of its own; the record that makes them count comes last.

    Shards that were sent by somebody who did not come to the end stay where they are: the same
    videos give the same bytes, so they are those that this one would send.

    Args:
        records: of the search.
        place: of the data set, below the search root.
    """

    def __init__(self, records: Records, place: str) -> None:
        self._records, self._store, self._place = records, records.store, place
        self._before = frozenset(self._store.keys(f"{self._place}/"))
        self._pool = ThreadPoolExecutor(self._store.requests_at_once, "videonas-publish")
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Publication:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def send(self, path: Path) -> None:
        """Moves a finished shard to the search root, once there is a thread for it.

        Waits where many are under way, so that few lie on this machine.

        Raises:
            StorageError: one that was given before could not be written.
        """
        if len(self._under_way) >= self._store.requests_at_once:
            self._under_way.popleft().result()
        key = f"{self._place}/{path.name}"
        self._under_way.append(self._pool.submit(self._store.create_file, key, path))

    def finish(self, dataset: Dataset, videos: PreparedVideos | None = None) -> Dataset:
        """Waits for the shards, and lets them count; gives back the data set that counts.

        Raises:
            StorageError: a shard or a record could not be written.
            DamagedRecord: others lie in their place.
        """
        while self._under_way:
            self._under_way.popleft().result()
        key = f"{self._place}/dataset.json"
        existing = self._records.read(Dataset, key)
        if existing is not None:
            return existing  # type: ignore[no-any-return]
        self._check(shard for split in dataset.splits.values() for shard in split.shards)
        if videos is not None:
            name = f"{self._place}/videos.json"
            if self._records.create(videos, name) != videos:
                raise self._other("videos.json")
        return self._records.create(dataset, key)

    def _check(self, shards: Iterable[Shard]) -> None:
        """Holds what was there before against what was written now."""
        for shard in shards:
            key = f"{self._place}/{shard.name}"
            if key in self._before:
                try:
                    shard.check(self._store.fetch(key))
                except DamagedRecord:
                    raise self._other(shard.name) from None

    def _other(self, name: str) -> DamagedRecord:
        where = self._records.where(self._place)
        return DamagedRecord(
            f"{where}: {name} is of a preparation that did not come to its end, and differs from "
            "what the same videos give now; delete this folder and prepare the data again"
        )
