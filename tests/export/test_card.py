from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.export.about import About, about_network
from videonas.export.card import CardFacts, figure, interval, model_card, text
from videonas.search.finished import Accuracy, FinishedNetwork, Verdict, make_plan
from videonas.search.root import SearchRoot

HOSTILE = "<script>alert(1)</script> | `x` [a](b)\n# head *b*"


def facts(root: SearchRoot, **changes: Any) -> CardFacts:
    """What a card would tell of the best of a search, with made-up figures."""
    lineage, dataset = root.lineage(), root.need_dataset()
    plan = make_plan(
        lineage, root.settings, dataset.digest, best=1, train_steps=None, initial="scratch"
    )
    finalist = plan.finalists[0]
    member = lineage.members[finalist.individual]
    samplings = dict(root.space.sampling(member.individual.architecture))
    about = about_network(finalist.individual, finalist.architecture, dataset, samplings,
                          root.settings)
    test = Verdict(
        40, 80, Accuracy({"top1": 0.75, "top5": 0.9, "loss": 0.8}, (0.598, 0.858)),
        Accuracy({"top1": 0.5, "top5": 0.8, "loss": 1.8}, (0.352, 0.648)),
        Accuracy({"top1": 0.125, "top5": 0.6, "loss": 2.8}, (0.055, 0.261)),
    )
    network = FinishedNetwork(
        finalist, "ok", "", member.result.costs, member.result.latency, member.result.metrics,
        {"top1": 0.8, "top5": 0.95, "loss": 0.7}, test,
    )
    network = replace(network, **changes)
    return CardFacts(about, network, plan, lineage.ancestry(finalist.individual), dataset,
                     root.settings, root.space.kind)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    folder = tmp_path_factory.mktemp("card") / "root"
    return make_search(folder, 3, 6, 4, classes=("run", "jump", HOSTILE))


def rows(card: str) -> dict[str, list[str]]:
    """Rows of tables by their first cell."""
    lines = [line for line in card.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]
    return {first: rest for first, *rest in cells}


def test_figures_stand_beside_what_selection_saw(root: SearchRoot) -> None:
    told = facts(root)
    card = model_card(told)
    selected = figure(told.network.selected["top1"], "top1")
    assert rows(card)["top-1"] == ["75.0 %", "59.8 to 85.8 %", "80.0 %", selected]
    assert "winner's curse" in card
    assert rows(card)["in another order"] == ["50.0 %", "35.2 to 64.8 %"]
    assert rows(card)["the middle one repeated"] == ["12.5 %", "5.5 to 26.1 %"]


def test_it_names_data_costs_latency_ancestry_and_classes(root: SearchRoot) -> None:
    told = facts(root)
    card = model_card(told)
    latency = told.network.latency
    assert latency is not None
    for words in (
        told.dataset.digest, f"{told.network.costs.parameters:,}", f"{told.network.costs.macs:,}",
        f"{latency.median_ms:.2f} ms", "Example CPU @ 2.00GHz", "1. run", "2. jump",
        *(member.individual.name for member in told.ancestry),
    ):
        assert words in card, words
    edits = [edit.path for member in told.ancestry for edit in member.individual.edits]
    assert all(text(path) in card for path in edits)


def test_what_was_not_measured_is_said(root: SearchRoot) -> None:
    card = model_card(facts(root, latency=None, without_tflite="no operator for this."))
    assert rows(card)["latency of one clip"] == ["not measured"]
    assert "- No TFLite file: no operator for this." in card
    assert "network.tflite" not in card


def test_several_labels_have_no_interval(root: SearchRoot) -> None:
    found = Accuracy({"map": 0.625, "loss": 0.5})
    told = facts(root, test=Verdict(4, 4, found, found, found), validation={"map": 0.7, "loss": 1},
                 selected={"map": 0.9, "loss": 0.4})
    card = model_card(replace(told, about=replace(told.about, multi_label=True)))
    assert rows(card)["mAP"] == ["62.5 %", "70.0 %", "90.0 %"]
    assert "a video can have several" in card
    assert interval(found) == ""


def test_names_are_text_whatever_they_contain(root: SearchRoot) -> None:
    card = model_card(facts(root))
    (line,) = [line for line in card.splitlines() if "alert" in line]
    assert line == ("3. \\<script\\>alert(1)\\</script\\> \\| \\`x\\` \\[a\\](b) \\# head \\*b\\*")


def test_every_table_has_as_many_cells_in_every_row(root: SearchRoot) -> None:
    for told in (facts(root), facts(root, latency=None)):
        widths: list[int] = []
        for line in model_card(told).splitlines():
            if line.startswith("|"):
                widths.append(line.replace("\\|", "").count("|"))
                assert widths[-1] == widths[0], line
            else:
                widths = []


def test_an_example_of_loading_is_one_that_can_be_run(root: SearchRoot, tmp_path: Path) -> None:
    card = model_card(facts(root))
    (program,) = [part.partition("```")[0] for part in card.split("```python\n")[1:]]
    compile(program, "card.md", "exec")
    assert 'signatures["classify"](rgb=clips)' in program


def test_about_follows_the_architecture(root: SearchRoot) -> None:
    about: About = facts(root).about
    stream = about.streams["rgb"]
    assert stream.prepared == root.need_dataset().streams["rgb"]
    assert stream.sampling.span <= stream.prepared.frames
