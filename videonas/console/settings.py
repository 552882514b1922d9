"""The list of settings."""

from __future__ import annotations

import json
from typing import Any

from videonas.console.screen import printed, printed_json, table
from videonas.search.settings import Settings, decides_of, plain_defaults


def print_settings(*, as_json: bool) -> None:
    """Prints every setting with its default, what it decides and what it means."""
    rows = settings_rows()
    if as_json:
        printed_json(rows)
        return
    shown = [
        (row["name"], json.dumps(row["default"]), row["decides"], row["meaning"]) for row in rows
    ]
    printed(table(("setting", "default", "decides", "meaning"), shown, whole=[0]))


def settings_rows() -> list[dict[str, Any]]:
    """Every setting as `name`, `default`, `decides`, `meaning`."""
    defaults = plain_defaults()
    return [
        {"name": name, "default": defaults[name], "decides": decides_of(name),
         "meaning": field.description}
        for name, field in Settings.model_fields.items()
    ]
