"""Who is the best of a search, everywhere that it is asked."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from tests.synthetic import make_search
from videonas.report import build_report
from videonas.running.loop import summary_line
from videonas.running.summary import print_summary
from videonas.search.budget import Budget
from videonas.search.individual import Individual
from videonas.search.lineage import Lineage
from videonas.search.population import Member, Population
from videonas.search.result import Evaluation, Latency, Result, Training
from videonas.search.settings import Settings
from videonas.spaces import Costs
from videonas.steps.select import select

SETTINGS = Settings()


def member(
    name: str, loss: float | None, latency: float = 1.0, architecture: str = ""
) -> Member[None]:
    """An individual that was evaluated, or failed where it has no loss."""
    architecture = architecture or name.replace("-", "0000")
    measured = Latency(latency, (latency, latency), 30, 1, "cpu")
    training = Training("failed" if loss is None else "ok")
    evaluation = None if loss is None else Evaluation("ok", metrics={"loss": loss})
    return Member(
        Individual(name, architecture, None, "sampled"),
        Result("0" * 12, Costs(100, 1000), measured, training, evaluation),
    )


def lineage(*generations: list[Member[None]], budgets: tuple[Budget, ...] = ()) -> Lineage:
    """A history in which nobody survives."""
    return Lineage([
        Population(number, "", "data", budgets[number] if budgets else Budget(), tuple(born), ())
        for number, born in enumerate(generations)
    ])


def test_the_best_need_not_have_survived() -> None:
    good, bad = member("000000-00", 0.1), member("000001-00", 0.5)
    assert lineage([good], [bad]).best(SETTINGS) is good


def test_the_best_until_a_generation() -> None:
    bad, good = member("000000-00", 0.5), member("000001-00", 0.1)
    history = lineage([bad], [good])
    assert history.best(SETTINGS, 0) is bad
    assert history.best(SETTINGS, 1) is history.best(SETTINGS) is good


def test_the_best_fits_the_budget_of_that_generation() -> None:
    slow, fast = member("000000-00", 0.1, latency=8.0), member("000001-00", 0.5, latency=2.0)
    assert lineage([slow], [fast]).best(SETTINGS) is slow
    narrowed = lineage([slow], [fast], budgets=(Budget(), Budget(max_latency_ms=5.0)))
    assert narrowed.best(SETTINGS, 0) is slow
    assert narrowed.best(SETTINGS) is fast


def test_of_equals_the_first_born_is_best() -> None:
    twins = [member("000000-00", 0.5), member("000000-01", 0.5)]
    assert lineage(twins).best(SETTINGS) is twins[0]


def test_the_fittest_are_different_and_able_and_in_order() -> None:
    born = [
        member("000000-00", 0.5, architecture="a" * 12), member("000000-01", None),
        member("000000-02", 0.3), member("000000-03", 0.1, latency=9.0),
        member("000000-04", 0.5, architecture="a" * 12), member("000000-05", 0.4),
    ]
    history = lineage(born, budgets=(Budget(max_latency_ms=5.0),))
    assert history.fittest(SETTINGS) == [born[2], born[5], born[0]]
    assert lineage().fittest(SETTINGS) == []


def test_where_there_is_no_best() -> None:
    assert lineage([member("000000-00", None)]).best(SETTINGS) is None
    assert lineage().best(SETTINGS) is None


def test_everybody_who_is_asked_names_the_same(tmp_path: Path) -> None:
    """Chance may let the best die, and so it does here."""
    root = make_search(tmp_path, 2, 8, 6)
    history = root.lineage()
    best = history.best(root.settings)
    assert best is not None
    last = history.generations[-1]
    survivors = tuple(m for m in last.parents if m.individual.id != best.individual.id)
    assert len(survivors) < len(last.parents)
    Path(root.generation_address(1), "population.json").unlink()
    root.publish_population(
        Population(1, last.predecessor, last.data, last.budget, last.newborn, survivors)
    )
    name = best.individual.name
    selected = select(root, 1)
    assert f"best {name}: " in summary_line(selected)
    assert selected.metadata["best"] == name
    assert f'data-individual="{name}">{name}</a>, architecture' in build_report(root)
    out = io.StringIO()
    print_summary(root, Console(file=out, width=200), ["resume"])
    assert root.architecture_address(best.individual.id) in out.getvalue()
