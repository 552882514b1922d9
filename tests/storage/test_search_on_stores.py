"""A search is the same wherever its root lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.storage.faulty_proxy import Fault, Proxy, Request, draw
from tests.storage.places import KINDS, REMOTE, Place, new_place, server
from tests.synthetic import make_search
from videonas.cli import main
from videonas.errors import StorageError
from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate
from videonas.steps.start import start

GENERATIONS = 3
Content = dict[str, bytes]


def content(uri: str) -> Content:
    """All that a search keeps but how long it took, of which the files have drawn names."""
    store = SearchRoot(uri).records.store
    keys = [key for key in store.keys("") if not key.startswith("timings/")]
    return {key: store.read(key) or b"" for key in keys}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What the search keeps on a local path."""
    folder = tmp_path_factory.mktemp("expected") / "root"
    make_search(folder, GENERATIONS, population=4, children=3)
    return content(str(folder))


@pytest.fixture
def calm() -> Iterator[None]:
    """Servers that hand all on, before and after."""
    for kind in REMOTE:
        server(kind).calm()
    yield
    for kind in REMOTE:
        server(kind).calm()


def test_a_search_has_the_same_history_everywhere(
    place: Place, expected: Content, tmp_path: Path
) -> None:
    made = make_search(place.uri, GENERATIONS, population=4, children=3)
    found = content(place.uri)
    assert found.keys() == expected.keys()
    assert found == expected
    again = SearchRoot(place.uri)
    assert again.lineage() == made.lineage()
    assert len(again.lineage().generations) == GENERATIONS
    assert len(list(again.timings())) == len(list(made.timings())) > 0
    for path, shard in again.shards(again.need_dataset(), "train"):
        shard.check(path)


def test_a_network_that_fails_now_and_then_leaves_no_trace(
    remote: Place, proxy: Proxy, expected: Content
) -> None:
    faults = (
        Fault("answer", 429), Fault("answer", 503), Fault("cut request"), Fault("lose answer"),
        Fault("cut answer", after=1),
    )
    met: list[float] = []

    def every_fifth(request: Request) -> Fault | None:
        met.append(draw(3, len(met)))
        return faults[len(met) % len(faults)] if met[-1] < 0.2 else None

    proxy.choose(every_fifth)
    make_search(remote.uri, GENERATIONS, population=4, children=3)
    proxy.calm()
    assert sum(number < 0.2 for number in met) > 5
    assert content(remote.uri) == expected


def test_steps_begin_a_search_and_draw_the_same_networks(place: Place) -> None:
    root = SearchRoot(place.uri)
    assert start(root, {"videos": "/videos", "population": 3, "children": 3}).first == 0
    assert "probe" not in "".join(root.records.store.keys(""))
    make_search(place.uri, 0, 3, 3)
    first = mutate(SearchRoot(place.uri), 0)
    assert mutate(SearchRoot(place.uri), 0) == first
    names = [i.name for i in SearchRoot(place.uri).need_candidates(0).individuals]
    assert names == ["000000-00", "000000-01", "000000-02"]


def test_a_store_without_create_only_writes_is_refused_before_anything_is_written(
    remote: Place, proxy: Proxy
) -> None:
    proxy.choose(lambda request: Fault("unconditional"))
    with pytest.raises(StorageError, match=f"^{remote.uri}: this store lets a later write"):
        start(SearchRoot(remote.uri), {"videos": "/videos"})
    proxy.calm()
    assert list(remote.open().keys("")) == []


@pytest.mark.parametrize(
    "command",
    [["lineage", "ROOT", "--json"], ["show", "ROOT:000000-00"], ["lineage", "ROOT", "000002-01"],
     ["report", "ROOT", "--output", "OUTPUT"]],
    ids=" ".join,
)
def test_commands_take_a_uri(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: None
) -> None:
    """What they say is the same but for the root, which is short enough to be cut nowhere."""
    monkeypatch.setenv("COLUMNS", "500")
    output, said = tmp_path / "report.html", []
    for kind in KINDS:
        place = new_place(kind, tmp_path)
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        make_search(place.uri, GENERATIONS, population=4, children=3)
        words = [w.replace("ROOT", place.uri).replace("OUTPUT", str(output)) for w in command]
        answer = CliRunner().invoke(main, words, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        said.append(answer.stdout.replace(place.uri, "ROOT").split())
    assert said[1] == said[0]
    assert said[2] == said[0]


def test_logs_of_a_run_lie_on_this_machine(place: Place, tmp_path: Path) -> None:
    folder = SearchRoot(place.uri).logs_folder
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    (folder / "log").write_text("here")
    if place.kind != "local":
        assert list(SearchRoot(place.uri).records.store.keys("")) == []
