"""What TensorFlow says of its own start, seen from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate
from videonas.tensorflow_start import DRIVER

TOP = Path(__file__).parents[1]

START = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1796059416.357778   19415 port.cc:153] oneDNN custom operations are on.
W0000 00:00:1796059416.357778   19415 placer.cc:177] computation placer already registered.
I0000 00:00:1796059416.421699   19415 cpu_feature_guard.cc:227] This TensorFlow binary is optimized.
To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild TensorFlow
2025-09-17 14:44:05.157831: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:32] Could not find cuda
E0000 00:00:1758131045.203198 3722035 cuda_dnn.cc:8579] Unable to register cuDNN factory: Attempting
"""
"""Lines of versions 2.17 to 2.21, with CUDA and without."""

REAL = """\
E0000 00:00:1796059534.298992   21881 cuda_platform.cc:52] out of memory
F0000 00:00:1796059534.298992   21881 cpu.cc:52] compiled to use AVX instructions, not available
something that nobody foresaw
"""

SAYS = "import os\nos.write(2, {said!r})\n"


def run(program: str, *path: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that has been told to start TensorFlow quietly."""
    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    where = os.pathsep.join(map(str, [*path, TOP]))
    return subprocess.run(
        [sys.executable, "-c", "from videonas.logs import set_up_logging\nset_up_logging('x')\n"
         f"{program}"],
        capture_output=True, text=True, check=False, cwd=TOP,
        env={**inherited, "PYTHONPATH": where, **environment},
    )


def stand_in(folder: Path, more: str = "") -> Path:
    """A package `tensorflow` that says on import what versions say, and real errors."""
    (folder / "tensorflow").mkdir()
    said = SAYS.format(said=(START + REAL).encode())
    (folder / "tensorflow" / "__init__.py").write_text(f"{said}{more}")
    return folder


@pytest.mark.parametrize("onednn", ["0", "1"])
def test_tensorflow_starts_and_computes_without_a_word(onednn: str) -> None:
    said = run(
        "import tensorflow as tf\nprint(float(tf.reduce_sum(tf.ones([3, 3]))))",
        TF_ENABLE_ONEDNN_OPTS=onednn,
    )
    assert said.stdout == "9.0\n"
    assert said.stderr == ""


def test_who_asks_for_them_sees_them() -> None:
    said = run("import tensorflow", TF_CPP_MIN_LOG_LEVEL="0", TF_ENABLE_ONEDNN_OPTS="1")
    assert "oneDNN custom operations are on" in said.stderr


def test_what_is_no_remark_on_the_start_is_let_through_in_order(tmp_path: Path) -> None:
    said = run("import tensorflow\nimport sys\nprint('after', file=sys.stderr)", stand_in(tmp_path))
    assert said.returncode == 0
    assert said.stderr == f"{REAL}after\n"


def test_the_last_words_of_an_import_that_aborts_are_let_through(tmp_path: Path) -> None:
    said = run("import tensorflow", stand_in(tmp_path, more="os.abort()\n"))
    assert said.returncode == -6
    assert said.stderr == REAL


def test_an_import_that_fails_fails_as_ever(tmp_path: Path) -> None:
    said = run(
        "try:\n    import tensorflow\nexcept ImportError as error:\n    print(error)\n"
        "import os\nos.write(2, b'I0000 00:00:1 our own line\\n')",
        stand_in(tmp_path, more="raise ImportError('no libcuda')\n"),
    )
    assert said.stdout == "no libcuda\n"
    assert said.stderr == f"{REAL}I0000 00:00:1 our own line\n", "only the import is sifted"


def test_children_inherit_the_level(tmp_path: Path) -> None:
    said = run("import subprocess\nsubprocess.run('echo $TF_CPP_MIN_LOG_LEVEL', shell=True)")
    assert said.stdout == ("2\n" if DRIVER.exists() else "3\n")
    said = run("import subprocess\nsubprocess.run('echo $TF_CPP_MIN_LOG_LEVEL', shell=True)",
               TF_CPP_MIN_LOG_LEVEL="1")
    assert said.stdout == "1\n"


def test_a_step_says_nothing_but_its_own_lines(new_root: Callable[..., SearchRoot]) -> None:
    root = new_root()
    mutate(root, 0)
    name = root.need_candidates(0).individuals[0].name
    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    said = subprocess.run(
        [sys.executable, "-m", "videonas", "train-candidate", "--search-root", root.uri,
         "--generation", "0", name],
        capture_output=True, text=True, check=True, cwd=TOP, env=inherited,
    )
    lines = said.stderr.splitlines()
    assert len(lines) > 3
    assert all(re.match(r"\d\d:\d\d:\d\d train-candidate: ", line) for line in lines), said.stderr
