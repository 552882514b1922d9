"""The labelled videos that a data set is made of, and a digest of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from videonas.codec import canonical, digest, to_plain
from videonas.data.places import Fingerprint, Place, videos_of
from videonas.search.settings import Settings
from videonas.task import Clip

RECIPE = 1
"""Part of a data set's digest: raised when all videos would give other shards than before."""

DECODER = 2
"""Raised when some videos would give other clips than before. Searches go on with the data set that
they have, so it is not part of a digest; clips of another decoder are not taken over."""


@dataclass(frozen=True)
class SourceVideo:
    """One labelled file.

    Attributes:
        path: relative to the folder of videos, with `/` between its parts; absolute where a list
            names a file outside that folder so.
        labels: indices into the names of the classes, rising; one, or any number where videos can
            have several.
        split: `train`, `validation` or `test` where a list or a folder says so, or None.
        group: videos of one group are never in different splits; None for a video by itself.
    """

    path: str
    labels: tuple[int, ...]
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Sources:
    """What `--videos` names, read.

    Attributes:
        place: the folder or the list that `--videos` names.
        folder: the folder that paths of videos are relative to.
        layout: where labels come from, for people, such as `CSV list`.
        classes: the names of the classes; a label is an index into them.
        videos: sorted by path, each once.
        listed: whether a list gives the labels, and not the folders.
    """

    place: Place
    folder: Place
    layout: str
    classes: tuple[str, ...]
    videos: tuple[SourceVideo, ...]
    listed: bool = True

    @property
    def multi_label(self) -> bool:
        """Whether some video has other than exactly one label."""
        return any(len(video.labels) != 1 for video in self.videos)


def fingerprints(sources: Sources) -> dict[str, Fingerprint]:
    """By what each video is told from what it may become, by path.

    On this machine that is its size in bytes and the SHA-256 of its first and last 64 KiB; in a
    store the size and the checksum, or ETag, that its listing says. A file that cannot be read
    has one of its own, so that it changes once it can be.
    """
    videos = videos_of(sources.folder)
    return {video.path: videos.fingerprint(video.path) for video in sources.videos}


def recipe_digest(streams: Mapping[str, Clip], settings: Settings) -> str:
    """The SHA-256, in hex, of what decides about clips beside the videos themselves."""
    return digest(canonical(_recipe(streams, settings)))


def clips_digest(streams: Mapping[str, Clip], settings: Settings) -> str:
    """The SHA-256, in hex, of what makes clips comparable: `recipe_digest`, and the decoder."""
    return digest(canonical({"recipe": recipe_digest(streams, settings), "decoder": DECODER}))


def _recipe(streams: Mapping[str, Clip], settings: Settings) -> dict[str, Any]:
    return {
        "recipe": RECIPE,
        "streams": {name: to_plain(clip) for name, clip in streams.items()},
        "settings": settings.identifying("data"),
    }


def source_digest(
    sources: Sources,
    streams: Mapping[str, Clip],
    settings: Settings,
    prints: Mapping[str, Fingerprint] | None = None,
) -> str:
    """The SHA-256, in hex, of everything that the shards depend on.

    A video counts with its relative path and its fingerprint. Of a list, and of split folders,
    labels, splits and groups count. Neither the place of the folder or the list, nor dates, nor
    the order of videos matter.

    Args:
        sources: the videos.
        streams: the clip that every record will hold, by stream.
        settings: those that decide about the data are part of the digest.
        prints: the fingerprints of the videos, where they were taken already.
    """
    if prints is None:
        prints = fingerprints(sources)
    plain = _recipe(streams, settings)
    plain["videos"] = sorted([video.path, *prints[video.path]] for video in sources.videos)
    if sources.listed or any(video.split for video in sources.videos):
        plain["list"] = _listed(sources)  # of class folders the paths say it all
    return digest(canonical(plain))


def _listed(sources: Sources) -> dict[str, Any]:
    """What a list says, as plain values."""
    videos = sorted(sources.videos, key=lambda video: video.path)
    return {
        "classes": sources.classes,
        "videos": [[video.path, video.labels, video.split, video.group] for video in videos],
    }
