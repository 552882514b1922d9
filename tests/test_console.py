"""What people see in a terminal, and where there is none."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.architectures import TASK, evolved
from videonas.console.architecture import print_architecture
from videonas.console.progress import progress
from videonas.console.settings import print_settings, settings_rows
from videonas.errors import DamagedRecord, VideonasError
from videonas.search.architecture_file import encode_architecture
from videonas.search.settings import Settings, decides_of, make_settings
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import TinyVideoArchitecture, TinyVideoSpace

SPACE = TinyVideoSpace()
NET = SPACE.normalise(TinyVideoArchitecture(24, 2, 1, SPACE.presets["mobile1"].blocks), TASK)


def words(text: str) -> str:
    """A text without frames, and with single spaces."""
    return " ".join(re.sub(r"[─-▓┏┓┗┛┡┩╇┃━│]", " ", text).split())


# Progress


def test_where_there_is_no_terminal_the_end_is_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "videonas"), progress("videos") as report:
        for done in range(1, 6):
            report(done, 5)
    assert [record.getMessage() for record in caplog.records] == ["5 of 5 videos"]


def test_what_takes_long_says_now_and_then_how_far_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(0, 4)  # four seconds from one to the next
    monkeypatch.setattr(
        "videonas.console.progress.time", SimpleNamespace(monotonic=lambda: float(next(clock)))
    )
    with caplog.at_level(logging.INFO, "videonas"), progress("clips") as report:
        for done in range(1, 9):
            report(done, 100)
    assert [record.getMessage() for record in caplog.records] == [
        "3 of 100 clips", "6 of 100 clips"
    ], "more than ten seconds lie between two lines"


def in_terminal(*command: str) -> str:
    """What a process shows on a terminal, without what moves the cursor."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, shown
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    shown = in_terminal(sys.executable, "-m", "videonas", "demo-videos", str(tmp_path),
                        "--videos-per-class", "3")
    assert "━" in shown
    assert re.search(r"videos .* 24/24", shown)
    assert shown.splitlines()[-1] == f"demo videos: {tmp_path}"


# Settings


def test_there_is_a_row_for_every_setting() -> None:
    rows = {row["name"]: row for row in settings_rows()}
    assert list(rows) == list(Settings.model_fields)
    for name, row in rows.items():
        assert row["decides"] == decides_of(name)
        assert row["meaning"] == Settings.model_fields[name].description


def test_the_defaults_that_are_listed_are_those_that_count() -> None:
    listed = {row["name"]: row["default"] for row in settings_rows()}
    assert make_settings(listed) == Settings()


def test_settings_as_json_are_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_settings(as_json=True)
    assert json.loads(capsys.readouterr().out) == settings_rows()


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_of_settings_holds_every_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_settings(as_json=False)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    cells = [[cell.strip() for cell in line.split("│")] for line in shown.splitlines()]
    meanings = " ".join(row[4] for row in cells if len(row) == 6)
    for row in settings_rows():
        assert " ".join(row["meaning"].split()) in meanings


# Architectures


def shown_of(net: TinyVideoArchitecture, folder: Path, svg: Path | None = None) -> str:
    """What is printed of a network, on a wide terminal."""
    path = folder / "architecture.yaml"
    path.write_bytes(encode_architecture("tiny_video", TASK, net))
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        patch.setattr(sys, "stdout", out)
        print_architecture(path, svg)
    return out.getvalue()


@given(evolved())
@settings(max_examples=15, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_network_is_shown_with_all_that_its_table_and_its_diagram_say(
    tmp_path: Path, net: TinyVideoArchitecture
) -> None:
    shown = shown_of(net, tmp_path)
    assert f"tiny_video {architecture_id('tiny_video', net)}" in shown
    for row in SPACE.table(net, TASK):
        assert words(" ".join(row.values())) in words(shown)
    for node in SPACE.diagram(net, TASK, {}).nodes:
        for text in (node.title, *node.lines, node.shape):
            assert text in shown
    costs = SPACE.costs(net, TASK)
    assert f"{costs.parameters:,} parameters, {costs.macs:,} multiply-adds a clip" in shown


def test_the_picture_is_one_of_the_network(tmp_path: Path) -> None:
    shown = shown_of(NET, tmp_path, tmp_path / "picture.svg")
    assert shown.splitlines()[-1] == f"picture: {tmp_path / 'picture.svg'}"
    picture = ElementTree.parse(tmp_path / "picture.svg").getroot()
    texts = [text.text for text in picture.iter("text")]
    for node in SPACE.diagram(NET, TASK, {}).nodes:
        assert node.title in texts
        assert node.shape in texts


def test_without_asking_no_picture_is_written(tmp_path: Path) -> None:
    assert "picture" not in shown_of(NET, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["architecture.yaml"]


@pytest.mark.parametrize(
    ("content", "error"), [(None, VideonasError), ("format: architecture/9", DamagedRecord)]
)
def test_what_cannot_be_read_is_not_half_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, error: Any
) -> None:
    path = tmp_path / "architecture.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=re.escape(str(path))):
        print_architecture(path, tmp_path / "picture.svg")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "picture.svg").exists()
