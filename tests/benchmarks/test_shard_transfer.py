"""The benchmark of shards to and from a store, on the real servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks import shard_transfer
from benchmarks.common.slow_server import slow_server
from benchmarks.shard_transfer import LOOP, OURS, STORES, Passage


@pytest.mark.parametrize("kind", STORES)
def test_both_ways_move_every_shard_at_the_store(kind: str) -> None:
    found = shard_transfer.passages(kind, 0.0, shards=3, size=500, rounds=2)
    assert [p.way for p in found] == [OURS, LOOP, LOOP, OURS], "they take turns"
    assert all(p.store == kind and min(p.upload, p.fetch) > 0 for p in found)
    for p in found:
        assert p.requests >= 6, "each shard goes up, and comes down"
        if p.way == LOOP:
            assert p.at_once <= 2, "one shard after another; gs:// closes one while it opens one"


@pytest.mark.parametrize("kind", STORES)
def test_what_comes_back_must_be_what_was_sent(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"nothing of the kind")
    true_loop = shard_transfer.loop

    def false_loop(uri: str, folder: Path) -> Any:
        way = true_loop(uri, folder)
        return shard_transfer.Way(way.upload, lambda names: [other for _ in names])

    monkeypatch.setattr(shard_transfer, "loop", false_loop)
    with pytest.raises(Exception, match=f"{kind}://, plain loop: what came back is not"):
        shard_transfer.passages(kind, 0.0, shards=1, size=10, rounds=1)


def test_the_environment_is_as_it_was_after_a_server_was_used(tmp_path: Path) -> None:
    before = dict(os.environ)
    with slow_server("gs", 0.5, tmp_path) as (uri, proxy):
        assert uri.startswith("gs://")
        assert proxy.latency == 0.5
        assert os.environ["STORAGE_EMULATOR_HOST"] == proxy.url
    assert dict(os.environ) == before
    assert proxy.latency == 0.0


def test_ratios_are_medians_of_pairs() -> None:
    """A machine that is busy for a while slows both of a pair."""
    measured = [
        Passage("gs", OURS, 1.0, 2.0, 10, 8), Passage("gs", LOOP, 4.0, 4.0, 6, 1),
        Passage("gs", LOOP, 40.0, 30.0, 6, 1), Passage("gs", OURS, 10.0, 10.0, 10, 9),
        Passage("gs", OURS, 1.0, 1.0, 10, 7), Passage("gs", LOOP, 5.0, 4.0, 6, 1),
    ]
    assert shard_transfer.table(measured).splitlines()[2:] == [
        "| gs:// | plain loop | 5.00 | 4.00 | 6 | 1 | 1.0 | 1.0 |",
        "| gs:// | videonas | 1.00 | 2.00 | 10 | 9 | 4.0 | 3.0 |",
    ]
