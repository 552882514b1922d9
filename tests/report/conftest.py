"""A browser, and a search with failures, for the tests that look at the report in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.browser import READY, Browser, Page, browser
from tests.synthetic import make_search
from videonas.report import build_report
from videonas.search.result import Outcome
from videonas.search.root import SearchRoot

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
"""What everything that failed said."""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Two pages of individuals; everything that failed said `HOSTILE`."""
    troubles: dict[Outcome, float] = {"failed": 0.3, "diverged": 0.05}
    folder = tmp_path_factory.mktemp("search")
    return make_search(folder, 6, 12, 10, message=HOSTILE, troubles=troubles)


@pytest.fixture(scope="session")
def file(root: SearchRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(build_report(root))
    return written


@pytest.fixture
def page(chromium: Browser, file: Path) -> Iterator[Page]:
    """The report, opened; nothing may have gone wrong in the end."""
    opened = chromium.open(file)
    opened.wait(READY)
    yield opened
    problems = opened.problems()
    opened.ask("Page.close")
    assert problems == []
