from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.synthetic import make_search
from videonas.cli import main
from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate

TOP = Path(__file__).parents[2]
STEPS = (
    "start", "data-prep", "mutate", "measure", "train-candidate", "evaluate", "select",
)


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.parametrize(
    "command",
    [*STEPS, "settings", "show", "convert", "lineage", "compare", "report", "finish",
     "predict", "searches", "demo-videos"],
)
def test_help_teaches(command: str) -> None:
    said = videonas(command, "--help")
    assert said.exit_code == 0
    assert len(said.output.splitlines()) > 5


@pytest.mark.parametrize("step", STEPS)
def test_an_empty_root_is_told_in_one_sentence(step: str, tmp_path: Path) -> None:
    more = ["--generation", 0] if step not in ("start", "data-prep") else []
    said = videonas(step, "--search-root", tmp_path / "root", *more)
    assert said.exit_code == 2
    errors = [line for line in said.output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1


def test_start_says_what_comes_next(tmp_path: Path, demo_videos: Path) -> None:
    said = videonas("start", "--search-root", tmp_path, "--videos", demo_videos,
                    "--set", "generations=3", "--set", "space.filters=[8]")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {"first": 0, "last": 2, "go": True, "goal": ""}
    assert SearchRoot(str(tmp_path)).settings.space_options == {"filters": [8]}


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("train_step=3", "did you mean 'train_steps'?"),
        ("population=0", "population is 0"),
        ("space.filter=[8]", "filter is not a known field"),
        ("nonsense", "has no '='"),
    ],
)
def test_bad_settings_leave_nothing_behind(
    assignment: str, sentence: str, tmp_path: Path
) -> None:
    said = videonas("start", "--search-root", tmp_path / "root", "--videos", tmp_path, "--set",
                    assignment)
    assert said.exit_code == 2
    assert sentence in said.output
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("name", ["a class alone", "no videos", "not there"])
def test_videos_that_no_data_set_can_be_made_of(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    if name != "not there":
        folder.mkdir()
    if name == "a class alone":
        (folder / "only").mkdir()
        (folder / "only" / "1.mp4").write_bytes(b"")
    root = tmp_path / "root"
    assert videonas("start", "--search-root", root, "--videos", folder).exit_code == 0
    said = videonas("data-prep", "--search-root", root)
    assert said.exit_code == 2
    assert str(folder) in said.output
    assert SearchRoot(str(root)).dataset() is None


def test_a_fitness_that_the_classes_do_not_suit(tmp_path: Path, demo_videos: Path) -> None:
    root = tmp_path / "root"
    assert videonas("start", "--search-root", root, "--videos", demo_videos, "--set",
                    "fitness=top1+top5").exit_code == 0
    said = videonas("data-prep", "--search-root", root)
    assert said.exit_code == 2
    assert "error: fitness is 'top1+top5' and there are 8 classes" in said.output
    assert SearchRoot(str(root)).dataset() is None


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    tiny_disk: Path, demo_videos: Path
) -> None:
    root = tiny_disk / "root"
    assert videonas("start", "--search-root", root, "--videos", demo_videos).exit_code == 0
    said = videonas("data-prep", "--search-root", root)
    assert said.exit_code == 2
    assert "No space left on device; free some space and run the same command again" in said.output
    assert SearchRoot(str(root)).dataset() is None


def test_a_damaged_population_is_told_by_start(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", generations=2, population=4, children=3)
    file = tmp_path / "root/generations/000001/population.json"
    file.write_bytes(file.read_bytes()[:-100])
    said = videonas("start", "--search-root", search.uri)
    assert said.exit_code == 2
    assert "000001/population.json: not JSON" in said.output


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", generations=1, population=2, children=2)
    said = videonas("report", search.uri, "--output", tmp_path / "nowhere" / "r.html")
    assert said.exit_code == 2
    assert "nowhere/r.html: No such file or directory" in said.output


def test_nobody_of_that_name(new_root: Callable[..., SearchRoot]) -> None:
    root = new_root()
    mutate(root, 0)
    said = videonas("train-candidate", "--search-root", root.uri, "--generation", 0, "000000-99")
    assert said.exit_code == 2
    assert "no individual '000000-99' in generation 0; it has 000000-00" in said.output


def test_show_draws_a_network(new_root: Callable[..., SearchRoot], tmp_path: Path) -> None:
    root = new_root()
    mutate(root, 0)
    individual = root.need_candidates(0).individuals[0]
    file = Path(root.uri) / f"results/{individual.id}/architecture.yaml"
    said = videonas("show", file, "--svg", tmp_path / "picture.svg")
    assert said.exit_code == 0
    assert individual.id in said.output
    costs = root.space.costs(individual.architecture, root.need_dataset().task)
    assert f"{costs.parameters:,} parameters" in said.output
    assert (tmp_path / "picture.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "not YAML"),
        ("a: 1", "an architecture file has space, task and architecture"),
        ("{space: tiny_video, task: {streams: {rgb: {frames: 8, size: 8}}, classes: 2}, "
         "architecture: {image_size: 8, frames: 2, frame_stride: 1, blocks: [{filters: many}]}}",
         "blocks.0.filters is 'many'"),
        ("{space: tiny_video, task: {streams: {rgb: {frames: 8, size: 8}}, classes: 2}, "
         "architecture: {image_size: 9, frames: 2, frame_stride: 1, blocks: [{}]}}",
         "image_size is 9"),
    ],
)
def test_show_says_what_is_wrong_with_a_file(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "architecture.yaml"
    file.write_text(text)
    said = videonas("show", file)
    assert said.exit_code == 2
    assert sentence in said.output
    assert videonas("show", tmp_path / "nowhere.yaml").exit_code == 2


def test_report_is_written(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", generations=2, population=4, children=3)
    said = videonas("report", search.uri, "--output", tmp_path / "r.html")
    assert said.exit_code == 0
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


def test_settings_lists_all() -> None:
    rows = json.loads(videonas("settings", "--json").output)
    assert {"train_steps", "max_latency_ms", "space"} <= {row["name"] for row in rows}
    assert videonas("settings").exit_code == 0


def test_demo_videos_are_written_in_class_folders(tmp_path: Path) -> None:
    said = videonas("demo-videos", tmp_path, "--videos-per-class", 3)
    assert said.exit_code == 0
    assert len(list(tmp_path.glob("*/*.mp4"))) == 24


@pytest.mark.parametrize("module", ["videonas.cli", "videonas.steps.start", "videonas.steps.mutate",
                                    "videonas.steps.select", "videonas.steps.train_candidate"])
def test_what_starts_in_a_small_image_imports_nothing_large(module: str) -> None:
    program = f"import sys, {module}; print([m for m in ('tensorflow', 'keras', 'numpy', 'av', " \
              "'kfp', 'rich') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True,
                          check=True)
    assert said.stdout.strip() == "[]"
