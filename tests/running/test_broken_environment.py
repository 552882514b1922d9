"""Searches in an environment that is broken on purpose, and what is left of them once it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import SMALL
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]

REFUSES = """
import keras, tensorflow as tf
def refuse(*_, **__):
    raise tf.errors.InvalidArgumentError(None, None, "Graph execution error:\\n\\n"
        "Detected at node x defined at (most recent call last):\\n\\n"
        "Incompatible shapes: [0,16,16,3] vs. [8]")
"""

NO_CONVOLUTION = REFUSES + """
from keras.src.backend.tensorflow import nn
nn.conv = refuse
"""

NO_WEIGHTS = REFUSES + """
import os
if os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1":
    keras.Model.load_weights = refuse
"""
"""Evaluation loads weights, training does not."""


class Search:
    """Runs on one search root, each in a process of its own."""

    def __init__(self, folder: Path, demo_videos: Path, **settings: Any) -> None:
        self.root, self._site = folder / "root", folder / "site"
        file = folder / "small.yaml"
        file.write_text(yaml.safe_dump({**SMALL, "videos": str(demo_videos), **settings}))
        self._settings = ("--settings", str(file))
        self._site.mkdir()

    def run(self, *, broken: str = "", onednn: str = "0") -> subprocess.CompletedProcess[str]:
        """A run in a process that does something first."""
        return self._python("pipelines", "run", "tiny_video", "--search-root", str(self.root),
                            *self._settings, broken=broken, onednn=onednn)

    def retry(self, *words: str) -> str:
        """What `videonas retry` says."""
        said = self._python("videonas", "retry", str(self.root), *words)
        assert said.returncode == 0, said.stderr
        return said.stdout

    def _python(
        self, *words: str, broken: str = "", onednn: str = "0"
    ) -> subprocess.CompletedProcess[str]:
        (self._site / "sitecustomize.py").write_text(broken)
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=TOP, capture_output=True, text=True, timeout=250,
            check=False, env={**os.environ, "PYTHONPATH": str(self._site),
                              "TF_ENABLE_ONEDNN_OPTS": onednn},
        )

    def parts(self, name: str) -> dict[str, int]:
        """When parts of results were written."""
        files = self.root.glob(f"results/*/*/{name}")
        return {str(path): path.stat().st_mtime_ns for path in files}

    def history(self) -> list[tuple[str, str, float | None]]:
        """Who was born, with which network, and what its evaluation gave."""
        members = SearchRoot(str(self.root)).lineage().members.values()
        return [(m.individual.name, m.individual.id, m.result.metrics.get("loss"))
                for m in members]


@pytest.mark.slow
def test_a_broken_tensorflow_stops_the_run_and_costs_the_search_nothing(
    tmp_path: Path, demo_videos: Path
) -> None:
    search = Search(tmp_path, demo_videos, population=6)
    stopped = search.run(broken=NO_CONVOLUTION)
    assert stopped.returncode == 2
    sentence = stopped.stderr.splitlines()[-1]  # TensorFlow's own come before
    assert "in the same way for 3 networks" in sentence
    assert "Incompatible shapes: [0,16,16,3] vs. [8]" in sentence
    log = Path(sentence.rpartition("the log: ")[2])
    assert "Traceback" in log.read_text()
    assert not search.parts("training.json")

    resumed = search.run()
    assert resumed.returncode == 0, resumed.stderr
    (tmp_path / "other").mkdir()
    other = Search(tmp_path / "other", demo_videos, population=6)
    assert other.run().returncode == 0
    assert search.history() == other.history()


@pytest.mark.slow
def test_failed_evaluations_are_repeated_after_retry_and_trainings_are_not(
    tmp_path: Path, demo_videos: Path
) -> None:
    """Two networks are too few for a common cause, so both are given up."""
    search = Search(tmp_path, demo_videos, population=2, generations=1)
    assert search.run(broken=NO_WEIGHTS, onednn="1").returncode == 2
    trained = search.parts("training.json")
    assert len(trained) == 2

    # the same environment, as far as can be seen: what failed in it stays so
    again = search.run(onednn="1")
    assert again.returncode == 2
    assert "of 2 networks 2 were trained and none can be selected" in again.stderr
    assert f"videonas retry {search.root} --generation 0" in again.stderr

    assert search.retry("--generation", "0").count("000000-0") == 2
    resumed = search.run(onednn="1")
    assert resumed.returncode == 0, resumed.stderr
    assert search.parts("training.json") == trained
    assert SearchRoot(str(search.root)).head() == 0


@pytest.mark.slow
def test_a_run_in_another_environment_repeats_what_failed_by_itself(
    tmp_path: Path, demo_videos: Path
) -> None:
    search = Search(tmp_path, demo_videos, population=2, generations=1)
    assert search.run(broken=NO_WEIGHTS, onednn="1").returncode == 2
    trained = search.parts("training.json")
    resumed = search.run(broken=NO_WEIGHTS, onednn="0")
    assert resumed.returncode == 0, resumed.stderr
    assert search.parts("training.json") == trained
    assert SearchRoot(str(search.root)).head() == 0
