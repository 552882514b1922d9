"""Commands whose output cannot be written as it is: the encoding lacks characters, the disk is
full, the reader went away.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.synthetic import make_search
from videonas.cli import main
from videonas.console.output import HANDLER, PLAIN, Output, write_output
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]
FULL = Path("/dev/full")

COMMANDS = (
    ("show", "tvn1"), ("show", "evanet1"), ("show", "{root}"), ("compare", "tvn1", "tvn2"),
    ("compare", "{root}", "000000-00", "000001-00"), ("lineage", "{root}", "--descendants"),
    ("searches", "{root}"), ("settings",), ("settings", "--json"),
    ("mutate", "--search-root", "{root}", "--generation", "1"),
    ("convert", "tvn1", "{folder}/tvn1.yaml", "--classes", "3"),
    ("report", "{root}", "--output", "{folder}/r.html"),
    ("--help",), ("--version",), ("finish", "--help"),
)
"""Of every kind of output: tables, drawings, JSON, sentences, help."""


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("search") / "root", 2, 6, 4)


def words(command: Sequence[str], search: SearchRoot, folder: Path) -> list[str]:
    return [word.format(root=search.uri, folder=folder) for word in command]


def run(
    words: Sequence[str],
    output: int | None = None,
    module: str = "videonas",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", module, *words], cwd=TOP, check=False,
        stdout=subprocess.PIPE if output is None else output, stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )


def errors(said: subprocess.CompletedProcess[bytes]) -> list[str]:
    """What is on standard error but log lines."""
    lines = said.stderr.decode().splitlines()
    return [line for line in lines if line.startswith("error") or " mutate: " not in line]


# Characters


LOCALE_C = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize(
    ("command", "environment"),
    [*((command, {"PYTHONIOENCODING": "ascii"}) for command in COMMANDS),
     (COMMANDS[0], LOCALE_C)],
    ids=str,
)
def test_every_command_works_in_ascii(
    command: Sequence[str], environment: dict[str, str], search: SearchRoot, tmp_path: Path
) -> None:
    said = run(words(command, search, tmp_path), environment=environment)
    assert said.returncode == 0, said.stderr
    assert errors(said) == []
    assert said.stdout.isascii()
    assert said.stdout
    assert b"?" not in said.stdout.replace(b"0/?", b""), "every character of ours has a stand-in"


def test_numbers_keep_their_meaning_in_ascii() -> None:
    shown = run(("show", "tvn1"), environment={"PYTHONIOENCODING": "ascii"}).stdout.decode()
    in_full = run(("show", "tvn1"), environment={"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert "112² x 256" in in_full
    assert "112^2 x 256" in shown


def test_the_name_of_a_file_that_is_no_text_is_printed_byte_for_byte(
    search: SearchRoot, tmp_path: Path
) -> None:
    output = os.path.join(os.fsencode(tmp_path), b"\xff.html")
    said = run(("report", search.uri, "--output", os.fsdecode(output)))
    assert said.returncode == 0, said.stderr
    assert said.stdout == b"report: " + output + b"\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_text_of_others_is_replaced_character_by_character(encoding: str) -> None:
    like = io.TextIOWrapper(io.BytesIO(), encoding)
    buffer = io.BytesIO()
    output = Output(buffer, like)
    text = "".join(PLAIN) + "走る"
    output.write(text)
    output.flush()
    written = buffer.getvalue().decode(encoding)
    if encoding == "utf-8":
        assert written == text
    else:
        assert written.endswith("??")
        assert "?" not in written[:-2]
    assert output.errors == HANDLER


# A full disk, a closed pipe


def closed_pipe() -> int:
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [*((command, "") for command in COMMANDS), (COMMANDS[0], "1"), (("--version",), "1")],
    ids=str,
)
def test_output_that_cannot_be_written_is_one_sentence(
    command: Sequence[str], unbuffered: str, search: SearchRoot, tmp_path: Path
) -> None:
    full, pipe = os.open(FULL, os.O_WRONLY), closed_pipe()
    for output, why in ((full, "No space left on device"), (pipe, "Broken pipe")):
        environment = {"PYTHONUNBUFFERED": unbuffered}
        said = run(words(command, search, tmp_path), output, environment=environment)
        os.close(output)
        assert said.returncode == 2
        assert errors(said) == [f"error: standard output: {why}"]


def test_an_error_of_the_command_is_the_only_sentence() -> None:
    pipe = closed_pipe()
    said = run(("show", "nothing"), pipe)
    os.close(pipe)
    (sentence,) = errors(said)
    assert sentence.startswith("error: nothing: neither a file nor a preset")


def test_a_run_whose_output_nobody_reads_ends_with_one_sentence(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", 2, 4, 3)
    pipe = closed_pipe()
    said = run(("run", "tiny_video", "--search-root", search.uri), pipe, "pipelines")
    os.close(pipe)
    assert said.returncode == 2
    assert errors(said) == ["error: standard output: Broken pipe"]


@pytest.mark.parametrize(
    "command",
    [("show", "tvn1", "--svg"), ("report", "{root}", "--output")],
    ids=" ".join,
)
def test_a_file_for_which_there_is_no_room_is_named_in_one_sentence(
    command: Sequence[str], search: SearchRoot, tmp_path: Path
) -> None:
    said = run([*words(command, search, tmp_path), str(FULL)])
    assert said.returncode == 2
    assert errors(said) == [f"error: {FULL}: No space left on device"]
    assert said.stdout == b""


def test_a_converted_network_for_which_there_is_no_room(tmp_path: Path) -> None:
    (tmp_path / "full.yaml").symlink_to(FULL)
    said = run(("convert", "tvn1", str(tmp_path / "full.yaml"), "--classes", "3"))
    assert said.returncode == 2
    assert errors(said) == [f"error: {tmp_path / 'full.yaml'}: No space left on device"]


def test_a_file_that_was_cut_short_does_not_stay(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left") as raised:
        write_output(tiny_disk / "large.html", "x" * 2**20)
    assert raised.value.filename == str(tiny_disk / "large.html")
    assert not list(tiny_disk.iterdir())
    write_output(tiny_disk / "small.html", "é")
    assert (tiny_disk / "small.html").read_bytes() == "é".encode()


def test_in_one_process_after_another_command_nothing_is_left_behind() -> None:
    """A caller's standard output is never replaced."""
    before = sys.stdout
    with pytest.raises(SystemExit):
        main(["--version"])
    assert sys.stdout is before
