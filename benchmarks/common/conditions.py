"""Where a figure was measured, for the lines below a table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TextIO


def machine() -> str:
    """Python, processor and cores, and how busy they were, in a sentence."""
    busy = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
        f"{busy:.1f} processes ran or waited for one at the end."
    )


def write_records(file: TextIO, records: Sequence[Any]) -> None:
    """Writes what was measured as JSON, for programs.

    Args:
        file: is written to.
        records: dataclasses.
    """
    json.dump([asdict(record) for record in records], file, indent=1)
    file.write("\n")
