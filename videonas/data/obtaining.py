"""Videos to clips, several at a time: taken over, or fetched, decoded, and their copies removed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from videonas.data.parallel import cores, map_in_order
from videonas.data.places import LocalCopy, Place, videos_of
from videonas.data.sources import SourceVideo
from videonas.search.settings import Settings
from videonas.task import Clip

# PyAV and TensorFlow are imported when they are used, so that this module loads fast.
if TYPE_CHECKING:
    from videonas.data.decoding import DecodedVideo
    from videonas.data.earlier import EarlierClips

Obtained = tuple[str, SourceVideo, "DecodedVideo | str"]
"""A video's split, the video, and its clips or the reason why it has none."""


class Obtaining:
    """How clips of videos are made.

    Args:
        folder: that paths of videos are relative to.
        clip: the geometry.
        settings: `frame_step`, `clips_per_video`, `optical_flow` and `decode_threads` count.
        earlier: clips that need not be made.
    """

    def __init__(
        self, folder: Place, clip: Clip, settings: Settings, earlier: EarlierClips | None = None
    ) -> None:
        self._videos, self._clip, self._settings = videos_of(folder), clip, settings
        self._earlier = earlier

    @contextmanager
    def all(self, splits: Mapping[str, Sequence[SourceVideo]]) -> Iterator[Iterator[Obtained]]:
        """Each video with its clips, in order.

        Videos are fetched while others are decoded, a few ahead; no more of them lie on this
        machine. Left early, nothing stays there.

        Raises:
            StorageError: a store cannot be reached or read.
        """
        work = [(name, video) for name, part in splits.items() for video in part]
        paths = [video.path for _, video in work]
        threads = self._settings.decode_threads or cores()
        with tempfile.TemporaryDirectory(prefix="videonas-videos-") as scratch:

            def fetch(path: str) -> tuple[str, LocalCopy | str | None]:
                """A path, and the video there: None where its clips are taken over."""
                if self._earlier is not None and path in self._earlier:
                    return path, None
                return path, self._videos.fetch(path, Path(scratch))

            with (
                closing(map_in_order(fetch, paths, self._videos.ahead)) as fetched,
                closing(map_in_order(self._clips, fetched, threads)) as results,
            ):
                yield (
                    (name, video, clips)
                    for (name, video), clips in zip(work, results, strict=True)
                )

    def _clips(self, fetched: tuple[str, LocalCopy | str | None]) -> DecodedVideo | str:
        """The clips of a video, or the reason why it has none."""
        from videonas.data.decoding import read_clips
        from videonas.data.packets import UnreadableVideo

        path, copy = fetched
        if isinstance(copy, str):
            return copy
        if copy is None:
            assert self._earlier is not None
            return self._earlier.of(path)
        settings = self._settings
        try:
            return read_clips(
                copy.path, self._clip, settings.frame_step, settings.clips_per_video,
                settings.optical_flow,
            )
        except UnreadableVideo as error:
            return error.reason
        finally:
            copy.remove()
