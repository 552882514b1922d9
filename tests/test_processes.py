from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

import pytest

from videonas.processes import own_host, wait_for_end


def _sleeping() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def _waiting(pid: int) -> threading.Thread:
    waiting = threading.Thread(target=wait_for_end, args=(pid,), daemon=True)
    waiting.start()
    return waiting


def test_it_waits_for_the_end_of_a_process() -> None:
    process = _sleeping()
    waiting = _waiting(process.pid)
    waiting.join(1.5)
    assert waiting.is_alive(), "did not wait"
    process.kill()
    process.wait()
    waiting.join(10)
    assert not waiting.is_alive()


def test_one_that_nobody_waited_for_has_ended() -> None:
    process = _sleeping()
    waiting = _waiting(process.pid)
    process.kill()  # and stays a zombie
    waiting.join(10)
    assert not waiting.is_alive()
    process.wait()


def test_a_number_that_no_process_has() -> None:
    process = _sleeping()
    process.kill()
    process.wait()
    waiting = _waiting(process.pid)
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_process_knows_its_age() -> None:
    program = (
        "import time; began = time.monotonic(); from videonas.processes import own_age; "
        "first = own_age(); time.sleep(0.3); print(first, own_age(), time.monotonic() - began)"
    )
    words = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                           check=True).stdout.split()
    first, second, inside = map(float, words)
    assert 0.3 <= second - first <= inside
    assert second >= inside - 0.02  # the kernel counts in hundredths


def test_containers_that_share_a_name_are_told_apart() -> None:
    assert own_host() == own_host()
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare")
    program = "from videonas.processes import own_host; print(own_host())"
    words = ["unshare", "--pid", "--fork", sys.executable, "-c", program]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    if "Operation not permitted" in ended.stderr:
        pytest.skip("no namespace of our own can be had here")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() != own_host()
    assert ended.stdout.partition("/")[0] == own_host().partition("/")[0]
