"""The report in a browser: its script runs, in a page and in a frame that allows scripts only."""

from __future__ import annotations

import base64
import hashlib
import html as html_module
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.report import build_report

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome")
     if (found := shutil.which(name))), None,
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-features=IsolateSandboxedIframes", "--virtual-time-budget=4000",
)
PROBE = """
const problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));
addEventListener("load", () => {
  const ready = document.documentElement.dataset.ready;
  const links = document.querySelectorAll("#best [data-individual]");
  if (links.length) links[0].click();
  const rows = document.querySelectorAll("#people tbody tr[data-name]").length;
  const details = document.querySelectorAll("#people .details").length;
  const wide = document.documentElement.scrollWidth > innerWidth;
  const count = (document.getElementById("count") || {}).textContent;
  document.querySelectorAll('[data-sort="fitness"]').forEach((button) => button.click());
  const first = document.querySelector("#people tbody .choose");
  const told = { ready, rows, details, wide, count, problems, first: first && first.textContent };
  parent.postMessage(JSON.stringify(told), "*");
});
"""
"""Looks at the report from inside and tells the page around it."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")


def dom(page: Path, folder: Path, width: int = 1200) -> str:
    """The document after its scripts ran."""
    assert CHROMIUM
    command = [
        CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900",
        "--dump-dom", page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def in_frame(report: str, folder: Path, width: int) -> dict[str, Any]:
    """What the probe sees in a frame that allows scripts only, as KFP shows artifacts."""
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    allowed = report.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    probed = allowed.replace("<style>", f"<script>{PROBE}</script><style>", 1)
    page = folder / "frame.html"
    page.write_text(
        "<!DOCTYPE html><meta charset=utf-8><pre id=told></pre><script>"
        "addEventListener('message', (e) => document.getElementById('told').textContent = e.data)"
        f"</script><iframe sandbox='allow-scripts' width={width} height=800 "
        f'srcdoc="{html_module.escape(probed)}"></iframe>'
    )
    told = re.search(r'<pre id="told">(.*?)</pre>', dom(page, folder), re.DOTALL)
    assert told, "the page has no place for an answer"
    assert told.group(1), "the report in the frame said nothing"
    answer: dict[str, Any] = json.loads(html_module.unescape(told.group(1)))
    return answer


def test_the_script_fills_the_table(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(build_report(make_search(tmp_path / "search", 5, 12, 10)))
    shown = dom(page, tmp_path)
    assert 'data-ready="yes"' in shown
    assert shown.count("<tr data-name=") == 50
    assert "52 of 52" in shown
    assert "Page 1 of 2" in shown


@pytest.mark.parametrize("width", [360, 1100])
def test_in_a_frame_that_allows_scripts_only(tmp_path: Path, width: int) -> None:
    root = make_search(
        tmp_path / "search", 5, 12, 10, message="</script><script>alert(1)</script>"
    )
    told = in_frame(build_report(root), tmp_path, width)
    best = root.lineage().best(root.settings)
    assert best is not None
    assert told == {
        "ready": "yes", "rows": told["rows"], "details": 1, "wide": False, "count": "52 of 52",
        "problems": [], "first": best.individual.name,
    }
    assert 0 < told["rows"] <= 50


def test_a_report_of_nothing_in_a_frame(tmp_path: Path) -> None:
    told = in_frame(build_report(make_search(tmp_path / "search", 0, 4, 4)), tmp_path, 360)
    assert (told["ready"], told["rows"], told["problems"], told["wide"]) == ("yes", 0, [], False)
