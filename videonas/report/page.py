"""The report of a search: one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from videonas.evolution import front
from videonas.memory import collection_paused
from videonas.report import bill, formats
from videonas.report.assets import assets
from videonas.report.baseline import Baseline, effort, open_baseline, verdict
from videonas.report.comparison import comparison, latency_sentence
from videonas.report.contents import (
    ancestry_rows,
    facts,
    outcome_table,
    setting_rows,
    turns,
    under_way,
)
from videonas.report.diagram import diagram_svg
from videonas.report.figures import progress_figure, progress_numbers, trained_figure
from videonas.report.fronts import front_table, scatter_figure
from videonas.report.individuals import individual_rows
from videonas.report.quantities import headline, metrics_of
from videonas.report.summary import (
    extent,
    failures,
    outcome_counts,
    seconds_by_step,
    seconds_spent,
)
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.records import Timing
from videonas.search.root import SearchRoot

MOST_FAILURES = 60
"""Different failures that are listed; the table of individuals has all of them."""

MOST_LINES = 20
"""Lines of descent that are listed one by one."""

SCRIPTS = ("layout.js", "drawing.js", "script.js")
"""Parts of the page's script, each using those before it."""


@collection_paused()
def build_report(
    root: SearchRoot, lineage: Lineage | None = None, baseline: SearchRoot | None = None
) -> str:
    """A search as one HTML page: what was searched, what was found, how, and at what cost.

    The page loads nothing and works in a frame that allows scripts only. It grows by about 100
    bytes an individual, and as many again where its architecture is new.

    Args:
        root: holds a search; no generation need have ended.
        lineage: of that search, where it was read already.
        baseline: another search on the same data, which is drawn beside it.

    Raises:
        VideonasError: there is no search, a record of it cannot be read, or the baseline is none,
            see `open_baseline`.
    """
    lineage = root.lineage() if lineage is None else lineage
    settings, dataset = root.settings, root.dataset(lineage.data)
    beside = open_baseline(root, lineage, baseline) if baseline else None
    ended = len(lineage.generations)
    budget = lineage.generations[-1].budget if ended else Budget.of(settings)
    script, timings = assets(*SCRIPTS), list(root.timings())
    context: dict[str, Any] = {
        "title": f"Search of {settings.space} networks",
        "style": assets("colours.css", "picture.css", "style.css"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "uri": root.uri,
        "facts": [*facts(settings, dataset, budget), *turns(lineage, settings)],
        "under_way": under_way(root, ended),
        "extent": extent(lineage),
        "settings": setting_rows(settings),
        "steps": seconds_by_step(timings),
        "best": None,
        "baseline": beside,
    }
    if ended:
        context |= _results(root, lineage, dataset, beside) | _bill(root, lineage, timings)
    return environment().get_template("report.html").render(context)


def _results(
    root: SearchRoot, lineage: Lineage, dataset: Dataset | None, beside: Baseline | None
) -> dict[str, Any]:
    """What there is to say once a generation has ended."""
    settings, best = root.settings, lineage.best(root.settings)
    task, on_front = dataset.task if dataset else None, front(lineage, settings)
    context: dict[str, Any] = {
        "progress": progress_figure(lineage, settings, beside.lineage if beside else None),
        "numbers": progress_numbers(lineage, settings),
        "scatter": scatter_figure(lineage, settings, best, on_front),
        "front": front_table(lineage, settings, on_front),
        "outcomes": outcome_table(outcome_counts(lineage)),
        "failures": failures(lineage),
        "most_failures": MOST_FAILURES,
        "individuals": individual_rows(lineage, settings, root.space, task),
        "metric": headline(metrics_of(lineage)),
        "latency_measured": any(m.result.latency for m in lineage.members.values()),
    }
    if best is not None:
        context |= _best(root, lineage, dataset, best, beside)
    return context


def _best(
    root: SearchRoot, lineage: Lineage, dataset: Dataset | None, best: Member[Any],
    beside: Baseline | None,
) -> dict[str, Any]:
    """The best network: in numbers beside others, how it came about, and drawn."""
    settings, metrics = root.settings, metrics_of(lineage)
    began = lineage.counts_from()
    metric, first = headline(metrics), lineage.best(settings, began)
    others, generation = {}, f"generation {began}" if began else "first generation"
    if first and first.individual.name != best.individual.name:
        others[generation[0].upper() + generation[1:]] = first
    if beside:
        others["Baseline"] = beside.best
    context: dict[str, Any] = {
        "best": best.individual,
        "first": first.individual if first else None,
        "began": began,
        "first_generation": generation if began else f"the {generation}",
        "headline": metric.text(metric.value(best)),
        "columns": list(others),
        "comparison": comparison(best, list(others.values()), metrics),
        "latency_sentence": latency_sentence(best.result.latency),
        "ancestry": ancestry_rows(
            lineage, best.individual.name, settings, root.space.kind, metric
        ),
        **_network(root, best, dataset),
    }
    if beside:
        context |= {
            "verdict": verdict(settings, best, beside),
            "effort": effort(lineage, settings, best, beside),
            "trained": trained_figure(lineage, settings, beside.lineage),
        }
    return context


def _bill(root: SearchRoot, lineage: Lineage, timings: list[Timing]) -> dict[str, Any]:
    """What the search cost, and what for."""
    settings, charged = root.settings, bill.charges(lineage)
    best = lineage.best(settings)
    line = lineage.ancestry(best.individual.name) if best else []
    keys = {member.result.key: bill.seconds_of(member.result) for member in line}
    return {
        "spent": seconds_spent(charged),
        "generations": bill.seconds_by_generation(lineage, charged, timings),
        "by_outcome": bill.seconds_by_outcome(charged),
        "stopped": bill.stopped_early(charged, settings),
        "lines": bill.lines(lineage, charged, settings),
        "most_lines": MOST_LINES,
        "on_the_way": sum(keys.values()),
    }


def _network(root: SearchRoot, best: Member[Any], dataset: Dataset | None) -> dict[str, Any]:
    """The best network as a picture and a table; what its sizes are depends on the task."""
    if dataset is None:
        return {"diagram": None, "table": []}
    architecture, training = best.individual.architecture, best.result.training
    learned = training.learned if training else {}
    diagram = root.space.diagram(architecture, dataset.task, learned)
    return {
        "diagram": Markup(diagram_svg(diagram)),
        "table": root.space.table(architecture, dataset.task),
    }


@cache
def environment() -> Environment:
    """The templates: everything that is not markup already is escaped."""
    made = Environment(
        loader=PackageLoader("videonas.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    made.filters |= {
        name: getattr(formats, name)
        for name in (
            "percent", "decimal", "signed", "duration", "quantity", "milliseconds", "plural",
            "names", "shortened",
        )
    }
    made.filters["breakable"] = _breakable
    return made


def _breakable(path: str) -> Markup:
    """A path in an architecture that may be broken after its points and underscores."""
    here = Markup("<wbr>")
    return escape(path).replace("_", "_" + here).replace(".", "." + here)
