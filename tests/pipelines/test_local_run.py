"""The compiled pipeline end to end, by kfp's own local runner, on real encoded videos."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.cluster import Cluster
from pipelines.compiling import compile_pipeline
from tests.conftest import SMALL
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    return file


@pytest.mark.slow
def test_the_compiled_file_runs_here_and_generations_beyond_the_run_do_nothing(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    """What a cluster does: compiled for two generations, asked for one; latency on its own."""
    compile_pipeline("tiny_video", tmp_path / "p.yaml", 2, Cluster(measure=True, parallelism=1))
    program = (
        "import sys, yaml\n"
        "from kfp import components, local\n"
        "file, root, videos, settings = sys.argv[1:]\n"
        "local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=root + '/kfp')\n"
        "values = yaml.safe_load(open(settings)) | {'population': 1}\n"
        "flat = {n: values.pop(n) for n in ('population', 'children', 'train_steps')}\n"
        "values.pop('generations')\n"
        "components.load_component_from_file(file)(search_root=root, videos=videos,\n"
        "    generations=1, settings=values, **flat)\n"
    )
    root = tmp_path / "root"
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "p.yaml"), str(root), str(demo_videos),
         str(settings_file)],
        cwd=TOP, capture_output=True, text=True, timeout=280, check=False,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-3000:]
    assert SearchRoot(str(root)).head() == 0
    assert not list(root.glob("generations/000001/*"))
    steps = sorted(timing.step for timing in SearchRoot(str(root)).timings())
    assert steps == ["data-prep", "evaluate", "finish", "measure", "mutate", "mutate", "select",
                     "start", "train-candidate"]
