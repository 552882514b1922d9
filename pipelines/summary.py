"""What a run found, for a terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from videonas.search.population import Member
from videonas.search.root import SearchRoot


def print_summary(root: SearchRoot, console: Console) -> None:
    """Prints the best network beside the best of the first generation, and how to go on.

    Args:
        root: of a search of which a generation ended.
        console: to print on.
    """
    lineage, settings = root.lineage(), root.settings
    first, best = lineage.best(settings, 0), lineage.best(settings)
    if first is None or best is None:
        return
    results = [m.result for m in lineage.members.values()]
    trained = len({r.key for r in results if r.training and r.training.outcome == "ok"})
    console.print(_table(first, best, trained))
    ancestry = lineage.ancestry(best.individual.name)
    edits = sum(len(member.individual.edits) for member in ancestry)
    head = len(lineage.generations) - 1
    go_on = shlex.join(
        [sys.executable, "-m", "pipelines", "run", settings.space, "--search-root", root.uri]
    )
    origin = ancestry[-1].individual.name
    away = "1 edit" if edits == 1 else f"{edits} edits"
    born = f"is {away} from {origin}, which was sampled" if edits else "was sampled"
    for line in (
        f"{best.individual.name} {born}; "
        "accuracy is on the validation split, which selection saw.",
        f"network    {root.architecture_address(best.individual.id)}  (videonas show FILE)",
        f"report     {root.report_address(head)}",
        f"everything {root.uri}",
        f"go on      {go_on}",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _table(first: Member[Any], best: Member[Any], trained: int) -> Table:
    table = Table(title=f"after {trained} trained networks")
    for heading in ("", "best of the first generation", "best"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows: dict[str, Callable[[Member[Any]], str]] = {
        "individual": lambda m: m.individual.name,
        "architecture": lambda m: m.individual.id,
        "top-1 accuracy": lambda m: f"{m.result.metrics['top1']:.3f}",
        "loss": lambda m: f"{m.result.metrics['loss']:.3f}",
        "parameters": lambda m: f"{m.result.costs.parameters:,}",
        "multiply-adds": lambda m: f"{m.result.costs.macs:,}",
        "latency": lambda m: f"{m.result.latency.median_ms:.2f} ms" if m.result.latency else "-",
    }
    for name, value in rows.items():
        table.add_row(name, value(first), value(best))
    return table
