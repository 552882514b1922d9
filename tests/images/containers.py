"""Runs the images as the strictest of clusters does."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

MOUNT = "/volume"
USER = 12345
CONFINED = (
    "--user", f"{USER}:0",  # of whom the image's passwd knows nothing
    "--read-only", "--tmpfs", "/tmp",
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
    "--network", "none",
)
SECONDS = 240

Ended = subprocess.CompletedProcess[str]


def docker(*arguments: object) -> Ended:
    """Calls the client of Docker; exit status 127 where there is none."""
    command = ["docker", *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


@dataclass(frozen=True)
class Volume:
    """A folder of this machine that every container mounts at `MOUNT`."""

    folder: Path

    def run(self, image: str, *command: object, mode: str = "rw") -> Ended:
        """Runs a command in a container of its own and waits for it."""
        name = f"videonas-test-{uuid.uuid4().hex}"
        try:
            return docker("run", "--rm", "--name", name, *self.confined(mode), image, *command)
        except subprocess.TimeoutExpired:
            docker("rm", "--force", name)
            raise

    def step(self, image: str, *command: object) -> str:
        """Runs a command that has to succeed; gives back what it printed."""
        ended = self.run(image, *command)
        assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def confined(self, mode: str = "rw") -> tuple[str, ...]:
        """Options of `docker run`."""
        return (*CONFINED, "--volume", f"{self.folder}:{MOUNT}:{mode}")


def sentences(ended: Ended) -> list[str]:
    """The errors that a step told."""
    lines = (ended.stdout + ended.stderr).splitlines()
    return [line for line in lines if line.startswith("error: ")]
