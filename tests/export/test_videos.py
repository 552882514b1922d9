from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.export.intervals import wilson_interval
from videonas.export.videos import VideoScores, accuracy, by_video, in_every_view


def some_scores(videos: int, classes: int, seed: int = 0) -> VideoScores:
    rng = np.random.default_rng(seed)
    views = {name: rng.dirichlet(np.ones(classes), videos)
             for name in ("intact", "shuffled", "repeated")}
    names = tuple(f"{i}.mp4" for i in range(videos))
    return VideoScores(names, rng.integers(0, classes, videos), views, 2 * videos)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 99))
def test_a_video_has_the_mean_of_its_clips_wherever_they_stand(which: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).random((len(which), 3))
    labels = np.array([video % 3 for video in which])
    averaged = by_video([f"{video}.mp4" for video in which], labels, {"intact": scores})
    assert averaged.clips == len(which)
    assert sorted(averaged.videos) == sorted({f"{video}.mp4" for video in which})
    for name, label, mean in zip(
        averaged.videos, averaged.labels, averaged.scores["intact"], strict=True
    ):
        own = np.array([f"{video}.mp4" == name for video in which])
        assert mean == pytest.approx(scores[own].mean(axis=0))
        assert set(labels[own]) == {label}


def test_videos_of_several_labels_keep_them() -> None:
    labels = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 0]], np.uint8)
    averaged = by_video(["a", "b", "a"], labels, {"intact": np.eye(3)})
    assert averaged.videos == ("a", "b")
    assert averaged.labels.tolist() == [[1, 1, 0], [0, 0, 1]]
    found = accuracy(averaged.scores["intact"], averaged.labels)
    assert found.top1_interval is None
    assert {"map", "loss"} <= found.metrics.keys()


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    scores = some_scores(5, 3)
    scores.save(tmp_path / "s.npz")
    again = VideoScores.load(tmp_path / "s.npz")
    assert (again.videos, again.clips) == (scores.videos, scores.clips)
    assert (again.labels == scores.labels).all()
    assert again.scores.keys() == scores.scores.keys()
    assert all((again.scores[view] == scores.scores[view]).all() for view in scores.scores)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", videos=np.array([{}], dtype=object), labels=np.zeros(1),
             clips=np.array(1))
    with pytest.raises(ValueError, match="allow_pickle"):
        VideoScores.load(tmp_path / "s.npz")


def test_metrics_by_hand() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]])
    found = accuracy(scores, np.array([0, 1, 2, 1]))
    assert found.metrics["top1"] == 0.75
    assert found.metrics["loss"] == pytest.approx(-np.log([0.7, 0.3, 0.8, 0.6]).mean())
    assert found.top1_interval == wilson_interval(3, 4)


def test_a_score_of_nothing_for_the_right_class_is_a_large_loss_and_a_number() -> None:
    loss = accuracy(np.array([[1.0, 0.0]]), np.array([1])).metrics["loss"]
    assert 20 < loss < np.inf


def test_every_view_is_tested() -> None:
    scores = some_scores(30, 4)
    found = in_every_view(scores)
    assert (found.videos, found.clips) == (30, 60)
    for view in ("intact", "shuffled", "repeated"):
        assert getattr(found, view) == accuracy(scores.scores[view], scores.labels)
