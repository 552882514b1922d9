"""The digest that the first versions gave a folder of videos, so that their searches go on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from videonas.data.layouts.files import FIRST_SUFFIXES
from videonas.data.places import Place, videos_of, visible
from videonas.data.sources import Sources, SourceVideo, source_digest
from videonas.search.settings import Settings
from videonas.task import Clip


def first_digest(folder: Place, streams: Mapping[str, Clip], settings: Settings) -> str:
    """See `source_digest`: as long as links to folders in class folders were not followed, fewer
    endings were known, and every folder was a class.

    Args:
        folder: of class folders.
        streams: the clip that every record holds, by stream.
        settings: those that decide about the data.
    """
    names = visible(entry.name for entry in folder.iterdir() if entry.is_dir())
    videos = tuple(SourceVideo(path, ()) for name in names for path in _below(folder, name))
    return source_digest(Sources(folder, folder, "", (), videos, listed=False), streams, settings)


def _below(folder: Place, name: str) -> Iterator[str]:
    if not isinstance(folder, Path):
        yield from videos_of(folder).below(name, _is_video)
        return
    for parent, folders, files in os.walk(folder / name):
        folders[:] = visible(folders)
        for path in (Path(parent, file) for file in filter(_is_video, files)):
            if path.is_file() or path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _is_video(name: str) -> bool:
    return name.lower().endswith(FIRST_SUFFIXES) and not name.startswith(".")
