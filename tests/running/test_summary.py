"""What a run prints at its end, read as a person reads it."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from tests.synthetic import make_search
from videonas.evolution import front
from videonas.running.summary import print_summary
from videonas.search.population import Member
from videonas.search.root import SearchRoot


def printed(root: SearchRoot, width: int = 200) -> str:
    """The summary of a search on a terminal of some width."""
    out = io.StringIO()
    print_summary(root, Console(file=out, width=width), ["resume", "--search-root", root.uri])
    return out.getvalue()


def table(text: str) -> dict[str, list[str]]:
    """The cells beside each word of the table's first column."""
    rows = [line for line in text.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]
    return {first: rest for first, *rest in cells}


def lines(text: str) -> dict[str, str]:
    """What stands behind the first word of each line below the table."""
    below = text[text.rindex("┘") + 1 :].strip().splitlines()
    return {line.split()[0]: line.partition(" ")[2].strip() for line in below}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Four generations in which mutation found something better."""
    return make_search(tmp_path_factory.mktemp("search"), 4, 6, 6, seed=1)


def cells(member: Member[object]) -> dict[str, str]:
    """What a member's column has to say."""
    result = member.result
    assert result.latency is not None
    return {
        "individual": member.individual.name,
        "architecture": member.individual.id,
        "top-1 accuracy": f"{result.metrics['top1']:.3f}",
        "loss": f"{result.metrics['loss']:.3f}",
        "parameters": f"{result.costs.parameters:,}",
        "multiply-adds": f"{result.costs.macs:,}",
        "latency": f"{result.latency.median_ms:.2f} ms",
    }


def test_the_best_stands_beside_the_best_of_the_first_generation(root: SearchRoot) -> None:
    lineage = root.lineage()
    first, best = lineage.best(root.settings, 0), lineage.best(root.settings)
    assert first is not None
    assert best is not None
    assert first != best
    before, now = cells(first), cells(best)
    assert table(printed(root)) == {name: [before[name], now[name]] for name in before}


def test_it_says_how_the_best_came_about_and_what_its_accuracy_is_worth(root: SearchRoot) -> None:
    lineage = root.lineage()
    best = lineage.best(root.settings)
    assert best is not None
    ancestry = lineage.ancestry(best.individual.name)
    edits = [edit for member in ancestry for edit in member.individual.edits]
    assert len(ancestry) > 2, "more than one birth lies between"
    said = lines(printed(root))[best.individual.name]
    assert said.startswith(f"is {len(edits)} edits from {ancestry[-1].individual.name}, which was")
    assert said.endswith("accuracy is on the validation split, which selection saw.")


def test_the_addresses_are_those_of_the_search(root: SearchRoot) -> None:
    best = root.lineage().best(root.settings)
    assert best is not None
    said = lines(printed(root))
    assert said["network"] == (
        f"{root.architecture_address(best.individual.id)}  (videonas show ROOT)"
    )
    assert said["report"] == root.report_address(3)
    assert said["everything"] == root.uri


def test_the_command_to_go_on_can_be_pasted(root: SearchRoot) -> None:
    command = lines(printed(root))["go"].removeprefix("on").strip()
    assert shlex.split(command) == ["resume", "--search-root", root.uri]


@pytest.mark.parametrize("width", [40, 80, 300])
def test_no_address_is_broken_however_narrow_the_terminal_is(root: SearchRoot, width: int) -> None:
    said = lines(printed(root, width))
    assert said["report"] == root.report_address(3)
    assert said["everything"] == root.uri


def test_without_a_terminal_there_is_nothing_but_text(root: SearchRoot) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", printed(root))


def test_a_best_that_was_sampled_is_said_so_and_stands_beside_itself(tmp_path: Path) -> None:
    root = make_search(tmp_path, 1, 4, 2, troubles={})
    text = printed(root)
    best = root.lineage().best(root.settings)
    assert best is not None
    assert lines(text)[best.individual.name].startswith("was sampled; ")
    assert all(before == now for before, now in table(text).values())


def test_latency_that_was_not_measured_is_left_open(tmp_path: Path) -> None:
    text = printed(make_search(tmp_path, 2, 4, 2, latency=False, troubles={}))
    assert table(text)["latency"] == ["-", "-"]


def test_it_counts_the_networks_that_were_trained(tmp_path: Path) -> None:
    """Not those that were too large to be."""
    free = make_search(tmp_path / "free", 1, 8, 2, troubles={})
    sizes = sorted(m.result.costs.parameters for m in free.lineage().members.values())
    root = make_search(tmp_path / "tight", 1, 8, 2, troubles={}, max_parameters=sizes[4])
    assert "after 8 trained networks" in printed(free)
    assert "after 5 trained networks" in printed(root)


def test_where_nothing_was_trained_nothing_is_found(tmp_path: Path) -> None:
    assert printed(make_search(tmp_path, 2, 4, 2, troubles={"failed": 1.0})) == ""


def test_the_best_fits_the_budget_of_now(tmp_path: Path) -> None:
    """A limit that a later run set counts for what it found before."""
    root = make_search(tmp_path, 2, 8, 6, troubles={}, max_latency_ms=2.0)
    shown = [float(cell.removesuffix(" ms")) for cell in table(printed(root))["latency"]]
    assert max(shown) <= 2.0
    slower = [m for m in root.lineage().members.values()
              if m.result.latency and m.result.latency.median_ms > 2.0]
    assert slower, "the limit binds"


@pytest.mark.parametrize("name", ["a [draft] b", "x[/draft]y", "with space"])
def test_a_root_of_any_name_is_printed_as_it_is(tmp_path: Path, name: str) -> None:
    root = make_search(tmp_path / name, 2, 4, 4, seed=1)
    said = lines(printed(root))
    assert said["everything"] == root.uri
    assert shlex.split(said["go"])[-1] == root.uri


def test_several_objectives_give_their_front(tmp_path: Path) -> None:
    root = make_search(tmp_path, 3, 8, 6, seed=1, algorithm="nsga2", objectives="top1, latency")
    text = printed(root)
    found = front(root.lineage(), root.settings)
    assert f"the front of top1, latency: {len(found)} networks" in text
    below = text[text.index("the front of") :].splitlines()
    names = [line.split("│")[1].strip() for line in below if line.startswith("│")]
    assert names == [m.individual.name for m in found]


def test_a_long_front_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_search(tmp_path, 3, 8, 6, seed=1, algorithm="nsga2", objectives="top1, latency")
    found = front(root.lineage(), root.settings)
    monkeypatch.setattr("videonas.running.summary.MOST_OF_THE_FRONT", len(found) - 1)
    text = " ".join(printed(root).split())
    assert f"{len(found)} networks, {len(found) - 1} of them here" in text
    assert text.count(found[-1].individual.name) < text.count(found[0].individual.name)
