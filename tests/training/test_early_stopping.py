"""The median rule: by hand, and what must hold of it."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.codec import decode, encode
from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.search.result import Training
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip, Sampling, Task
from videonas.training import trainer
from videonas.training.early_stopping import (
    POINTS,
    curve_of,
    ends_early,
    falls_behind,
    stretch_ends,
)
from videonas.training.trainer import batch_indices, chunks

points = st.floats(0, 10).map(lambda value: round(value, 3))
curves = st.lists(points, min_size=1, max_size=POINTS).map(tuple)


def with_rule(**values: Any) -> Settings:
    return make_settings({"train_steps": 40, "early_stopping": True, **values})


# Curves

@given(st.integers(1, 3000))
def test_stretches_are_as_long_as_each_other_and_hold_all_steps(steps: int) -> None:
    ends = stretch_ends(steps)
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    assert ends[-1] == sum(lengths) == steps
    assert len(ends) == min(POINTS, steps)
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1


@given(st.lists(st.floats(0, 10), min_size=1, max_size=70), st.data())
def test_a_curve_so_far_is_how_the_whole_one_begins(
    losses: list[float], data: st.DataObject
) -> None:
    steps = len(losses)
    whole = curve_of(losses, steps)
    assert len(whole) == len(stretch_ends(steps))
    made = data.draw(st.integers(0, steps))
    so_far = curve_of(losses[:made], steps)
    assert so_far == whole[: len(so_far)]
    assert len(so_far) == sum(end <= made for end in stretch_ends(steps))


def test_a_point_is_the_mean_of_its_stretch() -> None:
    losses = [float(n) for n in range(2 * POINTS + 10)]  # ten stretches of two steps, ten of three
    curve = curve_of(losses, len(losses))
    starts = [0, *stretch_ends(len(losses))[:-1]]
    expected = [fmean(losses[a:b]) for a, b in zip(starts, [*starts[1:], len(losses)], strict=True)]
    assert curve == pytest.approx(expected)
    assert curve[:2] == (0.5, 3.0)


def test_a_curve_is_kept_in_a_record_and_older_records_have_none() -> None:
    training = Training("ok", loss=0.5, curve=(1.5, 0.5), steps=30)
    data = encode(training, "training/1")
    assert decode(Training, data, "training/1", "here") == training
    older = b'{"format": "training/1", "outcome": "ok", "loss": 0.5}'
    assert decode(Training, older, "training/1", "here") == Training("ok", loss=0.5)


# The rule

FINISHED = [(4.0, 3.0, 2.0), (4.0, 2.0, 0.0), (40.0, 40.0, 40.0)]
"""Running means: 4, 3.5, 3; 4, 3, 2; 40, 40, 40. Their medians: 4, 3.5, 3."""


@pytest.mark.parametrize(("curve", "behind"), [
    ((4.0,), False), ((4.1,), True),
    ((4.1, 3.5), False), ((4.1, 3.6), True), ((3.5, 9.0), False),
    ((9.0, 9.0, 3.0), False), ((9.0, 3.0, 9.0), False), ((9.0, 9.0, 3.1), True),
], ids=str)
def test_the_rule_by_hand(curve: tuple[float, ...], behind: bool) -> None:
    assert falls_behind(curve, FINISHED, 3) is behind


@pytest.mark.parametrize("fewest", [1, 3, 4])
def test_too_few_curves_say_nothing(fewest: int) -> None:
    assert falls_behind((9.0, 9.0), FINISHED, fewest) is (fewest <= 3)
    assert falls_behind((9.0,), [], fewest) is False


def test_a_curve_that_ended_early_counts_as_far_as_it_goes() -> None:
    low, high = [(1.0, 1.0, 1.0)] * 2, [(5.0,)] * 3
    assert falls_behind((3.0,), [*low, *high], 5) is False
    assert falls_behind((5.5,), [*low, *high], 5) is True
    assert falls_behind((3.0, 3.0), [*low, *high], 3) is False, "two are not enough"
    assert falls_behind((3.0, 3.0), [*low, *high], 2) is True


def test_before_the_first_point_nothing_is_known() -> None:
    assert falls_behind((), [(1.0,), ()], 1) is False


@given(curves, st.lists(curves, min_size=1, max_size=6), points)
def test_whoever_is_ahead_of_all_goes_on_and_whoever_is_behind_all_does_not(
    curve: tuple[float, ...], finished: list[tuple[float, ...]], ahead: float
) -> None:
    reach = [other[: len(curve)] for other in finished if len(other) >= len(curve)]
    averages = [fmean(other) for other in reach]
    if averages and min(curve) > max(averages):
        assert falls_behind(curve, finished, 1)
    if not averages or min(curve) <= min(averages):
        assert not falls_behind(curve, finished, 1)
    better = tuple(min(point, ahead) for point in curve)
    if not falls_behind(curve, finished, 1):
        assert not falls_behind(better, finished, 1), "lower losses were punished"


# When it acts

WORST, BEST = [9.0] * 40, [(0.0,) * POINTS] * 5


def stopped_at(settings: Settings, finished: list[tuple[float, ...]] = BEST) -> list[int]:
    """The steps after which the worst of trainings would be ended."""
    made = range(settings.train_steps + 1)
    return [n for n in made if ends_early(WORST[:n], finished, settings)]


def test_with_the_setting_off_nothing_ends_early() -> None:
    assert stopped_at(with_rule(early_stopping=False)) == []
    assert Settings().early_stopping is False


@pytest.mark.parametrize(("start", "first"), [(0.0, 2), (0.1, 4), (0.5, 20), (0.99, None),
                                              (1.0, None)])
def test_nothing_ends_before_its_share_of_the_steps_or_when_all_are_made(
    start: float, first: int | None
) -> None:
    expected = [] if first is None else list(range(first, 40))
    assert stopped_at(with_rule(early_stopping_start=start)) == expected


def test_nothing_ends_before_enough_are_finished() -> None:
    assert stopped_at(with_rule(early_stopping_curves=6)) == []
    assert stopped_at(with_rule(early_stopping_curves=6), [*BEST, *BEST])


def test_a_training_of_one_step_is_made() -> None:
    assert stopped_at(with_rule(train_steps=1, early_stopping_start=0.0), [(0.0,)] * 5) == []


@pytest.fixture
def reader(tmp_path: Path) -> ClipReader:
    """Seven clips whose label tells which they are."""
    writer = ShardWriter(tmp_path, "train")
    for number in range(7):
        writer.add({"rgb": np.zeros((1, 4, 2, 2, 1), np.uint8)}, [number], f"{number}.mp4")
    files = [(tmp_path / shard.name, shard) for shard in writer.close()]
    return ClipReader(files, Task({"rgb": Clip(4, 2, 1)}, 7), {"rgb": Sampling(2, 1, 2)})


@pytest.mark.parametrize("most", [1, 3, 50])
def test_a_chunk_ends_with_each_stretch_and_holds_the_same_clips(
    reader: ClipReader, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(trainer, "CHUNK", most)
    settings = with_rule(train_steps=95, batch_size=3)
    parts = [labels for _, labels in chunks(reader, settings, 5)]
    ends = np.cumsum([len(labels) // 3 for labels in parts])
    assert set(stretch_ends(95)) <= set(ends.tolist())
    assert max(len(labels) for labels in parts) <= 3 * most
    assert np.concatenate(parts).tolist() == batch_indices(7, 3, 95, 5).ravel().tolist()
