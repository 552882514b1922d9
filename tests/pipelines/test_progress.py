"""What a run shows while it goes on, read from a search root that grows as a real one does."""

from __future__ import annotations

import io
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipelines import progress
from pipelines.progress import Standing, sentence, show_progress, standing
from tests.synthetic import make_search
from videonas.errors import DamagedRecord
from videonas.search.individual import Individual
from videonas.search.lineage import Lineage
from videonas.search.population import Member, Population
from videonas.search.result import Evaluation, Training
from videonas.search.root import SearchRoot


@dataclass
class Replay:
    """A search that ended, done again bit by bit in another root, through the real interface."""

    ended: SearchRoot
    folder: Path

    @property
    def root(self) -> SearchRoot:
        """The root that grows, opened afresh."""
        return SearchRoot(str(self.folder))

    def start(self, **given: Any) -> None:
        """As the step does it; afterwards settings may differ."""
        self.root.start({**self.ended.settings.model_dump(mode="json"), **given})

    def prepare(self) -> None:
        """Puts the data set there."""
        shutil.copytree(self.ended.data_address, self.root.data_address)

    def mutate(self, generation: int) -> Sequence[Individual[Any]]:
        """Who is born."""
        return self.root.publish_candidates(self.ended.need_candidates(generation)).individuals

    def member(self, individual: Individual[Any]) -> Member[Any]:
        """An individual with the result that it will have."""
        return self.lineage.members[individual.name]

    @cached_property
    def lineage(self) -> Lineage:
        """The history that the search will have."""
        return self.ended.lineage()

    def measure(self, individual: Individual[Any]) -> None:
        """Latency, before training."""
        self._publish(individual, self.member(individual).result.latency)

    def train(self, individual: Individual[Any]) -> None:
        """Latency and training."""
        self.measure(individual)
        self._publish(individual, self.member(individual).result.training)

    def evaluate(self, individual: Individual[Any]) -> None:
        """The rest of a result."""
        self._publish(individual, self.member(individual).result.evaluation)

    def finish(self, individual: Individual[Any]) -> None:
        """The whole result."""
        self.train(individual)
        self.evaluate(individual)

    def select(self, generation: int) -> None:
        """Ends a generation."""
        population = self.ended.population(generation)
        assert population is not None
        self.root.publish_population(population)

    def whole(self, generation: int) -> None:
        """A generation from its beginning to its end."""
        for individual in self.mutate(generation):
            self.finish(individual)
        self.select(generation)

    def _publish(self, individual: Individual[Any], part: Any) -> None:
        if part is not None:
            data = self.ended.need_dataset().digest
            self.root.result_folder(individual.id, data).publish(part)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Three generations in which nothing goes wrong; not to be changed."""
    return make_search(tmp_path_factory.mktemp("ended"), 3, 5, 3, troubles={})


@pytest.fixture
def replay(ended: SearchRoot, tmp_path: Path) -> Replay:
    """The same search, of which nothing happened yet."""
    return Replay(ended, tmp_path / "root")


# One look


def test_every_stage_of_a_search_has_its_words(replay: Replay) -> None:
    assert standing(replay.root) == Standing("starting", 0, 0, 0)
    replay.start()
    assert standing(replay.root) == Standing("preparing the videos", 0, 0, 0)
    replay.prepare()
    for generation, born in enumerate((5, 3)):
        name = f"generation {generation}:"
        assert standing(replay.root) == Standing(f"{name} mutating", 0, 0, generation)
        individuals = replay.mutate(generation)
        for done, individual in enumerate(individuals):
            stands = Standing(f"{name} training candidates", done, born, generation)
            assert standing(replay.root) == stands
            replay.train(individual)
        for done, individual in enumerate(individuals):
            stands = Standing(f"{name} evaluating candidates", done, born, generation)
            assert standing(replay.root) == stands
            replay.evaluate(individual)
        stands = Standing(f"{name} evaluating candidates", born, born, generation)
        assert standing(replay.root) == stands
        replay.select(generation)
    assert standing(replay.root) == Standing("generation 2: mutating", 0, 0, 2)


def test_who_failed_in_training_needs_no_evaluation(tmp_path: Path) -> None:
    replay = Replay(make_search(tmp_path / "ended", 1, 4, 2, troubles={"diverged": 1.0}),
                    tmp_path / "root")
    replay.start()
    replay.prepare()
    first, *others = replay.mutate(0)
    replay.train(first)
    assert standing(replay.root) == Standing("generation 0: training candidates", 1, 4, 0)
    for individual in others:
        replay.train(individual)
    assert standing(replay.root) == Standing("generation 0: evaluating candidates", 4, 4, 0)


def test_a_network_that_is_known_is_through_when_it_is_born(
    ended: SearchRoot, tmp_path: Path
) -> None:
    """What was found in another search under the same settings and data counts here."""
    replay = Replay(ended, tmp_path / "root")
    replay.start()
    replay.prepare()
    replay.finish(ended.need_candidates(0).individuals[2])
    replay.mutate(0)
    assert standing(replay.root) == Standing("generation 0: training candidates", 1, 5, 0)


def test_who_is_too_slow_is_through_until_a_run_allows_more(replay: Replay) -> None:
    replay.start(max_latency_ms=1e-6)
    replay.prepare()
    individuals = replay.mutate(0)
    replay.measure(individuals[0])
    assert standing(replay.root) == Standing("generation 0: training candidates", 1, 5, 0)
    for individual in individuals[1:]:
        replay.measure(individual)
    assert standing(replay.root) == Standing("generation 0: evaluating candidates", 5, 5, 0)
    replay.start(max_latency_ms=1e6)
    assert standing(replay.root) == Standing("generation 0: training candidates", 0, 5, 0)


def damaged_files(replay: Replay) -> Iterator[Path]:
    """Files that a look reads in the middle of generation 1."""
    root, first = replay.root, replay.root.need_candidates(1).individuals[0]
    result = root.result_folder(first.id, root.need_dataset().digest)
    yield replay.folder / "search.json"
    yield next(replay.folder.glob("data/*/dataset.json"))
    yield Path(root.generation_address(1)) / "candidates.json"
    yield from (replay.folder / result.folder / f"{part}.json"
                for part in ("latency", "training", "evaluation"))


def test_a_damaged_file_is_named_whichever_it_is(replay: Replay) -> None:
    replay.start()
    replay.prepare()
    replay.whole(0)
    for individual in replay.mutate(1):
        replay.finish(individual)
    files = list(damaged_files(replay))
    assert len(files) == 6
    for file in files:
        before = file.read_bytes()
        file.write_bytes(before[: len(before) // 2])
        with pytest.raises(DamagedRecord, match=re.escape(str(file))):
            standing(replay.root)
        file.write_bytes(before)
    assert standing(replay.root).text == "generation 1: evaluating candidates"


# A generation in a line


def told(root: SearchRoot, generation: int, **changes: Any) -> str:
    """The line on a generation of a search, of which some fields are changed."""
    population = root.population(generation)
    assert population is not None
    return sentence(replace(population, **changes), root)


def test_a_generation_is_told_with_its_best_and_its_median(ended: SearchRoot) -> None:
    generations = ended.lineage().generations
    for generation, population in enumerate(generations):
        tops = sorted(m.result.metrics["top1"] for m in population.newborn)
        best = min(
            (m for g in generations[: generation + 1] for m in g.newborn),
            key=lambda m: m.result.metrics["loss"],
        )
        assert best.result.latency is not None
        assert told(ended, generation) == (
            f"generation {generation}: {len(tops)} of {len(tops)} trained; best "
            f"{best.individual.name}: top-1 {best.result.metrics['top1']:.3f}, loss "
            f"{best.result.metrics['loss']:.3f}, {best.result.latency.median_ms:.1f} ms, "
            f"median of the newborn {tops[len(tops) // 2]:.3f}"
        )


def test_latency_that_was_not_measured_is_not_told(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 5, 3, latency=False, troubles={})
    assert " ms" not in told(root, 0)
    assert re.search(r"loss \d\.\d{3}, median of the newborn", told(root, 0))


def test_a_generation_of_failures_keeps_the_best_of_before_and_has_no_median(
    ended: SearchRoot,
) -> None:
    population, best = ended.population(1), ended.lineage().best(ended.settings, 1)
    assert population is not None
    assert best is not None
    failed = tuple(
        Member(m.individual, replace(m.result, training=Training("failed"), evaluation=None))
        for m in population.newborn
    )
    line = told(ended, 1, newborn=failed)
    assert line.startswith(f"generation 1: 0 of 3 trained; best {best.individual.name}: ")
    assert "median" not in line


def test_where_nobody_was_trained_nobody_is_best(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 4, 2, troubles={"failed": 1.0})
    assert told(root, 0) == "generation 0: nobody"


# While it changes


class Terminal(io.StringIO):
    """What was shown, to be read while it is written."""

    @property
    def text(self) -> str:
        """Without what moves the cursor and colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue()).replace("\r", "\n")

    @property
    def lines(self) -> list[str]:
        """Whole lines without their times."""
        return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in self.text.splitlines()]

    def until(self, words: str, after: int = 0) -> int:
        """Waits for words beyond a place; gives back the place behind them."""
        deadline = time.monotonic() + 60
        while (found := self.text.find(words, after)) < 0:
            assert time.monotonic() < deadline, f"never shown: {words!r} in {self.text!r}"
            time.sleep(0.01)
        return found + len(words)


@contextmanager
def watched(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, *, bars: bool = False, generations: int = 2
) -> Iterator[Terminal]:
    """What is shown of a root, looked at every hundredth of a second."""
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.01)
    terminal, finished = Terminal(), threading.Event()
    console = Console(file=terminal, force_terminal=bars, width=120)
    watcher = threading.Thread(
        target=show_progress, args=(str(replay.folder), generations, console, finished)
    )
    watcher.start()
    try:
        yield terminal
    finally:
        finished.set()
        watcher.join(60)
    assert not watcher.is_alive(), "it ends when it is told to"


def live(replay: Replay, terminal: Terminal, shown: Callable[[str], str]) -> None:
    """A search of two generations that waits until each of its stages was seen."""
    terminal.until("starting")
    replay.start()
    terminal.until("preparing the videos")
    replay.prepare()
    for generation in range(2):
        name = f"generation {generation}: "
        terminal.until(f"{name}mutating")
        individuals = replay.mutate(generation)
        terminal.until(f"{name}training candidates {shown(f'0 of {len(individuals)}')}")
        for individual in individuals:
            replay.train(individual)
        terminal.until(f"{name}evaluating candidates {shown(f'0 of {len(individuals)}')}")
        for individual in individuals:
            replay.evaluate(individual)
        replay.select(generation)
        population = replay.ended.population(generation)
        assert population is not None
        terminal.until(sentence(population, replay.ended))


def test_without_a_terminal_each_stage_is_a_line_once(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(replay, monkeypatch) as terminal:
        live(replay, terminal, lambda count: count)
    ended = [told(replay.ended, generation) for generation in range(2)]
    assert terminal.lines == [
        "starting", "preparing the videos", "generation 0: mutating",
        "generation 0: training candidates 0 of 5", "generation 0: evaluating candidates 0 of 5",
        ended[0], "generation 1: mutating",
        "generation 1: training candidates 0 of 3", "generation 1: evaluating candidates 0 of 3",
        ended[1],
    ]
    assert "\x1b" not in terminal.getvalue()


def test_without_a_terminal_counts_are_told_now_and_then(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    replay.start()
    replay.prepare()
    individuals = replay.mutate(0)
    with watched(replay, monkeypatch) as terminal:
        for done, individual in enumerate(individuals):
            terminal.until(f"generation 0: training candidates {done} of 5")
            replay.train(individual)
        terminal.until("generation 0: evaluating candidates 0 of 5")


def in_a_bar(count: str) -> str:
    """How a bar shows `0 of 5`."""
    return f"{'━' * 40} {count.replace(' of ', '/')} "


def test_on_a_terminal_two_bars_show_run_and_generation(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(replay, monkeypatch, bars=True) as terminal:
        live(replay, terminal, in_a_bar)
    runs = re.findall(r"generations of this run .*? (\d/\d)", terminal.text)
    assert list(dict.fromkeys(runs)) == ["0/2", "1/2", "2/2"]
    counts = re.findall(r"generation 0: (\w+) candidates\s.*? (\d)/5", terminal.text)
    assert counts[0] == ("training", "0")
    assert [int(done) for kind, done in counts if kind == "training"] == sorted(
        int(done) for kind, done in counts if kind == "training"
    )


def test_a_run_that_goes_on_counts_its_own_generations_and_repeats_no_line(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.start()
    replay.prepare()
    replay.whole(0)
    with watched(replay, monkeypatch, bars=True) as terminal:
        terminal.until("generation 1: mutating")
        both = r"generations of this run .*? (\d/\d) .*\n *generation 1: mutating"
        assert set(re.findall(both, terminal.text)) == {"0/2"}
        replay.whole(1)
        place = terminal.until(told(replay.ended, 1))
        terminal.until(" 1/2 ", after=place)
    assert told(replay.ended, 0) not in terminal.text


def test_generations_that_end_between_two_looks_are_all_told_in_order(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.start()
    replay.prepare()
    with watched(replay, monkeypatch, generations=3) as terminal:
        terminal.until("generation 0: mutating")
        file = replay.folder / "search.json"
        hidden = file.rename(replay.folder / "search.hidden")  # what is going on cannot be seen
        terminal.until("starting")
        for generation in range(3):
            shutil.copytree(replay.ended.generation_address(generation),
                            replay.root.generation_address(generation))
        hidden.rename(file)
        terminal.until(told(replay.ended, 2))
    ended = [line for line in terminal.lines if "trained; best" in line]
    assert ended == [told(replay.ended, generation) for generation in range(3)]


@pytest.mark.parametrize("bars", [False, True], ids=["lines", "bars"])
def test_damage_is_left_to_the_steps_and_progress_goes_on_behind_it(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, bars: bool
) -> None:
    replay.start()
    replay.prepare()
    individuals = replay.mutate(0)
    file = Path(replay.root.generation_address(0)) / "candidates.json"
    content = file.read_bytes()
    with watched(replay, monkeypatch, bars=bars) as terminal:
        terminal.until("generation 0: training candidates")
        file.write_bytes(content[:-30])
        for individual in individuals:
            replay.finish(individual)
        file.write_bytes(content)
        terminal.until("generation 0: evaluating candidates")
    for words in ("JSON", "Traceback", "damaged", str(file)):
        assert words not in terminal.text


def test_what_is_damaged_all_the_while_shows_nothing_and_ends(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay.start()
    replay.prepare()
    next(replay.folder.glob("data/*/dataset.json")).write_text("{")
    with watched(replay, monkeypatch) as terminal:
        pass
    assert terminal.text == ""


def test_the_last_generation_is_told_though_the_run_is_over(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends while nobody looks, and the run a moment later."""
    monkeypatch.setattr(progress, "POLL_SECONDS", 3600.0)
    replay.start()
    replay.prepare()
    terminal, finished = Terminal(), Looks(lambda: replay.whole(0))
    show_progress(str(replay.folder), 1, Console(file=terminal, width=200), finished)
    assert terminal.lines == ["generation 0: mutating", told(replay.ended, 0)]


class Looks(threading.Event):
    """Lets a watcher look, does something, then ends the run."""

    def __init__(self, between: Callable[[], None]) -> None:
        super().__init__()
        self._between, self._looks = between, 0

    def wait(self, timeout: float | None = None) -> bool:
        """The first look begins at once."""
        self._looks += 1
        if self._looks == 2:
            self._between()
            self.set()
        return self.is_set()


def test_who_is_outside_the_budget_or_failed_does_not_count_as_trained(ended: SearchRoot) -> None:
    population: Population[Any] | None = ended.population(0)
    assert population is not None
    latencies = sorted(m.result.latency.median_ms for m in population.newborn if m.result.latency)
    limited = replace(population.budget, max_latency_ms=(latencies[1] + latencies[2]) / 2)
    assert told(ended, 0, budget=limited).startswith("generation 0: 2 of 5 trained; ")
    unevaluated = replace(population.newborn[0].result, evaluation=Evaluation("failed"))
    newborn = (Member(population.newborn[0].individual, unevaluated), *population.newborn[1:])
    assert told(ended, 0, newborn=newborn).startswith("generation 0: 4 of 5 trained; ")
