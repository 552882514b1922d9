"""A headless Chromium that tests steer: real keys, real focus, the tree that screen readers read.

Speaks the DevTools protocol over two pipes, so that it takes nothing but the browser.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome")
     if (found := shutil.which(name))), None,
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
    # a sandboxed frame in the page's own process, where its script can be asked
    "--disable-features=IsolateSandboxedIframes", "--remote-debugging-pipe",
)
KEYS = {
    "Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " "), "Escape": (27, ""),
    "ArrowRight": (39, ""), "ArrowDown": (40, ""),
}
"""Keys that are no letters: their code, and what they type."""

READY = "document.documentElement.dataset.ready === 'yes'"
"""What holds once the report's script has done its work."""

SECONDS = 60.0
"""After so long without an answer a test fails instead of waiting on."""


class Connection:
    """Sends commands to a browser and reads its answers."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._numbers, self._rest = itertools.count(1), b""
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str | None = None, **given: Any) -> dict[str, Any]:
        """What a command answers; events that come before are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": given}
        if session:
            message["sessionId"] = session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") != number:
                self.events.append(said)
            elif "error" in said:
                raise RuntimeError(f"{method}: {said['error']}")
            else:
                return said["result"]  # type: ignore[no-any-return]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._reads, 1 << 20)
            if not block:
                raise RuntimeError("the browser is gone")
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)  # type: ignore[no-any-return]


class Page:
    """One open page, or the first frame in it.

    Args:
        connection: to the browser.
        session: of the page.
        context: where script is run; None for the page itself.
    """

    def __init__(self, connection: Connection, session: str, context: int | None = None) -> None:
        self._connection, self._session, self._context = connection, session, context

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """What a command for this page answers."""
        return self._connection.ask(method, self._session, **given)

    def run(self, script: str) -> Any:
        """The value of an expression in the page, as JSON has it."""
        given: dict[str, Any] = {"expression": script, "returnByValue": True, "awaitPromise": True}
        if self._context is not None:
            given["contextId"] = self._context
        said = self.ask("Runtime.evaluate", **given)
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"]["exception"].get("description"))
        return said["result"].get("value")

    def press(self, key: str, times: int = 1, *, shift: bool = False) -> None:
        """Presses a key that is named in `KEYS`, or types a letter."""
        code, text = KEYS.get(key, (ord(key.upper()[:1]), key))
        given = {
            "key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code,
            "modifiers": 8 if shift else 0,
        }
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **given)

    def focused(self) -> str:
        """What has the focus: its tag and its text or its label."""
        return str(self.run(
            "(a => a.tagName.toLowerCase() + ' ' + (a.getAttribute('aria-label') || a.id ||"
            " a.textContent).trim().slice(0, 60))(document.activeElement)"
        ))

    def emulate(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Another size of the window, another scheme of colours."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Writes a screenshot, for people."""
        said = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(said["data"]))

    def problems(self) -> list[str]:
        """Exceptions, and what the browser refused or complained of."""
        found = []
        for event in self._connection.events:
            given = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(given["exceptionDetails"]))
            if event.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
                found.append(given["entry"]["text"])
        return found

    def frame(self) -> Page:
        """The first frame in the page; it must be in the page's own process."""
        here = self.ask("Page.getFrameTree")["frameTree"]["childFrames"][0]["frame"]["id"]
        contexts = {
            event["params"]["context"]["auxData"]["frameId"]: event["params"]["context"]["id"]
            for event in self._connection.events
            if event.get("method") == "Runtime.executionContextCreated"
        }
        return Page(self._connection, self._session, contexts[here])

    def wait(self, condition: str) -> None:
        """Until an expression is true.

        Raises:
            TimeoutError: it does not become true.
        """
        end = time.monotonic() + SECONDS
        while not self.run(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"{condition} never holds")
            time.sleep(0.02)


class Browser:
    """A running browser."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, page: Path, width: int = 1200) -> Page:
        """A page, loaded."""
        self._connection.events.clear()
        target = self._connection.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._connection.ask("Target.attachToTarget", targetId=target, flatten=True)
        opened = Page(self._connection, attached["sessionId"])
        opened.emulate(width)
        for domain in ("Page", "Runtime", "Log"):
            opened.ask(f"{domain}.enable")
        opened.ask("Page.navigate", url=page.as_uri())
        opened.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return opened


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser that is ended afterwards.

    Args:
        profile: a folder of its own.
    """
    assert CHROMIUM, "tests that need it are skipped where there is none"
    its_in, our_out = os.pipe()
    our_in, its_out = os.pipe()
    words = " ".join(f"'{word}'" for word in (CHROMIUM, *FLAGS, f"--user-data-dir={profile}"))
    command = f"exec {words} 3<&{its_in} 4>&{its_out}"
    process = subprocess.Popen(
        ["bash", "-c", command], pass_fds=(its_in, its_out), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(its_in)
    os.close(its_out)
    connection = Connection(our_in, our_out)
    try:
        yield Browser(connection)
        connection.ask("Browser.close")
        process.wait(SECONDS)
    finally:
        process.kill()
        os.close(our_in)
        os.close(our_out)


# What tests of the report do again and again


def names(page: Page) -> list[str]:
    """The individuals in the table, in order."""
    found: list[str] = page.run(
        "[...document.querySelectorAll('#people tr[data-name]')].map(r => r.dataset.name)"
    )
    return found


def text(page: Page, selector: str) -> str:
    """The text of the first element that a selector finds."""
    return str(page.run(f"document.querySelector({json.dumps(selector)}).textContent"))


def click(page: Page, selector: str) -> None:
    """Clicks the first element that a selector finds."""
    page.run(f"document.querySelector({json.dumps(selector)}).click()")


def tell(page: Page, words: str) -> None:
    """Types into the field that finds individuals."""
    page.run("document.getElementById('find').focus()")
    for letter in words:
        page.press(letter)
