from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from videonas.codec import from_plain
from videonas.errors import SettingsError, VideonasError
from videonas.search.architecture_file import read_architecture
from videonas.search.budget import Budget
from videonas.search.population import Population
from videonas.search.result import Outcome
from videonas.search.root import SearchRoot
from videonas.spaces.tiny_video import TinyVideoArchitecture
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate

NewRoot = Callable[..., SearchRoot]


def one_generation(root: SearchRoot, generation: int) -> Population[TinyVideoArchitecture]:
    mutate(root, generation)
    train_candidate(root, generation)
    evaluate(root, generation)
    return select(root, generation).population


def contents(root: SearchRoot) -> dict[str, bytes]:
    folder = Path(root.uri)
    return {str(p.relative_to(folder)): p.read_bytes()
            for p in folder.rglob("*") if p.is_file() and "timings" not in p.parts}


def outcomes(population: Population[TinyVideoArchitecture]) -> list[Outcome]:
    return [population.outcome_of(member) for member in population.newborn]


def test_two_generations_and_every_step_repeated(new_root: NewRoot) -> None:
    root = new_root()
    first = one_generation(root, 0)
    assert outcomes(first) == ["ok"] * 3
    second = one_generation(root, 1)
    assert len(second.newborn) == 2
    assert all(m.individual.parents for m in second.newborn)
    assert len(second.parents) == 3
    for member in second.newborn:
        result = member.result
        assert result.latency is not None
        assert result.latency.median_ms > 0
        assert result.training is not None
        assert 0 <= result.metrics["top1"] <= result.metrics["top5"] <= 1
        assert {"build", "load", "trace", "train"} <= result.training.seconds.keys()
    before = contents(root)
    again = SearchRoot(root.uri)
    assert one_generation(again, 0) == first
    assert one_generation(again, 1) == second
    assert contents(root) == before, "a repeated step changed something"


@pytest.mark.slow
def test_history_reaches_back_to_the_sampled(new_root: NewRoot) -> None:
    root = new_root()
    for generation in range(3):
        one_generation(root, generation)
    lineage = SearchRoot(root.uri).lineage()
    assert len(lineage.members) == 3 + 2 + 2
    for name in lineage.members:
        line = lineage.ancestry(name)
        assert line[0].individual.name == name
        assert line[-1].individual.origin == "sampled"
        assert all(m.individual.edits for m in line[:-1])


@pytest.mark.slow
def test_the_same_search_elsewhere_gives_the_same_networks_and_metrics(new_root: NewRoot) -> None:
    runs = []
    for name in ("one", "other"):
        root = new_root(name)
        one_generation(root, 0)
        runs.append(one_generation(root, 1))
    for mine, theirs in zip(runs[0].newborn, runs[1].newborn, strict=True):
        assert mine.individual == theirs.individual
        assert mine.result.key == theirs.result.key
        assert mine.result.metrics == theirs.result.metrics, "not the same bits"


def test_another_seed_is_another_search(new_root: NewRoot) -> None:
    ids = []
    for seed in (0, 1):
        root = new_root(f"seed-{seed}", seed=seed)
        mutate(root, 0)
        ids.append([i.id for i in root.need_candidates(0).individuals])
    assert ids[0] != ids[1]


def test_a_network_that_cannot_be_built_is_invalid(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    path = Path(root.uri) / "generations/000000/candidates.json"
    candidates = root.need_candidates(0)
    broken = replace(candidates.individuals[1].architecture, image_size=500)
    individuals = list(candidates.individuals)
    individuals[1] = replace(individuals[1], architecture=broken)
    path.unlink()
    root.publish_candidates(replace(candidates, individuals=tuple(individuals)))
    population = one_generation(root, 0)
    assert outcomes(population) == ["ok", "invalid", "ok"]
    assert "image_size is 500" in population.newborn[1].result.message(population.budget)


def test_a_loss_that_is_no_number_is_diverged(new_root: NewRoot) -> None:
    root = new_root(learning_rate=1e30, clip_gradients=1e30, optimizer="sgd", warmup_fraction=0)
    mutate(root, 0)
    assert set(train_candidate(root, 0).values()) == {"diverged"}
    assert set(evaluate(root, 0).values()) == {"diverged"}
    with pytest.raises(VideonasError, match=r"of 3 networks 0 were trained and none can be "
                       r"selected; 000000-00: diverged: the loss is .*; begin a search with other"):
        select(root, 0)


def test_too_much_memory_is_out_of_memory(new_root: NewRoot) -> None:
    root = new_root(candidate_memory_mb=50)
    mutate(root, 0)
    assert set(train_candidate(root, 0).values()) == {"out_of_memory"}


def test_too_long_a_training_is_timed_out(new_root: NewRoot) -> None:
    root = new_root(train_steps=1_000_000, candidate_timeout=6.0)
    mutate(root, 0)
    name = root.need_candidates(0).individuals[0].name
    assert train_candidate(root, 0, [name]) == {name: "timed_out"}


def test_over_budget_is_measured_and_never_trained(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    train_candidate(root, 0)
    individuals = root.need_candidates(0).individuals
    dataset = root.need_dataset()
    latencies = sorted(
        latency.median_ms for i in individuals
        if (latency := root.result(i, dataset).latency) is not None
    )
    limited = new_root("limited", max_latency_ms=(latencies[0] + latencies[1]) / 2)
    mutate(limited, 0)
    # the same measurements as before: only the limit is new
    for individual in individuals:
        latency = root.result(individual, dataset).latency
        assert latency is not None
        limited.result_folder(individual.id, dataset.digest).publish(latency)
    population = one_generation(limited, 0)
    assert sorted(outcomes(population)) == ["ok", "over_budget", "over_budget"]
    refused = next(m for m in population.newborn if population.outcome_of(m) == "over_budget")
    assert refused.result.training is None
    assert "allowed" in refused.result.message(population.budget)


def test_a_budget_may_change_between_runs(new_root: NewRoot) -> None:
    root = new_root(max_latency_ms=1e-6)
    mutate(root, 0)
    assert set(train_candidate(root, 0).values()) == {"over_budget"}
    with pytest.raises(VideonasError, match=r"the fastest takes .* ms, max_latency_ms is 1e-06"):
        select(root, 0)
    again = SearchRoot(root.uri)
    start(again, {"max_latency_ms": 1e6})
    assert outcomes(one_generation(again, 0)) == ["ok"] * 3


def test_weights_that_cannot_be_read_fail_after_three_attempts(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    train_candidate(root, 0)
    victim = root.need_candidates(0).individuals[0]
    folder = root.result_folder(victim.id, root.need_dataset().digest)
    folder.fetch_weights().write_bytes(b"not weights")
    assert evaluate(root, 0)[victim.name] == "failed"
    evaluation = folder.evaluation()
    assert evaluation is not None
    assert "3 attempts gave no result" in evaluation.message
    population = select(root, 0).population
    assert outcomes(population) == ["failed", "ok", "ok"]


def test_a_damaged_shard_stops_the_step_and_not_the_candidates(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    shard = next(Path(root.uri).glob("data/*/train-*"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 255
    shard.write_bytes(data)
    with pytest.raises(VideonasError, match=shard.name):
        train_candidate(root, 0)
    assert not list(Path(root.uri).glob("results/*/*/training*")), "somebody was given up for it"


def test_select_waits_for_every_candidate(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    with pytest.raises(VideonasError, match="3 of 3 candidates of generation 0 have no result yet"):
        select(root, 0)


@pytest.mark.slow
def test_weights_of_the_dead_are_freed(new_root: NewRoot) -> None:
    root = new_root(keep_weights=1, population=2, children=3)
    for generation in range(4):
        population = one_generation(root, generation)
    alive = {m.individual.id for m in population.parents}
    older = {
        m.individual.id for m in root.lineage().members.values() if m.individual.generation <= 2
    }
    kept = {p.parts[-3] for p in Path(root.uri).glob("results/*/*/proxy.weights.h5")}
    assert alive <= kept
    assert not (older - alive) & kept


def test_the_best_of_all_keeps_its_weights_though_it_died(new_root: NewRoot) -> None:
    root = new_root(keep_weights=0, population=2, children=2, algorithm="drift")
    died = False
    for generation in range(8):
        population = one_generation(root, generation)
        best = root.lineage().best(root.settings)
        assert best is not None
        root.result_folder(best.individual.id, population.data).fetch_weights()
        died |= best.individual.name not in {m.individual.name for m in population.parents}
        if died:
            break
    assert died, "chance never dropped the best"


@pytest.mark.slow
def test_whom_finish_would_take_keep_their_weights(new_root: NewRoot) -> None:
    root = new_root(keep_weights=0, population=2, children=2, algorithm="drift", finish_best=3)
    for generation in range(4):
        population = one_generation(root, generation)
    for member in root.lineage().fittest(root.settings)[:3]:
        root.result_folder(member.individual.id, population.data).fetch_weights()


def test_a_run_stopped_between_two_writes_is_taken_up(new_root: NewRoot) -> None:
    root = new_root()
    population = one_generation(root, 0)
    written = {path for path in Path(root.uri).rglob("*") if path.is_file()}
    for path in written:
        if path.name in ("architecture.yaml", "report.html"):
            path.unlink()
    again = SearchRoot(root.uri)
    assert one_generation(again, 0) == population
    assert written <= {path for path in Path(root.uri).rglob("*") if path.is_file()}


def test_a_broken_chain_is_told_before_anything_is_trained(new_root: NewRoot) -> None:
    root = new_root()
    for generation in range(2):
        one_generation(root, generation)
    file = Path(root.uri) / "generations/000000/population.json"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(VideonasError, match=r"000001/population.json: its predecessor"):
        start(SearchRoot(root.uri), {})


def test_beyond_the_last_generation_there_is_nothing_to_do(new_root: NewRoot) -> None:
    root = new_root()
    beyond = mutate(root, 5, last=4)
    assert (beyond.go, beyond.batches) == (False, [])
    assert root.candidates(5) is None


def test_batches_hold_those_without_a_result(new_root: NewRoot) -> None:
    root = new_root()
    assert [len(b) for b in mutate(root, 0).batches] == [2, 1]
    names = [i.name for i in root.need_candidates(0).individuals]
    train_candidate(root, 0, names[:1])
    evaluate(root, 0, names[:1])
    assert mutate(root, 0).batches == [names[1:]]
    train_candidate(root, 0)
    evaluate(root, 0)
    assert mutate(root, 0).batches == []


def test_architecture_files_are_for_people(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    for individual in root.need_candidates(0).individuals:
        path = Path(root.architecture_address(individual.id))
        _, architecture, task = read_architecture(path)
        assert architecture == individual.architecture
        assert task == root.need_dataset().task


TOP5 = r"fitness is 'top1\+top5' and there are 8 classes; top-5 says little below 20: begin"


def test_top5_is_refused_before_a_video_is_decoded(
    new_root: NewRoot, demo_videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = new_root(fitness="top1+top5", videos=str(demo_videos))
    shutil.rmtree(root.data_address)
    monkeypatch.setattr("videonas.data.prepare.prepare_dataset", lambda *_: pytest.fail("decoded"))
    with pytest.raises(SettingsError, match=TOP5):
        data_prep(root)


def test_top5_is_refused_where_the_data_set_is_there(new_root: NewRoot) -> None:
    with pytest.raises(SettingsError, match=TOP5):
        data_prep(new_root(fitness="top1+top5"))


def test_the_budget_of_the_run_that_began_last_counts(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    train_candidate(root, 0)
    evaluate(root, 0)
    individuals, task = root.need_candidates(0).individuals, root.need_dataset().task
    macs = sorted(root.space.costs(i.architecture, task).macs for i in individuals)
    assert macs[0] < macs[-1]
    start(SearchRoot(root.uri), {"max_macs": macs[0]})
    selected = select(SearchRoot(root.uri), 0)
    population = SearchRoot(root.uri).population(0)
    assert population == selected.population
    assert population.budget == Budget(max_macs=macs[0])
    assert "over_budget" in outcomes(population)
    assert root.need_candidates(0).budget == Budget()


def test_plain_data_makes_the_same_architecture(new_root: NewRoot) -> None:
    root = new_root()
    mutate(root, 0)
    from videonas.codec import to_plain

    for individual in root.need_candidates(0).individuals:
        plain = to_plain(individual.architecture)
        assert from_plain(TinyVideoArchitecture, plain, "here") == individual.architecture
