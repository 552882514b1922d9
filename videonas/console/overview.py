"""All searches below a place: how far each is, what it found, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from videonas.console.screen import printed, printed_json, table
from videonas.errors import VideonasError
from videonas.report import formats
from videonas.report.bill import charges
from videonas.report.quantities import QUANTITIES, headline, metrics_of
from videonas.search.goal import goal_met
from videonas.search.lineage import Lineage
from videonas.search.root import SEARCH, SearchRoot
from videonas.storage import Store, in_parallel, open_store

HERE = "."
"""The path of a search whose root is the place itself."""


@dataclass(frozen=True)
class Best:
    """The best network of a search.

    Attributes:
        name: of the individual.
        metric: what people look at first, see `headline`.
        value: of the metric.
    """

    name: str
    metric: str
    value: float | None


@dataclass(frozen=True)
class Overview:
    """What is known of a search at a glance.

    Attributes:
        space: search space.
        algorithm: of the evolution.
        generations: that ended.
        trained: different networks whose training began, in these generations.
        best: None where nobody is `ok`.
        last_change: end of the step that ended last, in seconds since 1970; None before the first.
        seconds: of all steps, added up: what the machines were held for.
        goal: why the goal is met, in a sentence; empty where the search goes on.
    """

    space: str
    algorithm: str
    generations: int
    trained: int
    best: Best | None
    last_change: float | None
    seconds: float
    goal: str


@dataclass(frozen=True)
class Found:
    """A search root below a place.

    Attributes:
        search: its path, relative to the place.
        search_root: its URI.
        overview: None where it cannot be read.
        problem: why it cannot, in a sentence; empty where it can.
    """

    search: str
    search_root: str
    overview: Overview | None = None
    problem: str = ""


def print_overview(place: str, *, as_json: bool = False) -> None:
    """Prints every search below a place, in the order of their paths.

    Args:
        place: path or URI.
        as_json: as a program reads it: `place`, and `searches`, each with the fields of `Found`.

    Raises:
        VideonasError: the place cannot be listed, or there is no search in it.
    """
    store = open_store(place)
    found = find_searches(store)
    if not found:
        raise VideonasError(
            f"{store.uri}: no search here, nor in a folder below; a search root holds {SEARCH}"
        )
    if as_json:
        searches = [asdict(each) for each in found]
        printed_json({"place": store.uri, "searches": searches})
        return
    readable = [(each.search, each.overview) for each in found if each.overview]
    if readable:
        headings = ("search", "evolution", "progress", "best", "last change", "time")
        rows = [_row(*each) for each in readable]
        printed(table(headings, rows, right=[5], whole=range(1, len(headings))))
    if damaged := [(each.search, each.problem) for each in found if each.problem]:
        printed("cannot be read", table(("search", "why"), damaged, whole=[0]))


def find_searches(store: Store) -> list[Found]:
    """Every search at the top of a store and below, by path; those in a search are not looked for.

    Folders are listed level by level, so that what lies in a search root is not.
    """
    found: list[Found] = []
    roots: list[SearchRoot] = []
    level = [""]
    while level:
        listed = in_parallel(lambda f: _children(store, f), level, store.requests_at_once)
        deeper: list[str] = []
        for folder, children in zip(level, listed, strict=True):
            if isinstance(children, VideonasError):
                found.append(_damaged(store, folder, children))
            elif SEARCH in children:
                # one after the other: clients are not made in parallel
                roots.append(SearchRoot(_address(store, folder)))
            else:
                deeper += [f"{folder}{name}" for name in children if name.endswith("/")]
        level = deeper
    found += in_parallel(lambda root: _look_at(store, root), roots, store.requests_at_once)
    return sorted(found, key=lambda each: each.search)


def _children(store: Store, folder: str) -> list[str] | VideonasError:
    """What is in a folder, or why that cannot be seen; at the top that is an error."""
    try:
        return store.children(folder)
    except VideonasError as error:
        if not folder:
            raise
        return error


def _address(store: Store, folder: str) -> str:
    return f"{store.uri}/{folder}".rstrip("/")


def _damaged(store: Store, folder: str, error: VideonasError) -> Found:
    return Found(folder.rstrip("/"), _address(store, folder), problem=str(error))


def _look_at(store: Store, root: SearchRoot) -> Found:
    path = root.uri.removeprefix(store.uri).strip("/") or HERE
    try:
        return Found(path, root.uri, overview_of(root))
    except VideonasError as error:
        return Found(path, root.uri, problem=str(error))


def overview_of(root: SearchRoot) -> Overview:
    """What is known of a search at a glance.

    Raises:
        VideonasError: a record of it cannot be read.
    """
    settings, lineage, timings = root.settings, root.lineage(), list(root.timings())
    trained = [each for each in charges(lineage) if each.member.result.training is not None]
    return Overview(
        space=settings.space,
        algorithm=settings.algorithm,
        generations=len(lineage.generations),
        trained=len(trained),
        best=_best(root, lineage),
        last_change=max((each.started + each.seconds for each in timings), default=None),
        seconds=round(sum(each.seconds for each in timings), 3),
        goal=goal_met(root),
    )


def _best(root: SearchRoot, lineage: Lineage) -> Best | None:
    best = lineage.best(root.settings)
    if best is None:
        return None
    metric = headline(metrics_of(lineage))
    return Best(best.individual.name, metric.name, metric.value(best))


def _row(path: str, overview: Overview) -> Sequence[str]:
    best = overview.best
    progress = (
        formats.plural(overview.generations, "generation"), f"{overview.trained:,} trained",
        "goal met" if overview.goal else "going on",
    )
    return (
        path, f"{overview.space}\n{overview.algorithm}", "\n".join(progress),
        f"{best.name}\n{_worth(best)}" if best else formats.NOTHING,
        _moment(overview.last_change), formats.duration(overview.seconds),
    )


def _worth(best: Best) -> str:
    quantity = QUANTITIES[best.metric]
    return f"{quantity.words} {quantity.text(best.value)}"


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return formats.NOTHING
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d\n%H:%M} UTC"
