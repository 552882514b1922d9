"""A step that is killed in the middle leaves no process and no damage, and can be repeated."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate
from videonas.steps.train_candidate import train_candidate

TOP = Path(__file__).parents[2]
STEPS = 400
"""Enough for the kill to come between two of the trainer's lines."""


def files(root: SearchRoot) -> dict[str, bytes]:
    folder = Path(root.uri)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_train_candidate_killed_in_the_middle_of_a_training(
    new_root: Callable[..., SearchRoot]
) -> None:
    root, undisturbed = new_root(train_steps=STEPS), new_root("other", train_steps=STEPS)
    for search in (root, undisturbed):
        mutate(search, 0)
    first = root.need_candidates(0).individuals[0]
    before = files(root)
    step = subprocess.Popen(
        [sys.executable, "-m", "videonas", "train-candidate", "--search-root", root.uri,
         "--generation", "0", first.name],
        cwd=TOP, stderr=subprocess.PIPE, text=True,
    )
    assert step.stderr is not None
    assert any(f" of {STEPS}, loss" in line for line in step.stderr), "no training"
    family = [psutil.Process(step.pid), *psutil.Process(step.pid).children(recursive=True)]
    assert len(family) > 2, "no child trains"
    step.kill()
    step.wait()
    wait_until(lambda: not running(family))
    step.stderr.close()

    folder = root.result_folder(first.id, root.need_dataset().digest)
    assert folder.training() is None, "the kill came too late"
    after = files(root)
    assert {name: after[name] for name in before} == before, "something was changed"
    assert {Path(name).name for name in after.keys() - before.keys()} == {
        "latency.json", "training-attempt-1"
    }

    assert train_candidate(root, 0, [first.name]) == {first.name: None}
    train_candidate(undisturbed, 0, [first.name])
    expected = undisturbed.result_folder(first.id, undisturbed.need_dataset().digest)
    training, other = folder.training(), expected.training()
    assert training is not None
    assert other is not None
    assert (training.outcome, training.loss) == ("ok", other.loss)
    assert folder.fetch_weights().is_file()
