"""Reading a long search: the same as reading each generation by itself, faults included."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.codec import digest
from videonas.errors import DamagedRecord
from videonas.memory import collection_paused
from videonas.search.population import Population
from videonas.search.root import SearchRoot


@pytest.fixture
def root(tmp_path: Path) -> SearchRoot:
    return make_search(tmp_path / "root", 8, 6, 5, seed=3)


def path_of(root: SearchRoot, generation: int) -> Path:
    return Path(root.uri, f"generations/{generation:06d}/population.json")


def rewrite(root: SearchRoot, generation: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a population, and those after it only as far as the chain of digests asks."""
    plain = json.loads(path_of(root, generation).read_text())
    change(plain)
    path_of(root, generation).write_text(json.dumps(plain, indent=1) + "\n")
    for later in range(generation + 1, root.head() + 1):
        plain = json.loads(path_of(root, later).read_text())
        plain["predecessor"] = digest(path_of(root, later - 1).read_bytes())
        path_of(root, later).write_text(json.dumps(plain, indent=1) + "\n")


def read_one_by_one(root: SearchRoot) -> tuple[Population[Any], ...]:
    found = [root.population(generation) for generation in range(root.head() + 1)]
    return tuple(population for population in found if population is not None)


def test_the_history_is_that_of_its_generations(root: SearchRoot) -> None:
    assert tuple(root.lineage().generations) == read_one_by_one(root)


def test_who_lives_on_is_one_object(root: SearchRoot) -> None:
    parents = [parent for ended in root.lineage().generations for parent in ended.parents]
    names = {parent.individual.name for parent in parents}
    assert len(names) < len(parents), "somebody lives on"
    assert len({id(parent) for parent in parents}) == len(names)


def test_a_parent_that_is_written_otherwise_than_before_is_read_as_it_stands(
    root: SearchRoot,
) -> None:
    """As where survivors were evaluated anew; from there on that is how they are known."""

    def change(plain: dict[str, Any]) -> None:
        plain["parents"][0]["result"]["evaluation"]["metrics"]["loss"] = 0.125

    rewrite(root, 4, change)
    lineage = root.lineage()
    assert lineage.generations[4].parents[0].result.metrics["loss"] == 0.125
    assert tuple(lineage.generations) == read_one_by_one(root)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p["parents"][0]["result"].update(key=7), r"parents\.0\.result\.key is 7"),
        (lambda p: p["parents"][0]["individual"].update(name=["a"]), r"individual\.name is"),
        (lambda p: p["parents"][0].pop("individual"), r"parents\.0\.individual is missing"),
        (lambda p: p["parents"].__setitem__(0, "nobody"), r"parents\.0 is 'nobody'"),
        (lambda p: p.update(parents={}), "parents is"),
        (lambda p: p.update(newborn=None), "newborn is None"),
        (lambda p: p.pop("newborn"), "newborn is missing"),
        (lambda p: p.update(format="population/99"), "its format is 'population/99'"),
    ],
)
def test_a_damaged_generation_is_named_with_its_field(
    root: SearchRoot, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    rewrite(root, 5, change)
    with pytest.raises(DamagedRecord, match=rf"000005/population\.json: .*{told}"):
        root.lineage()
    with pytest.raises(DamagedRecord, match=told):
        root.population(5)


def test_a_generation_that_was_changed_breaks_the_chain(root: SearchRoot) -> None:
    path_of(root, 3).write_text(path_of(root, 3).read_text() + " ")
    with pytest.raises(DamagedRecord, match=r"000004/.*: its predecessor has another"):
        root.lineage()


def test_an_unknown_field_of_a_parent_is_dropped_with_a_warning(
    root: SearchRoot, caplog: pytest.LogCaptureFixture
) -> None:
    before = read_one_by_one(root)

    def change(plain: dict[str, Any]) -> None:
        for member in (*plain["newborn"], *plain["parents"]):
            member["mood"] = "good"

    rewrite(root, 4, change)
    lineage = root.lineage()
    assert "unknown field parents.0.mood" in caplog.text
    assert [g.parents for g in lineage.generations] == [g.parents for g in before]


def test_garbage_collection_goes_on_after_a_pause_and_stays_off_where_it_was() -> None:
    assert gc.isenabled()
    with collection_paused(), collection_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collection_paused():
        raise ZeroDivisionError
    assert gc.isenabled()
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
