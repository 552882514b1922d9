"""A step that was given a GPU and has none says so; this machine is taken to have none."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from click.testing import CliRunner

from tests.synthetic import make_search
from videonas.cli import main
from videonas.errors import VideonasError
from videonas.steps.devices import need_gpus
from videonas.training.supervisor import Supervisor


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


def test_a_gpu_that_tensorflow_does_not_see_is_refused() -> None:
    with pytest.raises(VideonasError, match="1 GPU requested, TensorFlow sees 0; allowed: the im"):
        need_gpus("1")


@pytest.mark.parametrize("requested", ["", " ", "0"])
def test_without_a_gpu_no_process_is_asked(requested: str) -> None:
    with patch.object(Supervisor, "run", side_effect=AssertionError):
        need_gpus(requested)


def test_what_is_no_count_is_refused() -> None:
    with pytest.raises(VideonasError, match="gpus is 'nvidia'"):
        need_gpus("nvidia")


@pytest.mark.parametrize("step", ["measure", "train-candidate", "evaluate"])
def test_every_step_that_runs_networks_takes_the_count(step: str, tmp_path: object) -> None:
    root = make_search(f"{tmp_path}/root", generations=1, population=2, children=2)
    said = CliRunner().invoke(
        main, [step, "--search-root", root.uri, "--generation", "0", "--gpus", "2"]
    )
    assert said.exit_code == 2
    assert "2 GPUs requested, TensorFlow sees 0" in said.output
