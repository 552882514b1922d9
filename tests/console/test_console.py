"""What people see in a terminal, and where there is none."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from videonas.console.settings import print_settings, settings_rows
from videonas.search.settings import Settings, decides_of, make_settings

# Progress


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
    start = next(line for line in shown.splitlines() if line.strip()).index("meaning")
    meanings = " ".join(line[start:].strip() for line in shown.splitlines())
    for row in settings_rows():
        assert " ".join(row["meaning"].split()) in meanings
