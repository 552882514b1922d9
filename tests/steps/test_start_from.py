"""A search that begins with given networks, step by step on real clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from videonas.errors import VideonasError
from videonas.search.architecture_file import read_architecture
from videonas.search.root import SearchRoot
from videonas.search.start_from import UnfitStart, plain_start
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate

NewRoot = Callable[..., SearchRoot]

NET = TinyVideoArchitecture(12, 4, 2, (Block("depthwise", 3, 2, filters=8, skip=True),))
WIDE = TinyVideoArchitecture(224, 2, 1, (Block(filters=4), Block("maxpool", 3, 2, filters=8)))
STARTS = [plain_start(NET), plain_start(WIDE)]


def test_given_networks_are_trained_and_have_children(new_root: NewRoot) -> None:
    root = new_root(start_from=STARTS, shrink_start_from=True, population=2, children=3)
    for generation in range(2):
        mutate(root, generation)
        train_candidate(root, generation)
        evaluate(root, generation)
        select(root, generation)
    lineage = SearchRoot(root.uri).lineage()
    first, second = lineage.generations
    assert [m.individual.origin for m in first.newborn] == ["given", "given"]
    assert first.newborn[0].individual.architecture == NET
    assert [first.outcome_of(m) for m in first.newborn] == ["ok", "ok"]
    for member in second.newborn:
        line = lineage.ancestry(member.individual.name)
        assert line[-1].individual.origin == "given"
        assert member.individual.edits
    file = Path(root.architecture_address(first.newborn[1].individual.id))
    _, shrunk, _ = read_architecture(file)
    assert shrunk == replace(WIDE, image_size=12)
    assert "given" in Path(root.report_address(1)).read_text()


def test_a_repeated_step_gives_the_same_networks(new_root: NewRoot) -> None:
    root = new_root(start_from=STARTS, shrink_start_from=True)
    once = mutate(root, 0)
    assert mutate(SearchRoot(root.uri), 0) == once
    born = root.need_candidates(0).individuals
    assert [individual.origin for individual in born] == ["given", "given", "sampled"]
    alone = new_root("alone")
    mutate(alone, 0)
    assert alone.need_candidates(0).individuals[2] == born[2], "the others are drawn as ever"


def test_the_search_root_needs_no_other_file(new_root: NewRoot) -> None:
    root = new_root(start_from=STARTS[:1])
    record = json.loads((Path(root.uri) / "search.json").read_text())
    assert record["settings"]["start_from"] == STARTS[:1]


def test_one_that_can_never_be_inside_the_budget_leaves_nothing_behind(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path / "root"))
    given = {"start_from": [plain_start(NET), plain_start(PRESETS["mobile2"])],
             "shrink_start_from": True, "videos": str(tmp_path)}
    with pytest.raises(UnfitStart, match=r"start_from.1: .* parameters; allowed: 100,000; raise"):
        start(root, {**given, "max_parameters": 100_000})
    assert not (tmp_path / "root").exists()
    start(root, given)


def test_a_budget_that_was_lowered_before_the_first_generation(new_root: NewRoot) -> None:
    root = new_root(start_from=STARTS, shrink_start_from=True)
    start(SearchRoot(root.uri), {"max_macs": 1000})
    with pytest.raises(VideonasError, match=r"start_from.0: .* multiply-adds; allowed: 1,000"):
        mutate(SearchRoot(root.uri), 0)
    assert root.candidates(0) is None
    start(SearchRoot(root.uri), {"max_macs": None})
    assert mutate(SearchRoot(root.uri), 0).born == 3
