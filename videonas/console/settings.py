"""The list of settings."""

from __future__ import annotations

import json
from typing import Any

from videonas.search.settings import Settings, decides_of, plain_defaults


def print_settings(*, as_json: bool) -> None:
    """Prints every setting with its default, what it decides and what it means."""
    rows = settings_rows()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "default", "decides", "meaning")
    for row in rows:
        table.add_row(row["name"], json.dumps(row["default"]), row["decides"], row["meaning"])
    Console().print(table)


def settings_rows() -> list[dict[str, Any]]:
    """Every setting as `name`, `default`, `decides`, `meaning`."""
    defaults = plain_defaults()
    return [
        {"name": name, "default": defaults[name], "decides": decides_of(name),
         "meaning": field.description}
        for name, field in Settings.model_fields.items()
    ]
