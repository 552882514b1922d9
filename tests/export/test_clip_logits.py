from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.export.clip_logits import ClipLogits, mean_logits


def some_logits(videos: int, seed: int, *, several: bool = False, classes: int = 3) -> ClipLogits:
    """Two clips a video, of two views."""
    rng = np.random.default_rng(seed)
    names = tuple(f"{number // 2}.mp4" for number in range(2 * videos))
    of_videos = np.random.default_rng(0).integers(0, classes, videos)
    labels = np.repeat(np.eye(classes, dtype=np.uint8)[of_videos] if several else of_videos, 2, 0)
    views = {view: rng.normal(0, 3, (2 * videos, classes)).astype(np.float32)
             for view in ("intact", "shuffled")}
    return ClipLogits(names, labels, views)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 99), st.booleans())
def test_a_video_has_the_mean_of_the_probabilities_of_its_clips(
    videos: int, seed: int, several: bool
) -> None:
    answers = some_logits(videos, seed, several=several)
    found = answers.scores()
    assert found.clips == 2 * videos
    for view, logits in answers.logits.items():
        if several:
            of_clips = 1 / (1 + np.exp(-logits))
        else:
            of_clips = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        expected = of_clips.reshape(videos, 2, -1).mean(axis=1)
        assert found.scores[view] == pytest.approx(expected, abs=1e-6)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(0, 99))
def test_logits_are_averaged_and_not_probabilities(count: int, seed: int) -> None:
    members = [some_logits(3, seed + place) for place in range(count)]
    together = mean_logits(iter(members))
    for view in ("intact", "shuffled"):
        expected = np.mean([member.logits[view] for member in members], axis=0)
        assert together.logits[view] == pytest.approx(expected, abs=1e-5)
        assert together.logits[view].dtype == np.float32
    assert (together.labels == members[0].labels).all()


def test_one_that_is_sure_outweighs_two_that_are_not() -> None:
    """What distinguishes logits from probabilities: by these, two of three would win."""
    sure, unsure = np.array([[9.0, 0.0]]), np.array([[0.0, 2.0]])
    members = [ClipLogits(("a",), np.array([0]), {"intact": np.float32(logits)})
               for logits in (sure, unsure, unsure)]
    assert mean_logits(members).scores().scores["intact"].argmax() == 0
    probabilities = np.mean([member.scores().scores["intact"] for member in members], axis=0)
    assert probabilities.argmax() == 1


def test_other_clips_are_not_averaged() -> None:
    with pytest.raises(AssertionError, match="the same clips"):
        mean_logits([some_logits(3, 0), some_logits(4, 0)])


@pytest.mark.parametrize("several", [False, True])
def test_a_file_keeps_everything(several: bool, tmp_path: Path) -> None:
    answers = some_logits(4, 1, several=several)
    answers.save(tmp_path / "l.npz")
    again = ClipLogits.load(tmp_path / "l.npz")
    assert again.videos == answers.videos
    assert (again.labels == answers.labels).all()
    assert again.logits.keys() == answers.logits.keys()
    assert all((again.logits[view] == answers.logits[view]).all() for view in answers.logits)


def test_a_logit_that_is_no_number_is_seen() -> None:
    answers = some_logits(2, 0)
    assert answers.finite
    answers.logits["shuffled"][1, 2] = np.nan
    assert not answers.finite
