"""The report of a search: one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from videonas.report import formats
from videonas.report.contents import (
    ancestry_rows,
    comparison,
    facts,
    latency_sentence,
    outcome_table,
    setting_rows,
    under_way,
)
from videonas.report.diagram import diagram_svg
from videonas.report.figures import progress_figure, scatter_figure
from videonas.report.individuals import individual_rows
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
from videonas.search.root import SearchRoot

MOST_FAILURES = 60
"""Different failures that are listed; the table of individuals has all of them."""


def build_report(root: SearchRoot, lineage: Lineage | None = None) -> str:
    """A search as one HTML page: what was searched, what was found, how, and at what cost.

    The page loads nothing and works in a frame that allows scripts only. It grows by about 200
    bytes an individual.

    Args:
        root: holds a search; no generation need have ended.
        lineage: of that search, where it was read already.

    Raises:
        VideonasError: there is no search, or a record of it cannot be read.
    """
    settings, dataset = root.settings, root.dataset()
    lineage = root.lineage() if lineage is None else lineage
    ended = len(lineage.generations)
    budget = lineage.generations[-1].budget if ended else Budget.of(settings)
    script = _asset("script.js")
    context: dict[str, Any] = {
        "title": f"Search of {settings.space} networks",
        "style": _asset("style.css"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "uri": root.uri,
        "facts": facts(settings, dataset, budget),
        "under_way": under_way(root, dataset, ended),
        "extent": extent(lineage),
        "settings": setting_rows(settings),
        "steps": seconds_by_step(root.timings()),
        "best": None,
    }
    if ended:
        context |= _results(root, lineage, dataset)
    return environment().get_template("report.html").render(context)


def _results(root: SearchRoot, lineage: Lineage, dataset: Dataset | None) -> dict[str, Any]:
    """What there is to say once a generation has ended."""
    settings, kind = root.settings, root.space.kind
    best = lineage.best(settings)
    context: dict[str, Any] = {
        "progress": progress_figure(lineage, settings),
        "scatter": scatter_figure(lineage, settings, best),
        "outcomes": outcome_table(outcome_counts(lineage)),
        "failures": failures(lineage),
        "most_failures": MOST_FAILURES,
        "spent": seconds_spent(lineage),
        "individuals": individual_rows(lineage, settings, kind),
    }
    if best is not None:
        first = lineage.best(settings, 0)
        context |= {
            "best": best.individual,
            "first": first.individual if first else None,
            "top1": formats.percent(best.result.metrics.get("top1")),
            "comparison": comparison(best, first),
            "latency_sentence": latency_sentence(best.result.latency),
            "ancestry": ancestry_rows(lineage, best.individual.name, settings, kind),
            **_network(root, best, dataset),
        }
    return context


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


def _asset(name: str) -> Markup:
    """A file that goes into the page as it is."""
    folder = resources.files("videonas.report") / "templates"
    return Markup((folder / name).read_text(encoding="utf-8"))
