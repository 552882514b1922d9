"""Videos with the same bytes: told by their fingerprints, and said where that matters."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from videonas.data.places import GONE, Fingerprint, videos_of
from videonas.data.sources import Sources, SourceVideo

log = logging.getLogger(__name__)


def copies_in(sources: Sources, prints: Mapping[str, Fingerprint]) -> dict[str, str]:
    """The videos that are copies of another one: the path of each, and of the first of its kind.

    Videos with one fingerprint are read whole where it does not cover all their bytes; no others.

    Args:
        sources: the videos.
        prints: their fingerprints.
    """
    alike: dict[Fingerprint, list[str]] = {}
    for video in sources.videos:
        if prints[video.path] != GONE and prints[video.path][0] > 0:
            alike.setdefault(prints[video.path], []).append(video.path)
    videos = videos_of(sources.folder)
    copies: dict[str, str] = {}
    for paths in alike.values():
        if len(paths) > 1:
            firsts: dict[str, str] = {}
            for path in sorted(paths):
                first = firsts.setdefault(videos.checksum(path, prints[path]), path)
                if first != path:
                    copies[path] = first
    return copies


def warn_of_copies(
    copies: Mapping[str, str], splits: Mapping[str, Sequence[SourceVideo]]
) -> None:
    """Says how many videos are copies, and how many of those have another label or split.

    Args:
        copies: see `copies_in`.
        splits: the videos by split.
    """
    if not copies:
        return
    kinds = {
        video.path: (video.labels, name) for name, part in splits.items() for video in part
    }
    pairs = sorted(copies.items())
    labels = [pair for pair in pairs if kinds[pair[0]][0] != kinds[pair[1]][0]]
    parts = [pair for pair in pairs if kinds[pair[0]][1] != kinds[pair[1]][1]]
    total = len(kinds)
    if not labels and not parts:
        log.info("%d of %d videos are byte-equal copies of others, each in one split with them",
                 len(pairs), total)
        return
    log.warning(
        "%d of %d videos are byte-equal copies of others%s%s", len(pairs), total,
        _told(labels, "under another label"), _told(parts, "in another split"),
    )


def _told(pairs: Sequence[tuple[str, str]], how: str) -> str:
    if not pairs:
        return ""
    return f"; {len(pairs)} {how}, such as {pairs[0][0]} and {pairs[0][1]}"


def together(keys: Mapping[str, str], copies: Mapping[str, str]) -> dict[str, str]:
    """What stays together, by path: videos of one key, and copies.

    Args:
        keys: of each video; those with one key stay together.
        copies: see `copies_in`; of other videos too.

    Returns:
        the smallest key of all that stay together.
    """
    smaller: dict[str, str] = {}

    def smallest(key: str) -> str:
        while key in smaller:
            key = smaller[key]
        return key

    by_first: dict[str, str] = {}
    for path, key in keys.items():
        first = by_first.setdefault(copies.get(path, path), key)
        low, high = sorted((smallest(first), smallest(key)))
        if low != high:
            smaller[high] = low
    return {path: smallest(key) for path, key in keys.items()}
