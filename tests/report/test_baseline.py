"""A baseline beside a search: what is compared, what is said, what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.report.test_page import checked
from tests.report.test_summary import lineage, member
from tests.synthetic import make_search
from videonas.cli import main
from videonas.errors import EXIT_STATUS, VideonasError
from videonas.report import build_report
from videonas.report.baseline import Baseline, differences, effort, open_baseline, verdict
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, make_settings


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("search"), 6, 12, 10)


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("random"), 8, 9, 7, seed=5, algorithm="random")


def opened(root: SearchRoot, other: SearchRoot) -> Baseline:
    return open_baseline(root, root.lineage(), other)


def test_a_report_shows_the_baseline_everywhere(search: SearchRoot, random: SearchRoot) -> None:
    html = build_report(search, baseline=random)
    page = checked(html)
    best = random.lineage().best(search.settings)
    assert best is not None
    assert best.individual.name in page.text("baseline")
    assert f"{best.individual.name} of the baseline" in page.text("best")
    assert f"{best.result.metrics['loss']:.3f}" in page.text("best")
    assert random.uri in page.text("baseline")
    assert "best so far of the baseline" in page.text("progress")
    for name in ("trained-top1", "trained-loss", "progress-top1", "progress-loss"):
        assert f"{name}-title" in page.ids
    assert html.count('class="line baseline"') >= 4
    assert "baseline" in page.links


def test_without_a_baseline_nothing_is_said_of_one(search: SearchRoot) -> None:
    page = checked(build_report(search))
    assert "baseline" not in page.ids
    said = " ".join(page.text(section) for section in page.sections if section != "head")
    assert "aseline" not in said


def test_a_search_that_is_like_its_baseline_has_no_second_charts(
    search: SearchRoot, tmp_path: Path
) -> None:
    twin = make_search(tmp_path, 6, 12, 10)
    page = checked(build_report(search, baseline=twin))
    assert "as good as that of the baseline" in page.text("baseline")
    assert "Both trained equally many networks" in page.text("baseline")
    assert "trained-loss-title" not in page.ids


def test_the_baseline_s_best_is_the_best_by_the_search_s_fitness(
    search: SearchRoot, tmp_path: Path
) -> None:
    other = make_search(
        tmp_path, 5, 20, 10, seed=3, classes=("clap", "jump", "run", "sit down", "turn", "wave"),
        fitness="top1+top5",
    )
    found = opened(search, other)
    able = [m for m in other.lineage().members.values() if m.result.metrics]
    assert found.best.result.metrics["loss"] == min(m.result.metrics["loss"] for m in able)
    (sentence,) = found.differences
    assert sentence == "It selected by top-1 + top-5; here both are judged by minus the loss."


def test_the_baseline_is_judged_under_the_budget_of_the_search(
    random: SearchRoot, tmp_path: Path
) -> None:
    root = make_search(tmp_path, 3, 12, 8, max_latency_ms=1.2)
    found = opened(root, random)
    assert found.best.result.latency is not None
    assert found.best.result.latency.median_ms <= 1.2
    assert random.lineage().best(root.settings) != found.best
    assert found.differences[-1] == (
        "Its budget was none; here both are judged under the budget of this search, latency up "
        "to 1.2 ms."
    )


# What is said


def history(*shares: float) -> Lineage:
    """Networks of these accuracies, in this order; the loss is what is missing to 1."""
    return lineage(*([member(f"{n:06d}-00", share)] for n, share in enumerate(shares)))


def beside(*shares: float) -> Baseline:
    theirs = history(*shares)
    best = theirs.best(Settings())
    assert best is not None
    return Baseline("runs/random", Settings(), theirs, best, ())


@pytest.mark.parametrize(
    ("ours", "theirs", "word", "compared", "after"),
    [
        ((0.2, 0.5, 0.9), (0.1, 0.1, 0.1, 0.5), "better than", "loss 0.100 against 0.500",
         "0.500 or better came after 2 of 3 trainings in this search, and after 4 of 4"),
        ((0.2, 0.5), (0.3, 0.6, 0.8), "worse than", "loss 0.500 against 0.200",
         "0.500 or better came after 2 of 2 trainings in this search, and after 2 of 3"),
        ((0.2, 0.5), (0.5, 0.1), "as good as", "loss 0.500 against 0.500",
         "0.500 or better came after 2 of 2 trainings in this search, and after 1 of 2"),
    ],
    ids=["better", "worse", "equal"],
)
def test_the_sentences_say_who_is_better_and_how_soon(
    ours: tuple[float, ...], theirs: tuple[float, ...], word: str, compared: str, after: str
) -> None:
    here, baseline = history(*ours), beside(*theirs)
    best = here.best(Settings())
    assert best is not None
    assert verdict(Settings(), best, baseline) == (
        f"The best network of this search is {word} that of the baseline: {compared}."
    )
    said = effort(here, Settings(), best, baseline)
    assert f"A loss of {after} in the baseline." in said
    assert said.endswith(f"took {3 * len(ours):.1f} s here and {3 * len(theirs):.1f} s there.")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"train_steps": 300},
         "Its networks were trained or measured otherwise: train_steps is 300 there, 150 here."),
        ({"space_options": {"filters": [8]}},
         'It searched another space: tiny_video with {"filters": [8]}, where this one has '
         "tiny_video."),
        ({"seed": 4, "algorithm": "random", "children": 3, "generations": 9}, None),
    ],
)
def test_what_differs_is_told_where_it_matters(given: dict[str, Any], said: str | None) -> None:
    found = differences(Settings(), Budget(), make_settings(given), Budget())
    assert found == ([said] if said else [])


# What is refused


def refused(root: SearchRoot, other: SearchRoot) -> str:
    with pytest.raises(VideonasError) as error:
        opened(root, other)
    return str(error.value)


def test_other_data_is_refused(search: SearchRoot, tmp_path: Path) -> None:
    other = make_search(tmp_path, 2, 4, 3, classes=("a", "b"))
    assert re.fullmatch(
        rf"{other.uri}: its data set is \w+, that of {search.uri} is \w+; a baseline has the same "
        "data set", refused(search, other),
    )


def test_the_search_itself_is_no_baseline(search: SearchRoot) -> None:
    assert "is the search itself" in refused(search, SearchRoot(search.uri))


def test_a_search_that_has_not_begun_is_no_baseline(search: SearchRoot, tmp_path: Path) -> None:
    young = make_search(tmp_path / "young", 0, 4, 4)
    assert f"{young.uri}: no generation of this search has ended" in refused(search, young)
    assert f"{young.uri}: no generation of this search has ended" in refused(young, search)
    assert "no search here" in refused(search, SearchRoot(str(tmp_path / "nothing")))


def test_a_baseline_of_which_nobody_is_inside_the_budget(
    search: SearchRoot, random: SearchRoot
) -> None:
    tight = Budget(max_parameters=1)
    narrow = Lineage([replace(g, budget=tight) for g in search.lineage().generations])
    with pytest.raises(VideonasError, match="none of its networks is ok under the budget of"):
        open_baseline(search, narrow, random)


# On the command line


def test_the_command_writes_both(search: SearchRoot, random: SearchRoot, tmp_path: Path) -> None:
    output = tmp_path / "r.html"
    said = CliRunner().invoke(
        main, ["report", search.uri, "--baseline", random.uri, "--output", str(output)]
    )
    assert said.exit_code == 0, said.output
    assert "baseline" in checked(output.read_text()).ids


def test_the_command_refuses_other_data_in_one_sentence(
    search: SearchRoot, tmp_path: Path
) -> None:
    other = make_search(tmp_path / "other", 1, 4, 3, classes=("a", "b"))
    output = tmp_path / "r.html"
    said = CliRunner().invoke(
        main, ["report", search.uri, "--baseline", other.uri, "--output", str(output)]
    )
    assert said.exit_code == EXIT_STATUS
    assert "a baseline has the same data set" in said.output
    assert len(said.output.strip().splitlines()) == 1
    assert not output.exists()
