from __future__ import annotations

import subprocess
import sys
import threading

from videonas.processes import wait_for_end


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
