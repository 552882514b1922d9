"""Small searches on real clips, to be finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.conftest import SMALL
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate


def search_on_clips(folder: Path, videos: Path, **settings: Any) -> SearchRoot:
    """A search of which one generation ended."""
    root = SearchRoot(str(folder))
    start(root, {**SMALL, "videos": str(videos), **settings})
    data_prep(root)
    one_generation(root)
    return root


def one_generation(root: SearchRoot) -> None:
    """The next generation, whole."""
    generation = root.head() + 1
    mutate(root, generation)
    train_candidate(root, generation)
    evaluate(root, generation)
    select(root, generation)


def contents(root: SearchRoot) -> dict[str, tuple[bytes, int]]:
    """Every file of a search root but timings: its bytes, and when it was written."""
    folder = Path(root.uri)
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*") if path.is_file() and "timings" not in path.parts
    }
