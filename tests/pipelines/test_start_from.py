"""`python -m pipelines run --start-from`: what it refuses, and what it hands to the pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipelines.__main__ import main
from pipelines.arguments import pipeline_arguments
from pipelines.form import OTHER_SETTINGS, start_arguments
from tests.synthetic import make_search
from videonas.errors import SettingsError
from videonas.search.root import SearchRoot
from videonas.search.start_from import plain_start
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import to_published
from videonas.steps.start import form_settings, start

STARTS = [plain_start(PRESETS[name]) for name in ("mobile1", "mobile2")]
SHRUNK: dict[str, Any] = {"start_from": STARTS, "shrink_start_from": True}


def run(root: Path, *more: object) -> Result:
    words = ["run", "tiny_video", "--search-root", root, "--videos", root, *more]
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["mobile1", "{net}"], "error: mobile1: architecture: image_size is 224; allowed: 1 to"),
        (["{net}", "mobile1", "--set", "shrink_start_from=true", "--set", "max_macs=1000"],
         "error: {net}: 413,634,304 multiply-adds; allowed: 1,000; raise"),
        (["mobile1", "{net}", "--set", "shrink_start_from=true", "--population", 1],
         "error: settings: start_from holds 2 networks; allowed: 1 at most"),
        (["mobile1", "{net}x"], "error: {net}x: No such file or directory"),
        (["mobile3"], "error: mobile3: neither a file nor a preset (did you mean 'mobile"),
        (["mobile1", "--set", "space.clip_frames=1", "--set", "space.frames=[1]", "--set",
          "space.image_sizes=[224]"], "error: mobile1: architecture: frames is 2; allowed: as"),
    ],
    ids=str,
)
def test_what_a_search_cannot_begin_with_leaves_nothing_behind(
    tmp_path: Path, more: list[object], sentence: str
) -> None:
    net = tmp_path / "net.json"
    net.write_text(json.dumps(to_published(PRESETS["mobile2"])))
    words = [str(word).format(net=net) for word in more]
    said = run(tmp_path / "root", "--start-from", *words)
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (line,) = said.output.splitlines()
    assert line.startswith(sentence.format(net=net))
    assert not (tmp_path / "root").exists()


def test_architectures_go_the_way_of_the_settings_to_the_step(tmp_path: Path) -> None:
    """What the form hands to `start` is the search that was asked for, also the second time."""
    root = SearchRoot(str(tmp_path / "root"))
    for _ in range(2):
        arguments = pipeline_arguments(root, "tiny_video", {**SHRUNK, "videos": str(tmp_path)})
        given = start_arguments(arguments)
        settings = json.loads(json.dumps(given.pop("settings")), parse_int=float)
        start(root, form_settings(settings, space="tiny_video", **given))
    held = SearchRoot(root.uri).settings.start_from
    assert [(each["image_size"], len(each["blocks"])) for each in held] == [(64, 2), (64, 2)]
    assert pipeline_arguments(root, "tiny_video", {})[OTHER_SETTINGS] == {}


def test_a_smaller_budget_is_no_reason_to_refuse_a_search_that_has_begun(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 4, 3, **SHRUNK)
    pipeline_arguments(root, "tiny_video", {"max_macs": 1000})
    begun = make_search(tmp_path / "begun", 0, 4, 3, **SHRUNK)
    with pytest.raises(SettingsError, match="multiply-adds; allowed: 1,000"):
        pipeline_arguments(begun, "tiny_video", {"max_macs": 1000})
