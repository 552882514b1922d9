"""Labelled videos to the shards of a data set."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from videonas.data.copies import copies_in, warn_of_copies
from videonas.data.obtaining import Obtaining
from videonas.data.places import Fingerprint
from videonas.data.sources import Sources, SourceVideo, clips_digest, fingerprints
from videonas.data.splits import check_splits, split_videos, warn_of_rare
from videonas.errors import DataError, StorageError
from videonas.search.dataset import Dataset, OpticalFlow, Shard, Skipped, Split
from videonas.search.prepared_videos import PreparedVideo, PreparedVideos
from videonas.search.settings import Settings
from videonas.task import CHANNELS, Clip

# PyAV and TensorFlow are imported when they are used, so that this module loads fast.
if TYPE_CHECKING:
    from videonas.data.decoding import DecodedVideo
    from videonas.data.earlier import EarlierClips

log = logging.getLogger(__name__)

_NAMED = 3
"""Bad files that an error names."""

Progress = Callable[[int, int], None]
Splits = Mapping[str, Sequence[SourceVideo]]


@dataclass(frozen=True)
class Prepared:
    """What was made of videos.

    Attributes:
        dataset: the record that makes the shards count.
        videos: what became of each video.
    """

    dataset: Dataset
    videos: PreparedVideos


def prepare_dataset(
    sources: Sources,
    destination: Path,
    streams: Mapping[str, Clip],
    settings: Settings,
    digest: str,
    progress: Progress | None = None,
    *,
    prints: Mapping[str, Fingerprint] | None = None,
    earlier: EarlierClips | None = None,
    closed: Callable[[Path], None] | None = None,
) -> Prepared:
    """Decodes every video once and writes its clips as shards.

    Videos are split before any is opened, so a bad file moves no other. The same videos and
    settings give the same shards, byte by byte, whatever the number of threads, and whether clips
    are taken over or made anew.

    Args:
        sources: the videos, see `find_sources`.
        destination: where the shards go; created where it is missing. They count once this
            function has returned: after an error they are removed.
        streams: the clip that every record holds, see `streams_of`.
        settings: those that decide about the data, and `decode_threads`.
        digest: of the sources, see `source_digest`.
        progress: called with the number of videos done and their total.
        prints: fingerprints of the videos, where they were taken already.
        earlier: a data set of which the clips of unchanged videos are taken over.
        closed: called with each shard once it is complete, and may take it away.

    Returns:
        What was made; the names of its shards are relative to `destination`.

    Raises:
        DataError: no data set can be made of these videos, see `check_splits`, or too many of
            them cannot be read, see `max_bad_videos`.
        VideonasError: flow is asked for, and there is no OpenCV.
        StorageError: `destination` cannot be written, or a store cannot be read.
    """
    clip = _clip_of(streams, settings.optical_flow)
    prints = fingerprints(sources) if prints is None else prints
    copies = copies_in(sources, prints)
    splits = split_videos(sources, settings, copies)
    warn_of_copies(copies, splits)
    tally = _Tally(len(sources.videos), settings.max_bad_videos)
    if earlier is not None:
        earlier.compare(prints, streams, settings)
    obtaining = Obtaining(sources.folder, clip, settings, earlier)
    shards = _write_shards(
        sources, destination, splits, obtaining, settings, tally, progress, closed
    )
    _say_what_was_taken(sources, earlier)
    dataset = Dataset(
        digest=digest,
        source=str(sources.place),
        streams=dict(streams),
        classes=sources.classes,
        splits={
            name: _describe(part, shards[name], len(sources.classes), settings.clips_per_video)
            for name, part in tally.without_bad(splits).items()
        },
        source_frames=tally.source_frames,
        short_videos=tally.short_videos,
        skipped=tuple(Skipped(path, reason) for path, reason in sorted(tally.bad.items())),
        multi_label=sources.multi_label,
        labels_from=sources.layout,
    )
    return Prepared(dataset, tally.describe(prints, clips_digest(streams, settings)))


def _say_what_was_taken(sources: Sources, earlier: EarlierClips | None) -> None:
    if earlier is not None:
        taken = sum(video.path in earlier for video in sources.videos)
        log.info(
            "%d of %d videos are as they were in the data set %s and were taken over, %d decoded",
            taken, len(sources.videos), earlier.digest[:12], len(sources.videos) - taken,
        )


@dataclass(frozen=True)
class _Place:
    """Where the clips of a video lie, and what was decoded for them: see `PreparedVideo`."""

    shard: str
    position: int
    frames: int
    short: bool


@dataclass
class _Tally:
    """What became of the videos so far."""

    total: int
    max_bad: float
    done: int = 0
    source_frames: int = 0
    short_videos: int = 0
    bad: dict[str, str] = field(default_factory=dict)
    good: dict[str, _Place] = field(default_factory=dict)

    def count(self, video: SourceVideo, decoded: DecodedVideo | str) -> None:
        """Takes a decoded video, or the reason why there is none, into account.

        Raises:
            DataError: more files are bad than `max_bad` allows; the rest need not be tried.
        """
        self.done += 1
        if not isinstance(decoded, str):
            self.source_frames += decoded.source_frames
            self.short_videos += decoded.short
            return
        self.bad[video.path] = decoded
        if len(self.bad) > self.max_bad * self.total:
            examples = "; ".join(f"{p}: {why}" for p, why in list(self.bad.items())[:_NAMED])
            at_least = "" if self.done == self.total else "at least "
            raise DataError(
                f"videos: {at_least}{len(self.bad)} of {self.total} files cannot be read, more "
                f"than max_bad_videos ({self.max_bad:g}) allows ({examples}); mend or remove "
                "them, or raise max_bad_videos"
            )

    def place(self, video: SourceVideo, decoded: DecodedVideo, where: tuple[str, int]) -> None:
        """Notes where the clips of a video lie: a shard, and the number of the first in it."""
        self.good[video.path] = _Place(*where, decoded.source_frames, decoded.short)

    def describe(self, prints: Mapping[str, Fingerprint], recipe: str) -> PreparedVideos:
        """What became of each video."""
        skipped = {
            path: PreparedVideo(path, *prints[path], reason=reason)
            for path, reason in self.bad.items()
        }
        made = {
            path: PreparedVideo(
                path, *prints[path], place.shard, place.position, place.frames, place.short
            )
            for path, place in self.good.items()
        }
        videos = skipped | made
        return PreparedVideos(recipe, tuple(videos[path] for path in sorted(videos)))

    def without_bad(self, splits: Splits) -> dict[str, list[SourceVideo]]:
        """The videos of each split that clips were made of."""
        return {
            name: [video for video in part if video.path not in self.bad]
            for name, part in splits.items()
        }


def _write_shards(
    sources: Sources,
    destination: Path,
    splits: Splits,
    obtaining: Obtaining,
    settings: Settings,
    tally: _Tally,
    progress: Progress | None,
    closed: Callable[[Path], None] | None,
) -> dict[str, tuple[Shard, ...]]:
    """Fills the tally, and gives the shards of each split."""
    from videonas.data.shards import SHARD_BYTES, ShardWriter

    try:
        destination.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{destination}: {error.strerror}; shards need a folder that can be written"
        ) from error
    with ExitStack() as undo:
        writers = {name: ShardWriter(destination, name, SHARD_BYTES, closed) for name in splits}
        for writer in writers.values():
            undo.callback(writer.discard)
        with obtaining.all(splits) as obtained:
            for name, video, decoded in obtained:
                tally.count(video, decoded)
                if not isinstance(decoded, str):
                    where = writers[name].add(decoded.streams, video.labels, video.path)
                    tally.place(video, decoded, where)
                if progress is not None:
                    progress(tally.done, tally.total)
        because = f" ({len(tally.bad)} of {tally.total} files were skipped)" if tally.bad else ""
        kept = tally.without_bad(splits)
        check_splits(kept, sources, settings, because=because)
        warn_of_rare(kept, sources)
        shards = {name: writer.close() for name, writer in writers.items()}
        undo.pop_all()
    return shards


def _describe(
    videos: Sequence[SourceVideo], shards: tuple[Shard, ...], classes: int, clips_per_video: int
) -> Split:
    by_class = [0] * classes
    for video in videos:
        for label in video.labels:
            by_class[label] += clips_per_video
    return Split(len(videos), len(videos) * clips_per_video, tuple(by_class), shards)


def _clip_of(streams: Mapping[str, Clip], optical_flow: OpticalFlow) -> Clip:
    """The clip of RGB; flow is made beside it where the settings say so.

    Raises:
        DataError: other streams than videos and the settings give.
        VideonasError: there is no OpenCV to compute flow.
    """
    clip = streams.get("rgb")
    expected = {} if clip is None else {"rgb": replace(clip, channels=CHANNELS["rgb"])}
    if clip is not None and optical_flow != "none":
        from videonas.data.flow import need_opencv

        need_opencv(optical_flow)  # told before any video is decoded
        expected["flow"] = replace(clip, channels=CHANNELS["flow"])
    if clip is None or dict(streams) != expected:
        found = {name: clip.shape for name, clip in streams.items()}
        flow = "no 'flow'" if optical_flow == "none" else "'flow' of the same size with 2"
        raise DataError(
            f"streams are {found}; with optical_flow {optical_flow} videos give 'rgb' with 3 "
            f"channels and {flow}"
        )
    return clip
