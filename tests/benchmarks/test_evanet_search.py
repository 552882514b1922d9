"""Searches of EvaNets side by side, and the single best against the ensemble."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from benchmarks import search_vs_random
from benchmarks.common.trials import Trial, run_trials, searched, shards_of
from benchmarks.search_vs_random import (
    FinishScores,
    Generation,
    Search,
    ensemble_table,
    read_search,
    run_search,
    summary,
)
from tests.benchmarks.test_forms import cells
from tests.conftest import SMALL
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings, merge_settings, read_settings_file

TOP = Path(__file__).parents[2]

EVANETS: dict[str, Any] = {
    **SMALL,
    "space": "evanet",
    "space_options": {
        "clip_frames": 4, "image_size": 8, "frames": 4, "stem_filters": 2, "stem_side": 1,
        "filters": [8], "side_strides": [2, 2], "branch_kinds": ["conv1x1", "pool_conv"],
        "birth_branches": 1, "max_branches": 2, "repeats": [1],
    },
    "population": 2,
    "finish_train_steps": 4,
}
"""Settings under which an EvaNet takes as little time as it can."""


def search(arm: str, seed: int, together: FinishScores | None) -> Search:
    return Search(arm, seed, (Generation(2, 1.0, 0.5, 0.25),), (0.5,), together)


# Kept records


@pytest.mark.parametrize("together", [None, FinishScores(3, 0.5, 0.75), FinishScores(1, 0.5, None)])
def test_what_was_kept_is_read_again(together: FinishScores | None, tmp_path: Path) -> None:
    file = tmp_path / "random.json"
    file.write_text(json.dumps(asdict(search("random", 3, together))))
    assert read_search(file) == search("random", 3, together)


def test_a_record_from_before_searches_were_finished_is_read(tmp_path: Path) -> None:
    plain = asdict(search("random", 3, None))
    del plain["together"]
    (tmp_path / "random.json").write_text(json.dumps(plain))
    assert read_search(tmp_path / "random.json") == search("random", 3, None)


def test_a_search_of_which_as_many_were_finished_is_left_as_it_is(tmp_path: Path) -> None:
    done = search("random", 0, FinishScores(3, 0.5, 0.75))
    (tmp_path / "random.json").write_text(json.dumps(asdict(done)))
    for finalists in (0, 3):
        assert run_search("random", 0, tmp_path, {}, 1, finalists) == done
    assert [path.name for path in tmp_path.iterdir()] == ["random.json"]


# The table


def test_the_ensemble_is_compared_search_by_search() -> None:
    by_arm = {
        "tournament": [search("tournament", 0, FinishScores(3, 0.5, 0.75)),
                       search("tournament", 1, FinishScores(3, 0.75, 0.75))],
        "random": [search("random", 0, FinishScores(3, 0.5, None)),
                   search("random", 1, FinishScores(3, 0.25, 0.125))],
        "drift": [search("drift", 0, None), search("drift", 1, FinishScores(2, 0.5, None))],
    }
    text = ensemble_table(by_arm)
    assert cells(text) == [
        ["tournament", "2", "0.625 (0.562 to 0.688)", "0.750 (0.750 to 0.750)",
         "+0.125 (+0.000 to +0.250)", "1 of 2"],
        ["random", "1", "0.250 (0.250 to 0.250)", "0.125 (0.125 to 0.125)",
         "-0.125 (-0.125 to -0.125)", "0 of 1"],
    ]
    assert "trained at full length: 2, 3. " in text


def test_the_table_stands_below_the_others_where_anything_was_finished() -> None:
    searches = [search(arm, 0, None) for arm in search_vs_random.ARMS]
    assert "single best" not in summary(searches)
    finished = [replace(each, together=FinishScores(2, 0.5, 0.75)) for each in searches]
    assert summary(finished).startswith(summary(searches))
    assert summary(finished).endswith(
        ensemble_table({each.arm: [each] for each in finished})
    )


# For real


def test_the_settings_of_the_demonstration_are_those_of_a_search() -> None:
    given = read_settings_file(TOP / "pipelines/evanet/demo.yaml")
    settings = make_settings(merge_settings(given, {"videos": "/v", "algorithm": "random"}))
    assert settings.space == "evanet"


@pytest.mark.slow
def test_a_search_of_evanets_is_run_finished_and_finished_once(
    tmp_path: Path, demo_videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_vs_random, "FRESH_SEEDS", (101,))
    given = {**EVANETS, "videos": str(demo_videos)}
    alone = run_search("tournament", 0, tmp_path, given, 1)
    assert (alone.together, len(alone.generations), len(alone.retrained_top1)) == (None, 1, 1)
    assert alone.generations[0].networks == 2
    assert (tmp_path / "drift" / "results").is_dir(), "the first population is shared"

    both = run_search("tournament", 0, tmp_path, given, 1, finalists=2)
    assert replace(both, together=None) == alone, "nothing was searched again"
    (folder,) = SearchRoot(str(tmp_path / "tournament")).finish_folders()
    record = folder.record()
    assert record is not None
    single, ensemble = record.need_best().test, record.ensemble
    assert single is not None
    assert ensemble is not None
    tops = [verdict.intact.metrics["top1"] for verdict in (single, ensemble)]
    assert both.together == FinishScores(2, *tops)
    assert run_search("tournament", 0, tmp_path, given, 1, finalists=2) == both


def test_a_network_is_tried_on_the_stream_that_it_takes(
    tmp_path: Path, demo_videos: Path
) -> None:
    from videonas.steps.data_prep import data_prep
    from videonas.steps.mutate import mutate
    from videonas.steps.start import start

    root = SearchRoot(str(tmp_path / "root"))
    start(root, {**EVANETS, "videos": str(demo_videos)})
    data_prep(root)
    mutate(root, 0)
    individual = root.need_candidates(0).individuals[0]
    network = searched(root, individual.name, individual.architecture)
    assert (network.stream, network.sampling.frames) == ("rgb", 4)
    on_flow = replace(individual.architecture, stream="flow")
    assert searched(root, "flow", on_flow).stream == "flow"

    dataset = root.need_dataset()
    trial = Trial(network, dataset.task, root.settings, 5, shards_of(root, dataset, "train"),
                  {"validation": shards_of(root, dataset, "validation")})
    (tried,) = run_trials([trial], 1)
    assert not tried.message
    assert 0 <= tried.metrics["validation"]["top1"] <= 1


def test_the_script_takes_the_settings_of_another_space(
    tmp_path: Path, demo_videos: Path
) -> None:
    # one record a seed and an algorithm is there already: nothing is trained
    file, output = tmp_path / "evanet.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(EVANETS))
    folder = output / "seed-0"
    folder.mkdir(parents=True)
    for arm in search_vs_random.ARMS:
        done = search(arm, 0, FinishScores(2, 0.5, 0.75))
        (folder / f"{arm}.json").write_text(json.dumps(asdict(done)))
    said = CliRunner().invoke(search_vs_random.main, [
        "--videos", str(demo_videos), "--settings", str(file), "--output", str(output),
        "--seeds", "1", "--generations", "1", "--finalists", "2", "--jobs", "1",
    ])
    assert said.exit_code == 0, said.output
    assert [row[0] for row in cells(said.output[said.output.index("| finished") :])] == list(
        search_vs_random.ARMS
    )
