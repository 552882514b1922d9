"""Which trainings are compared, with what, and what the table says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from benchmarks import proxy_fidelity
from benchmarks.common.trials import Tried, searched
from benchmarks.proxy_fidelity import LONGER, Row, draw, predictors, rows_of, summary, trials_of
from tests.conftest import SMALL
from videonas.search.budget import Budget
from videonas.search.root import SearchRoot


def test_networks_are_different_inside_the_budget_and_those_of_a_search(
    new_root: Callable[..., SearchRoot],
) -> None:
    from videonas.steps.mutate import mutate

    root = new_root(algorithm="random", population=6, max_macs=50_000)
    drawn = draw(root, 6)
    assert len({individual.id for individual in drawn}) == 6
    task = root.need_dataset().task
    assert not any(Budget.of(root.settings).excess_of_costs(root.space.costs(i.architecture, task))
                   for i in drawn)
    mutate(root, 0)
    assert list(root.need_candidates(0).individuals) == drawn


def test_a_short_training_has_its_own_schedule_and_its_own_seed(
    new_root: Callable[..., SearchRoot],
) -> None:
    root = new_root(algorithm="random")
    nets = [searched(root, i.name, i.architecture) for i in draw(root, 2)]
    trials = trials_of(root, nets, (3, 5), seeds=2)
    assert [t.network.name for t in trials] == [nets[0].name] * 4 + [nets[1].name] * 4
    for own in (trials[:4], trials[4:]):
        # the schedule of the optimiser is as long as the setting says
        assert [t.settings.train_steps for t in own] == [3, 5, LONGER * 5, LONGER * 5]
        assert [list(t.splits) for t in own] == [["validation"]] * 2 + [["test"]] * 2
        assert len({t.seed for t in own}) == 4
    counts = Counter(len(t.train) for t in trials)
    assert list(counts.values()) == [8], "all are trained on the same clips"


def test_what_failed_is_left_out_and_long_trainings_are_averaged(
    new_root: Callable[..., SearchRoot],
) -> None:
    root = new_root(algorithm="random")
    drawn = draw(root, 2)
    short = [Tried({"validation": {"loss": 1.0, "top1": 0.5}}),
             Tried({"validation": {"loss": 0.8, "top1": 0.6}})]
    long = [Tried({"test": {"loss": loss, "top1": top1}}) for loss, top1 in ((0.2, 0.8), (0.4, 1))]
    rows = rows_of(root, drawn, (3, 5), [*short, *long, short[0], Tried({}, "lost"), *long])
    (row,) = rows
    assert row.short == {3: {"loss": 1.0, "top1": 0.5}, 5: {"loss": 0.8, "top1": 0.6}}
    assert row.long == pytest.approx({"loss": 0.3, "top1": 0.9})
    costs = root.space.costs(drawn[0].architecture, root.need_dataset().task)
    assert (row.parameters, row.macs) == (costs.parameters, costs.macs)


def made_up(number: int) -> Row:
    """The long training ranks as the number does; after 5 steps the loss does, after 3 the inverse
    of it; parameters do, multiply-adds say nothing.
    """
    quality = number / 20
    short = {3: {"loss": quality, "top1": 0.25}, 5: {"loss": 1 - quality, "top1": quality}}
    return Row(100 + number, 7, short, {"loss": 2 - quality, "top1": 0.5 + quality / 2})


def test_more_is_better_in_every_predictor() -> None:
    found = predictors([made_up(n) for n in range(10)])
    assert list(found) == ["3 steps, loss", "3 steps, accuracy", "5 steps, loss",
                           "5 steps, accuracy", "parameters", "multiply-adds"]
    rising = {name for name, values in found.items() if values == sorted(set(values))}
    assert rising == {"5 steps, loss", "5 steps, accuracy", "parameters"}


def test_the_table_ranks_the_predictors(new_root: Callable[..., SearchRoot]) -> None:
    text = summary([made_up(n) for n in range(10)], 12, 2, new_root(algorithm="random"))
    rows = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:4]]
            for line in text.splitlines() if line.startswith("| ")}
    assert rows["3 steps, loss"] == ["-1.00 (-1.00 to -1.00)"] * 2
    assert rows["3 steps, accuracy"] == ["+0.00 (+0.00 to +0.00)"] * 2
    assert rows["5 steps, loss"] == rows["parameters"] == ["+1.00 (+1.00 to +1.00)"] * 2
    assert rows["multiply-adds"] == ["+0.00 (+0.00 to +0.00)"] * 2
    assert "over 10 random networks of 12" in text
    assert f"{5 * LONGER} steps, the test split, the mean of 2 seeds" in text
    assert "accuracy 0.50 to 0.72" in text


def test_the_script_measures_real_trainings(tmp_path: Path, demo_videos: Path) -> None:
    file, output = tmp_path / "small.yaml", tmp_path / "rows.json"
    file.write_text(yaml.safe_dump(SMALL))
    said = CliRunner().invoke(proxy_fidelity.main, [
        "--videos", str(demo_videos), "--settings", str(file), "--networks", "2", "--steps", "1",
        "--long-seeds", "1", "--output", str(output),
    ])
    assert said.exit_code == 0, said.output
    rows = json.loads(output.read_text())
    assert len(rows) == 2
    for row in rows:
        assert {"loss", "top1"} <= row["short"]["1"].keys()
        assert 0 <= row["long"]["top1"] <= 1
        assert row["long"]["loss"] != row["short"]["1"]["loss"]
    assert "over 2 random networks of 2" in said.output


@pytest.mark.parametrize(("given", "words"), [
    (["--videos", "/nowhere"], "'/nowhere' does not exist"),
    (["--videos", "."], "unknown setting"),
])
def test_what_is_not_allowed_is_refused(
    tmp_path: Path, given: list[str], words: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("stps: 3\n")
    said = CliRunner().invoke(proxy_fidelity.main, [*given, "--settings", str(file)])
    assert said.exit_code == 2
    assert words in said.output
