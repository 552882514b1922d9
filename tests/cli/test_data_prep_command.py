"""What `videonas data-prep` says."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.videos import write_numbered
from videonas.cli import main


def test_it_says_where_labels_come_from_and_what_was_skipped(tmp_path: Path) -> None:
    lines = [f"{number}.avi,{'ab'[number % 2]}" for number in range(12)]
    for number in range(12):
        write_numbered(tmp_path / f"v/{number}.avi", 4, codec="mpeg4")
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *lines, "gone.mp4,a"]))
    run, root = CliRunner(), str(tmp_path / "root")
    words = ["--set", f"video_folder={tmp_path / 'v'}"]
    begun = run.invoke(main, ["start", "--search-root", root, "--videos",
                              str(tmp_path / "list.csv"), *words])
    assert begun.exit_code == 0, begun.output
    said = run.invoke(main, ["data-prep", "--search-root", root])
    assert said.exit_code == 0, said.output
    first, *splits, last = said.stdout.splitlines()
    assert first == "2 classes, one label a video, from CSV list"
    assert [line.split(":")[0] for line in splits[:3]] == ["train", "validation", "test"]
    head, *table = [line.split() for line in splits[3:] if line.strip(" ─")]
    assert head == ["videos", "train", "validation", "test"]
    assert [row[0] for row in table] == ["a", "b"]
    for place, line in enumerate(splits[:3], 1):
        name, total = line.partition(":")[0], line.split()[4]
        counts = {row[0]: int(row[place]) for row in table}
        assert sum(counts.values()) == int(total)
        assert f"{name}: {total} videos (a {counts['a']}, b {counts['b']})" in said.stderr
    assert last == "skipped gone.mp4: no such file or directory"


def test_a_list_without_its_videos_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\n1.mp4,a\n2.mp4,b\n")
    run, root = CliRunner(), str(tmp_path / "root")
    run.invoke(main, ["start", "--search-root", root, "--videos", str(tmp_path / "list.csv")])
    said = run.invoke(main, ["data-prep", "--search-root", root])
    assert said.exit_code == 2
    assert f"none of the 2 files that {tmp_path / 'list.csv'} names are in {tmp_path}" in (
        said.output
    )
    assert "Traceback" not in said.output
