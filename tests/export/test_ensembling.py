"""Who is in an ensemble is chosen by the validation split alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.export.test_selection import answers_of
from videonas.export.clip_logits import ClipLogits
from videonas.export.ensembling import choice_job
from videonas.export.jobs import ChoiceJob
from videonas.export.videos import in_every_view
from videonas.export.views import VIEWS

FIRST, GOOD_WHEN_SELECTED, GOOD_WHEN_TESTED = "xxxx....", "....xxxx", "xxxxx..."


def answers(right: str) -> ClipLogits:
    """A network that is right about the videos marked `x`, and unsure where it is wrong."""
    one = answers_of(right, 3.0, doubt=1.0)
    return replace(one, logits=dict.fromkeys(VIEWS, one.logits["intact"]))


def job_of(folder: Path, validation: list[str], test: list[str], size: int | None) -> ChoiceJob:
    """Networks, of which each is right about some videos of each split."""
    files: dict[str, list[Path]] = {"validation": [], "test": []}
    for split, rights in (("validation", validation), ("test", test)):
        for number, right in enumerate(rights):
            files[split].append(folder / f"{split}-{number}.npz")
            answers(right).save(files[split][-1])
    return ChoiceJob(tuple(files["validation"]), tuple(files["test"]), 0, size)


@pytest.fixture
def pair(tmp_path: Path) -> ChoiceJob:
    """The one that is good when it is tested is not the one that is good when it is selected."""
    return job_of(
        tmp_path, [FIRST, GOOD_WHEN_TESTED, GOOD_WHEN_SELECTED], [FIRST, "xxxxxxxx", "........"], 2
    )


def test_the_test_split_chooses_nothing(pair: ChoiceJob) -> None:
    pair.test[1].unlink()  # of whoever is not chosen it is not read
    chosen = choice_job(pair)
    assert chosen.members == (0, 2)
    assert chosen.validation["top1"] == 1.0


def test_what_is_tested_is_the_ensemble(tmp_path: Path) -> None:
    rights = ["xxxx....", "....xxxx"]
    chosen = choice_job(job_of(tmp_path, ["xxxxxx..", "xxxxxxxx"], rights, None))
    assert chosen.members == (0, 1)
    assert chosen.test.intact.metrics["top1"] == 1.0, "each is sure where it is right"
    assert chosen.differ == {(0, 1): 0.25}
    alone = in_every_view(answers(rights[0]).scores())
    assert alone.intact.metrics["top1"] == 0.5


def test_all_are_there_by_default_the_fittest_first(tmp_path: Path) -> None:
    job = job_of(tmp_path, ["........", "xx......", "xxxxxxxx"], ["xxxxxxxx"] * 3, None)
    chosen = choice_job(ChoiceJob(job.validation, job.test, 2, None))
    assert chosen.members == (2, 0, 1)
