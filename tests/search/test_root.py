from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.synthetic import make_search
from videonas.errors import ConflictingSearch, DamagedRecord, SettingsError, VideonasError
from videonas.search.architecture_file import read_architecture
from videonas.search.records import Attempt
from videonas.search.result import Latency, Training
from videonas.search.root import SearchRoot


@pytest.fixture
def search(tmp_path: Path) -> SearchRoot:
    """Three generations."""
    return make_search(tmp_path / "root", generations=3, population=4, children=3)


def test_a_search_is_read_back_as_it_was_written(search: SearchRoot) -> None:
    again = SearchRoot(search.uri)
    assert again.settings == search.settings
    assert again.head() == 2
    assert again.lineage().generations == search.lineage().generations


def test_an_empty_place_holds_no_search(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path))
    assert not root.exists
    assert root.head() == -1
    with pytest.raises(VideonasError, match=r"no search here; `videonas start` begins one"):
        _ = root.settings


def test_settings_not_given_are_those_of_the_search(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"population": 5, "max_macs": 100})
    again = SearchRoot(str(tmp_path)).start({})
    assert (again.population, again.max_macs) == (5, 100)


def test_run_settings_may_differ(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"max_macs": 100})
    assert SearchRoot(str(tmp_path)).start({"max_macs": 200}).max_macs == 200
    assert SearchRoot(str(tmp_path)).start({"max_macs": None}).max_macs is None
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_starting_again_alike_writes_nothing(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"max_macs": 100})
    SearchRoot(str(tmp_path)).start({"max_macs": 100})
    SearchRoot(str(tmp_path)).start({})
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_other_settings_are_another_search(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"population": 5})
    with pytest.raises(
        ConflictingSearch, match=r"population is 5 there, 6 here; leave them out to go on"
    ):
        SearchRoot(str(tmp_path)).start({"population": 6})
    assert SearchRoot(str(tmp_path)).settings.population == 5


def test_a_setting_that_is_newer_than_the_search_counts_as_its_default(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"population": 5})
    file = tmp_path / "search.json"
    plain = json.loads(file.read_text())
    del plain["settings"]["dropout"]
    file.write_text(json.dumps(plain))
    assert SearchRoot(str(tmp_path)).start({"dropout": 0.2}).dropout == 0.2
    with pytest.raises(ConflictingSearch, match=r"dropout is 0.2 there, 0.5 here"):
        SearchRoot(str(tmp_path)).start({"dropout": 0.5})


def test_nothing_is_begun_with_settings_that_are_not_allowed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        SearchRoot(str(tmp_path / "root")).start({"population": 0})
    assert not (tmp_path / "root").exists()


def test_addresses_are_where_things_lie(search: SearchRoot) -> None:
    assert list(Path(search.data_address).glob("*/dataset.json"))
    assert (Path(search.generation_address(2)) / "population.json").is_file()
    search.publish_report(2, "the report")
    assert Path(search.report_address(2)).read_text() == "the report"
    individual = search.need_candidates(0).individuals[0]
    search.publish_architecture(individual, search.need_dataset().task)
    assert read_architecture(Path(search.architecture_address(individual.id)))[1] == (
        individual.architecture
    )
    assert search.logs_folder == Path(search.uri) / "logs"


TOP = Path(__file__).parents[2]
KNOWS_PATHS = {TOP / "videonas/search/root.py", TOP / "videonas/search/result_folder.py"}
PARTS = "generations|results|runs|data|timings|logs"
PATH = re.compile(rf"^({PARTS})/(?!details/)|/({PARTS})(/|$)")
"""But for `runs/details/`, a page of Kubeflow's."""


def _texts(tree: ast.AST) -> list[str]:
    """Strings and their parts, but for docstrings; what is joined by `/` begins with it."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    joined = {id(node.right) for node in ast.walk(tree) if isinstance(node, ast.BinOp)
              and isinstance(node.op, ast.Div)}
    return [f"/{node.value}" if id(node) in joined else node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in docstrings]


@pytest.mark.parametrize("package", ["videonas", "components", "pipelines"])
def test_only_two_modules_know_the_paths(package: str) -> None:
    files = set((TOP / package).rglob("*.py")) - KNOWS_PATHS
    assert files
    found = {str(file.relative_to(TOP)): text for file in files
             for text in _texts(ast.parse(file.read_text())) if PATH.search(text)}
    assert found == {}


def _population(search: SearchRoot, generation: int) -> Path:
    return Path(search.uri) / f"generations/{generation:06d}/population.json"


def test_a_damaged_population_is_named(search: SearchRoot) -> None:
    path = _population(search, 2)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DamagedRecord, match=r"000002/population.json: not JSON"):
        SearchRoot(search.uri).population(2)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("generation",), "two", r"generation is 'two'; input should be a valid integer"),
        (("newborn", 0, "individual", "name"), "../x", r"newborn.0.individual.name is '../x'"),
        (("newborn", 0, "individual", "id"), "zz", r"newborn.0.individual.id is 'zz'"),
        (("parents", 0, "individual", "architecture", "blocks", 0, "filters"), "many",
         r"parents.0.individual.architecture.blocks.0.filters is 'many'"),
        (("parents", 0, "individual", "architecture", "blocks", 0, "colour"), "red",
         r"architecture.blocks.0.colour is not a known field"),
        (("format",), "population/99", r"its format is 'population/99', this version"),
    ],
)
def test_a_wrong_field_is_named(
    search: SearchRoot, path: tuple[str | int, ...], value: str, sentence: str
) -> None:
    file = _population(search, 2)
    plain = json.loads(file.read_text())
    place = plain
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    file.write_text(json.dumps(plain))
    with pytest.raises(DamagedRecord, match=sentence) as error:
        SearchRoot(search.uri).population(2)
    assert "000002/population.json" in str(error.value)


def test_an_unknown_field_outside_an_architecture_is_ignored(search: SearchRoot) -> None:
    file = _population(search, 2)
    plain = json.loads(file.read_text())
    plain["newborn"][0]["result"]["from_the_future"] = 1
    plain["from_the_future"] = 2
    file.write_text(json.dumps(plain))
    population = SearchRoot(search.uri).population(2)
    assert population == search.population(2)


def test_a_broken_chain_is_told(search: SearchRoot) -> None:
    file = _population(search, 1)
    file.write_text(file.read_text() + " ")
    SearchRoot(search.uri).population(1)
    for read in (lambda: SearchRoot(search.uri).population(2), SearchRoot(search.uri).lineage):
        with pytest.raises(DamagedRecord, match=r"000002/population.json: its predecessor has an"):
            read()


def test_a_missing_generation_is_told(search: SearchRoot) -> None:
    _population(search, 1).unlink()
    with pytest.raises(DamagedRecord, match=r"000001/population.json: missing"):
        SearchRoot(search.uri).lineage()


def test_a_population_holds_no_clock_time(tmp_path: Path) -> None:
    files = [
        _population(make_search(tmp_path / name, generations=2, population=3, children=2), 1)
        for name in ("one", "other")
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_first_result_counts(search: SearchRoot) -> None:
    folder = search.result_folder("a" * 12, "data")
    mine = Latency(1.0, (0.9, 1.1), 30, 1, "this")
    assert folder.publish(mine) == mine
    assert folder.publish(replace(mine, median_ms=2.0)) == mine
    assert folder.latency() == mine


def test_weights_come_and_go(search: SearchRoot, tmp_path: Path) -> None:
    folder = search.result_folder("a" * 12, "data")
    file = tmp_path / "w"
    file.write_bytes(b"weights")
    folder.publish_weights(file)
    assert folder.fetch_weights().read_bytes() == b"weights"
    folder.delete_weights()
    with pytest.raises(VideonasError, match="no such file"):
        folder.fetch_weights()


def test_ids_are_checked_before_they_become_a_path(search: SearchRoot) -> None:
    with pytest.raises(DamagedRecord, match="12 hex digits"):
        search.result_folder("../../etc", "data")


def test_attempts_are_claimed_by_one(search: SearchRoot) -> None:
    folder = search.result_folder("a" * 12, "data")
    mine = Attempt("me", "here", 1, 0.0, 10.0)
    assert folder.begin_attempt("training", 1, mine)
    assert not folder.begin_attempt("training", 1, replace(mine, owner="them"))
    assert folder.attempts("training") == {1: mine}
    assert folder.attempts("evaluation") == {}
    folder.take_back("training", 1)
    assert folder.attempts("training") == {}


def test_results_depend_on_what_they_should(search: SearchRoot, tmp_path: Path) -> None:
    identity = "a" * 12
    keys = {search.result_folder(identity, "data").key, search.result_folder(identity, "x").key,
            search.result_folder("b" * 12, "data").key}
    assert len(keys) == 3
    for name, value, same in (("train_steps", 7, False), ("seed", 7, False), ("children", 7, True),
                              ("max_macs", 7, True), ("latency_repeats", 7, False)):
        root = SearchRoot(str(tmp_path / name))
        root.start({**search.settings.model_dump(exclude={name}), name: value})
        key = root.result_folder(identity, "data").key
        assert (key == search.result_folder(identity, "data").key) is same, name


def test_a_training_record_round_trips(search: SearchRoot) -> None:
    folder = search.result_folder("c" * 12, "data")
    training = Training("ok", loss=1.5, learned={"a.b": 0.25}, seconds={"train": 1.0})
    folder.publish(training)
    assert folder.training() == training
