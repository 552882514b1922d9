"""The benchmark of optical flow: it runs, and compares what is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmarks import flow
from benchmarks.flow import (
    DECODED,
    ITS_OWN,
    PARALLEL,
    PLAIN,
    WITH_FLOW,
    made_up_clips,
    main,
)
from videonas.data.parallel import cores

SMALL = ("--clips", "2", "--frames", "3", "--size", "16", "--side", "32", "--rounds", "1",
         "--threads", "2")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*SMALL, *arguments])


def test_a_table_with_every_way_of_every_method(tmp_path: Path) -> None:
    said = run("--output", str(tmp_path / "rates.json"), "--method", "dis", "--method", "tvl1")
    assert said.exit_code == 0, said.output
    rows = [line.split(" | ") for line in said.output.splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows] == ["flow", *["dis"] * 5, *["tvl1"] * 5]
    assert [row[1] for row in rows[1:]] == [PLAIN, ITS_OWN, PARALLEL, DECODED, WITH_FLOW] * 2
    assert [row[2] for row in rows[1:]] == ["1", str(cores()), "2", "2", "2"] * 2
    written = json.loads((tmp_path / "rates.json").read_text())
    assert {(each["frames"], len(each["seconds"])) for each in written} == {(6, 1)}
    assert "frames of 32" in said.output


def test_flow_that_is_not_opencvs_own_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = flow.flow_of

    def other(*arguments: Any) -> Any:
        made = theirs(*arguments).copy()
        made[0, 0, 3, 3, 1] ^= 1
        return made

    monkeypatch.setattr(flow, "flow_of", other)
    said = run("--method", "dis")
    assert said.exit_code == 1
    assert "dis: data preparation's flow is not OpenCV's own" in said.output


def test_made_up_clips_move_each_in_its_own_way() -> None:
    clips = made_up_clips(3, 4, 24)
    assert [sorted(clip) for clip in clips] == [[0, 1, 2, 3]] * 3
    assert {frame.shape for clip in clips for frame in clip.values()} == {(24, 24)}
    assert all(frame.flags.c_contiguous for clip in clips for frame in clip.values())
    assert any(not np.array_equal(clip[0], clip[1]) for clip in clips)
    assert not np.array_equal(clips[0][0], clips[1][0])
