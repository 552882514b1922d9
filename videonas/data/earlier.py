"""Clips of videos that are as they were when an earlier data set was made: nothing to decode."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from videonas.data.places import GONE, Fingerprint
from videonas.data.sources import clips_digest
from videonas.errors import DamagedRecord, NothingThere
from videonas.search.dataset import Dataset, Shard
from videonas.search.prepared_videos import PreparedVideo, PreparedVideos
from videonas.search.settings import Settings
from videonas.task import Clip, Sampling

if TYPE_CHECKING:
    from videonas.data.clips import ClipReader
    from videonas.data.decoding import DecodedVideo

log = logging.getLogger(__name__)

Fetch = Callable[[str], Sequence[tuple[Path, Shard]]]


class EarlierClips:
    """The clips of an earlier data set, by video.

    Args:
        dataset: the earlier one.
        videos: what became of each of its videos.
        fetch: local files of a split's shards, in reading order.
    """

    def __init__(self, dataset: Dataset, videos: PreparedVideos, fetch: Fetch) -> None:
        self.digest = dataset.digest
        self._dataset, self._videos, self._fetch = dataset, videos, fetch
        self._clips_per_video = 1
        self._unchanged: dict[str, PreparedVideo] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._readers: dict[str, ClipReader] = {}

    def compare(
        self, prints: Mapping[str, Fingerprint], streams: Mapping[str, Clip], settings: Settings
    ) -> None:
        """Finds out which videos are as they were; of the others there are no clips.

        All videos count as others where clips would be made in another way now, or where the
        shards are not what they were.

        Args:
            prints: fingerprints of the videos as they are, by path.
            streams: the clip that every record will hold, by stream.
            settings: those that decide about the data.

        Raises:
            StorageError: the shards cannot be read.
        """
        self._unchanged.clear()
        if self._videos.recipe != clips_digest(streams, settings):
            return
        self._clips_per_video = settings.clips_per_video
        # of a file that cannot be read it is not known whether it is as it was
        unchanged = {
            video.path: video
            for video in self._videos.videos
            if prints.get(video.path, GONE) == (video.size, video.checksum) != GONE
        }
        self._places = self._reading_places()
        shards = {video.shard for video in unchanged.values() if video.shard is not None}
        try:
            for split in sorted({self._places[name][0] for name in shards}):
                self._readers[split] = self._reader(split)
        except (DamagedRecord, NothingThere, KeyError) as error:
            log.warning("%s; all videos are decoded anew", error)
            return
        self._unchanged = unchanged

    def __contains__(self, path: str) -> bool:
        return path in self._unchanged

    def of(self, path: str) -> DecodedVideo | str:
        """The clips of a video that is as it was, or the reason why there are none.

        Raises:
            DamagedRecord: its shard is not what it was.
        """
        from videonas.data.decoding import DecodedVideo

        video = self._unchanged[path]
        if video.shard is None:
            return video.reason or ""
        split, first = self._places[video.shard]
        first += video.position
        clips, _ = self._readers[split].read(range(first, first + self._clips_per_video))
        return DecodedVideo(clips["rgb"], video.frames, video.short, clips.get("flow"))

    def _reading_places(self) -> dict[str, tuple[str, int]]:
        """The split of each shard, and how many clips come before it in reading order."""
        places: dict[str, tuple[str, int]] = {}
        for name, split in self._dataset.splits.items():
            before = accumulate((shard.clips for shard in split.shards), initial=0)
            places |= {
                shard.name: (name, count)
                for shard, count in zip(split.shards, before, strict=False)
            }
        return places

    def _reader(self, split: str) -> ClipReader:
        from videonas.data.clips import ClipReader

        files = self._fetch(split)
        for path, shard in files:
            shard.check(path)
        whole = {
            name: Sampling(clip.frames, 1, clip.size)
            for name, clip in self._dataset.streams.items()
        }
        return ClipReader(files, self._dataset.task, whole)
