"""Writes the tables that are made from code: the components' READMEs and docs/settings.md.

Usage: python scripts/generate_readmes.py [--check]
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import docstring_parser

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from videonas.console.settings import settings_rows  # noqa: E402

DECIDES = {
    "search": "which networks are tried and kept; fixed for a search",
    "data": "what the shards hold; fixed for a search",
    "result": "what an evaluation gives; fixed for a search",
    "run": "how a run is carried out; may differ from run to run",
}


def component_readme(name: str) -> str:
    """The README of a component, from its function."""
    component = getattr(importlib.import_module(f"components.{name}"), name)
    spec = component.component_spec
    meanings = _meanings(component.python_func.__doc__)
    lines = [f"# {name.replace('_', '-')}", "", *spec.description.strip().splitlines(), ""]
    for heading, parameters in (("input", spec.inputs), ("output", spec.outputs)):
        if parameters:
            lines += [f"| {heading} | type | meaning |", "|---|---|---|"]
            lines += [
                f"| `{key}` | {parameter.type.partition('@')[0]} | {meanings[key]} |"
                for key, parameter in parameters.items()
            ]
            lines.append("")
    lines += [
        f"Image: `{spec.implementation.container.image}`. The same step at a command line: "
        f"`videonas {name.replace('_', '-')} --help`.", "",
    ]
    return "\n".join(lines)


def _meanings(docstring: str) -> dict[str, str]:
    """What a component's docstring says of its inputs and outputs, by name."""
    parsed = docstring_parser.parse(docstring)
    meanings = {item.arg_name: " ".join((item.description or "").split()) for item in parsed.params}
    if parsed.returns:
        text = f"{parsed.returns.type_name or ''}: {parsed.returns.description}"
        for line in text.splitlines():
            name, _, meaning = line.strip().partition(": ")
            meanings[name] = meaning
    return meanings


def settings_page() -> str:
    """docs/settings.md, from the class of settings."""
    lines = [
        "# Settings", "",
        "Given as `--set name=value`, in a YAML file with `--settings`, or in the pipeline's form; "
        "made from `videonas/search/settings.py`.", "",
    ]
    for decides, meaning in DECIDES.items():
        lines += [f"## {decides}: {meaning}", ""]
        lines += ["| setting | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{row['name']}` | `{json.dumps(row['default'])}` | {row['meaning']} |"
            for row in settings_rows()
            if row["decides"] == decides
        ]
        lines.append("")
    return "\n".join(lines)


def generated() -> dict[Path, str]:
    """The text of every generated file, by path."""
    files = {
        path.parent / "README.md": component_readme(path.parent.name)
        for path in sorted((TOP / "components").glob("*/component.py"))
    }
    return {**files, TOP / "docs" / "settings.md": settings_page()}


def main() -> None:
    """Writes the files, or with --check says which differ."""
    stale = [
        path for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(TOP)} is stale: make readmes")
        else:
            path.write_text(generated()[path])
            print(path.relative_to(TOP))
    sys.exit(bool(stale) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    main()
