"""The script that writes tables from code, on a copy of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from videonas.search.settings import Settings, decides_of

TOP = Path(__file__).parents[2]
SOURCES = ("components", "docs", "pipelines", "scripts", "videonas")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, with every generated file as it should be."""
    folder = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        shutil.copytree(TOP / name, folder / name)
    assert generate(folder).returncode == 0
    return folder


def generate(tree: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/generate_readmes.py", *flags]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def generated(tree: Path) -> dict[str, str]:
    """The generated files by their paths."""
    paths = [*tree.glob("components/*/README.md"), tree / "docs/settings.md"]
    return {str(path.relative_to(tree)): path.read_text() for path in paths}


def test_stale_files_are_told_and_written_again(tree: Path) -> None:
    before = generated(tree)
    changed, lost, gone = names = (
        "components/mutate/README.md", "components/select/README.md", "docs/settings.md"
    )
    (tree / changed).write_text(before[changed].replace("meaning", "Meaning"))
    (tree / lost).write_text(before[lost].partition("\n")[2])
    (tree / gone).unlink()
    damaged = generated_or_gone(tree)
    checked = generate(tree, "--check")
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == [f"{name} is stale: make readmes" for name in names]
    assert generated_or_gone(tree) == damaged, "only told"
    written = generate(tree)
    assert (written.returncode, written.stdout.splitlines()) == (0, list(names))
    assert generated(tree) == before


def generated_or_gone(tree: Path) -> dict[str, str]:
    """As `generated`, of the files that are there."""
    return {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*.md")}


def test_what_is_up_to_date_is_not_written(tree: Path) -> None:
    dates = {path: path.stat().st_mtime_ns for path in tree.rglob("*.md")}
    said = generate(tree)
    assert (said.returncode, said.stdout) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*.md")} == dates


def test_a_meaning_that_is_changed_in_the_code_is_changed_in_its_table(
    tree: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    source = copy / "videonas/search/settings.py"
    old = Settings.model_fields["momentum"].description
    assert old
    source.write_text(source.read_text().replace(old, "as before, in other words"))
    assert generate(copy).stdout == "docs/settings.md\n"
    assert "| as before, in other words |" in (copy / "docs/settings.md").read_text()


def test_the_page_of_settings_has_each_one_once_under_what_it_decides(tree: Path) -> None:
    sections = re.split(r"^## (\w+): ", (tree / "docs/settings.md").read_text(), flags=re.M)[1:]
    found = {
        name: decides
        for decides, text in zip(sections[::2], sections[1::2], strict=True)
        for name in re.findall(r"^\| `(\w+)` \|", text, flags=re.M)
    }
    assert found == {name: decides_of(name) for name in Settings.model_fields}
    rows = re.findall(r"^\| `(\w+)`", (tree / "docs/settings.md").read_text(), flags=re.M)
    assert len(rows) == len(found)


def test_every_row_of_a_table_has_as_many_cells_as_its_head(tree: Path) -> None:
    """A meaning that holds a bar would break its row."""
    for name, text in generated(tree).items():
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert rows, name
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}, name
