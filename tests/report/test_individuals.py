"""The rows from which the page's script makes its table, and those from which it draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.report.test_diagram import CHAIN, DIAMOND, graphs
from tests.synthetic import make_search
from videonas.report.drawings import Drawings
from videonas.report.individuals import individual_rows
from videonas.search.budget import Budget
from videonas.search.individual import Individual
from videonas.search.lineage import Lineage
from videonas.search.population import Member, Population
from videonas.search.result import Evaluation, Inherited, Latency, Result, Training
from videonas.search.settings import Settings
from videonas.spaces import Costs, Diagram, Edit, Node
from videonas.spaces.tiny_video import TinyVideoSpace

# Diagrams


def drawn(rows: dict[str, Any], number: int) -> Diagram:
    """A diagram from the rows, its nodes named by their place."""
    texts, (listed, *arrows) = rows["texts"], rows["diagrams"][number]
    nodes = []
    for place, box in enumerate(listed):
        title, shape, *lines = (texts[text] for text in rows["boxes"][box])
        nodes.append(Node(str(place), title, tuple(lines), shape))
    if not arrows:
        chain = ((str(i), str(i + 1), "") for i in range(len(nodes) - 1))
        return Diagram(tuple(nodes), tuple(chain))
    return Diagram(tuple(nodes), tuple((str(a), str(b), texts[t]) for a, b, t in arrows[0]))


def renamed(diagram: Diagram) -> Diagram:
    """The same with nodes that are named by their place."""
    place = {node.name: str(index) for index, node in enumerate(diagram.nodes)}
    nodes = tuple(replace(node, name=place[node.name]) for node in diagram.nodes)
    return Diagram(nodes, tuple((place[a], place[b], text) for a, b, text in diagram.arrows))


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    """Any diagram, a chain or not, with texts that occur again."""
    names, edges = draw(graphs())
    words = st.sampled_from(["", "conv", "3x3", "8 x 64²", "<b>", "width 8"])
    nodes = tuple(
        Node(name, draw(words), tuple(draw(st.lists(words, max_size=3))), draw(words))
        for name in names
    )
    return Diagram(nodes, tuple((a, b, draw(words)) for a, b in edges))


@given(st.lists(diagrams(), max_size=5))
def test_every_diagram_comes_back_from_its_rows(given_diagrams: list[Diagram]) -> None:
    drawings = Drawings()
    numbers = [drawings.add(diagram) for diagram in given_diagrams]
    rows = drawings.rows()
    for diagram, number in zip(given_diagrams, numbers, strict=True):
        assert drawn(rows, number) == renamed(diagram)


def test_what_occurs_again_is_kept_once() -> None:
    drawings = Drawings()
    assert [drawings.add(d) for d in (CHAIN, DIAMOND, CHAIN, DIAMOND)] == [0, 1, 0, 1]
    longer = Diagram((*CHAIN.nodes, Node("more", "end")), CHAIN.arrows)
    before = drawings.rows()
    drawings.add(longer)
    after = drawings.rows()
    assert (len(after["boxes"]), len(after["texts"])) == (
        len(before["boxes"]), len(before["texts"])
    ), "its boxes were there already"


def test_a_chain_needs_no_arrows() -> None:
    plain = Diagram(CHAIN.nodes, tuple((a, b, "") for a, b, _ in CHAIN.arrows))
    drawings = Drawings()
    drawings.add(plain)
    drawings.add(CHAIN)
    assert [len(row) for row in drawings.rows()["diagrams"]] == [1, 2]


# Individuals

SKIP = Edit("skip", "blocks.0.skip", False, True)
SPACE = TinyVideoSpace()


def member(
    name: str = "000000-00", costs: Costs | None = None, measured: Latency | None = None,
    training: Training | None = None, *, evaluated: bool = True, **birth: Any,
) -> Member[None]:
    """Somebody who was trained and, unless told otherwise, evaluated."""
    origin = "mutated" if "parents" in birth else "sampled"
    individual: Individual[None] = Individual(name, "a" * 12, None, origin, **birth)  # type: ignore[arg-type]
    training = training or Training("ok", seconds={"train": 2.5})
    metrics = {"top1": 0.5, "top5": 0.9, "loss": 1.25}
    evaluation = Evaluation("ok", "", metrics, 10, {"load": 0.25}) if evaluated else None
    costs = costs or Costs(5000, 20_000_000)
    return Member(individual, Result("b" * 12, costs, measured, training, evaluation))


def rows_of(*members: Member[None], budget: Budget | None = None) -> list[dict[str, Any]]:
    """Each born in a generation of its own, with its network and its message."""
    history = Lineage([
        Population(number, "", "data", budget or Budget(), (born,), (born,))
        for number, born in enumerate(members)
    ])
    data = individual_rows(history, Settings(), SPACE, None)
    rows = []
    for listed in data["rows"]:
        row = dict(zip(data["columns"], listed, strict=True))
        network = data["networks"][row.pop("network")]
        row |= dict(zip(data["network_columns"], network, strict=True))
        row["message"] = data["messages"][row["message"]]
        row["outcome"] = data["outcomes"][row["outcome"]]
        row["origin"] = data["origins"][row["origin"]]
        rows.append(row)
    return rows


def test_an_individual_is_a_row_of_numbers_as_they_were_recorded() -> None:
    measured = Latency(4.06789, (3.96789, 4.26789), 30, 1, "cpu", {"latency": 0.5})
    born = member("000001-00", measured=measured, parents=("000000-00",), edits=(SKIP,))
    first, row = rows_of(member(), born)
    assert row == {
        "name": "000001-00", "origin": "mutated", "id": "a" * 12, "outcome": "ok",
        "parents": ("000000-00",),
        "edits": [["", "blocks.0.skip", "no", "yes"]], "fitness": -1.25, "top1": 0.5, "top5": 0.9,
        "loss": 1.25, "parameters": 5000, "macs": 20_000_000, "latency": 4.0679,
        "quartiles": (3.968, 4.268), "seconds": 3.2, "steps": None, "inherited": None,
        "message": "",
        "drawing": None,
    }
    assert first["origin"] == "sampled"
    assert (first["parents"], first["edits"], first["latency"], first["quartiles"]) == (
        (), [], None, None
    )


def test_who_was_not_evaluated_has_a_message_and_no_metrics() -> None:
    ok, failed = rows_of(
        member(), member("000001-00", training=Training("failed", "x" * 2000), evaluated=False)
    )
    assert failed["outcome"] == "failed"
    assert [failed[name] for name in ("fitness", "top1", "top5", "loss")] == [None] * 4
    assert (failed["message"], ok["message"]) == ("x" * 599 + "…", "")


def test_who_is_over_budget_is_told_by_how_much() -> None:
    (row,) = rows_of(member(), budget=Budget(max_parameters=4000))
    assert row["outcome"] == "over_budget"
    assert row["message"] == "5,000 parameters; allowed: 4,000"
    assert row["top1"] == 0.5, "a limit that was lowered does not take back what is known"


def test_inherited_weights_are_told_with_the_steps_along_the_line() -> None:
    inherited = Inherited("0" * 12, 90, {"kept": 3}, {"inherited": 12, "new": 4}, {})
    rows = rows_of(member(training=Training("ok", steps=60, inherited=inherited)),
                   member("000001-00", training=Training("failed", inherited=inherited)))
    assert [row["inherited"] for row in rows] == [(12, 150), (12, None)]


def test_a_training_that_ended_early_says_after_how_many_steps() -> None:
    steps = Settings().train_steps
    rows = rows_of(member(training=Training("ok", steps=7)),
                   member("000001-00", training=Training("ok", steps=steps)))
    assert [row["steps"] for row in rows] == [7, None]


def test_everybody_s_network_is_drawn_as_the_space_draws_it(tmp_path: Path) -> None:
    root = make_search(tmp_path, 4, 8, 6)
    history, task = root.lineage(), root.need_dataset().task
    data = individual_rows(history, root.settings, root.space, task)
    place = data["network_columns"].index("drawing")
    for row, (name, one) in zip(data["rows"], history.members.items(), strict=True):
        assert row[0] == name
        training = one.result.training
        learned = training.learned if training else {}
        diagram = root.space.diagram(one.individual.architecture, task, learned)
        assert drawn(data["drawings"], data["networks"][row[-1]][place]) == renamed(diagram)
    assert len(data["drawings"]["diagrams"]) <= len(data["networks"]) < len(data["rows"])
