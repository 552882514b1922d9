"""The labelled videos that a data set is made of, and a digest of all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videonas.codec import canonical, digest, to_plain
from videonas.search.settings import Settings
from videonas.task import Clip

RECIPE = 1
"""Raised whenever the same videos and settings would give other shards than before."""

_SAMPLE = 64 * 1024


@dataclass(frozen=True)
class SourceVideo:
    """One labelled file.

    Attributes:
        path: relative to the folder of videos, with `/` between its parts; absolute where a list
            names a file outside that folder so.
        labels: indices into the names of the classes, rising; one, or any number where videos can
            have several.
        split: `train`, `validation` or `test` where a list says so, or None.
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

    place: Path
    folder: Path
    layout: str
    classes: tuple[str, ...]
    videos: tuple[SourceVideo, ...]
    listed: bool = True

    @property
    def multi_label(self) -> bool:
        """Whether some video has other than exactly one label."""
        return any(len(video.labels) != 1 for video in self.videos)


def source_digest(sources: Sources, streams: Mapping[str, Clip], settings: Settings) -> str:
    """The SHA-256, in hex, of everything that the shards depend on.

    A video counts with its relative path, its size in bytes, and its first and last 64 KiB:
    reading whole files would take as long as decoding them. Of a list its labels, splits and
    groups count. Neither the place of the folder or the list, nor dates, nor the order of videos
    matter. A file that cannot be read counts as such, so the digest changes once it can be.

    Args:
        sources: the videos.
        streams: the clip that every record will hold, by stream.
        settings: those that decide about the data are part of the digest.
    """
    folder = sources.folder
    files = sorted([video.path, *_fingerprint(folder / video.path)] for video in sources.videos)
    plain = {
        "recipe": RECIPE,
        "videos": files,
        "streams": {name: to_plain(clip) for name, clip in streams.items()},
        "settings": settings.identifying("data"),
    }
    if sources.listed:  # of class folders the paths say it all
        plain["list"] = _listed(sources)
    return digest(canonical(plain))


def _listed(sources: Sources) -> dict[str, Any]:
    """What a list says, as plain values."""
    videos = sorted(sources.videos, key=lambda video: video.path)
    return {
        "classes": sources.classes,
        "videos": [[video.path, video.labels, video.split, video.group] for video in videos],
    }


def _fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and the SHA-256 of the first and last 64 KiB; -1 and nothing if unreadable."""
    try:
        if not path.is_file():  # opening a pipe would wait for somebody to write
            return -1, ""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            sample = hashlib.sha256(file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            sample.update(file.read(_SAMPLE))
    except OSError:
        return -1, ""
    return size, sample.hexdigest()
