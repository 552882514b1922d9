from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
COMPONENTS = sorted(p.parent.name for p in (TOP / "components").glob("*/component.py"))


def test_generated_tables_are_up_to_date() -> None:
    check = [sys.executable, "scripts/generate_readmes.py", "--check"]
    said = subprocess.run(check, cwd=TOP, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_input_and_output_has_a_meaning(name: str) -> None:
    rows = [line for line in (TOP / "components" / name / "README.md").read_text().splitlines()
            if line.startswith("| `")]
    assert rows
    assert all(row.split("|")[3].strip() for row in rows)
