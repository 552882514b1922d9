"""Shards to and from a store that is 20 ms away, by this project and by a plain loop of its client.

A real server for each kind of store runs on this machine behind a proxy at which every request
waits. The two ways take turns; each uploads the shards to keys of its own and fetches them into a
folder or cache of its own. Both read each shard in full; only this project's checks its checksum
in the cache and never writes over what is there.

    python benchmarks/shard_transfer.py
    python benchmarks/shard_transfer.py --shards 8 --store gs
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.slow_server import slow_server
from videonas.console.progress import progress
from videonas.logs import set_up_logging
from videonas.steps.shell import errors_as_sentences
from videonas.storage import Store, in_parallel, open_store

STORES = ("gs", "s3")
OURS, LOOP = "videonas", "plain loop"


@dataclass(frozen=True)
class Way:
    """One way to move shards.

    Attributes:
        upload: local files to keys of the same names.
        fetch: keys to local files that hold what was uploaded.
    """

    upload: Callable[[Sequence[Path]], object]
    fetch: Callable[[Sequence[str]], Sequence[Path]]


@dataclass(frozen=True)
class Passage:
    """All shards, once up and once down.

    Attributes:
        store: `gs` or `s3`.
        way: which.
        upload: seconds.
        fetch: seconds.
        requests: of both.
        at_once: most requests that were under way together.
    """

    store: str
    way: str
    upload: float
    fetch: float
    requests: int
    at_once: int


def ours(uri: str) -> Way:
    """This project's store, as data preparation and training use it."""
    store: Store = open_store(uri)

    def upload(files: Sequence[Path]) -> object:
        """Moves the files."""
        return in_parallel(
            lambda file: store.create_file(file.name, file), files, store.requests_at_once
        )

    def fetch(names: Sequence[str]) -> Sequence[Path]:
        """Copies in the cache."""
        return in_parallel(store.fetch, names, store.requests_at_once)

    return Way(upload, fetch)


def loop(uri: str, folder: Path) -> Way:
    """The client of the store, one shard after another.

    Args:
        uri: of a place in the store.
        folder: for what is fetched.
    """
    scheme, _, rest = uri.partition("://")
    bucket_name, _, prefix = rest.partition("/")
    client: Any
    if scheme == "gs":
        from google.cloud import storage

        bucket = storage.Client(project=None).bucket(bucket_name)

        def put(file: Path) -> None:
            """Uploads one file."""
            bucket.blob(f"{prefix}/{file.name}").upload_from_filename(str(file))

        def get(name: str) -> Path:
            """Downloads one file."""
            bucket.blob(f"{prefix}/{name}").download_to_filename(str(folder / name))
            return folder / name
    else:
        import boto3

        client = boto3.client("s3")

        def put(file: Path) -> None:
            """Uploads one file."""
            client.upload_file(str(file), bucket_name, f"{prefix}/{file.name}")

        def get(name: str) -> Path:
            """Downloads one file."""
            client.download_file(bucket_name, f"{prefix}/{name}", str(folder / name))
            return folder / name

    def upload(files: Sequence[Path]) -> None:
        """One after another."""
        for file in files:
            put(file)

    return Way(upload, lambda names: [get(name) for name in names])


def write_shards(folder: Path, number: int, size: int) -> list[Path]:
    """New files of random bytes."""
    folder.mkdir(parents=True)
    files = [folder / f"train-{index:05d}.tfrecord" for index in range(number)]
    for file in files:
        file.write_bytes(os.urandom(size))
    return files


def passages(
    kind: str, latency: float, shards: int, size: int, rounds: int,
    tell: Callable[[], None] = lambda: None,
) -> list[Passage]:
    """Moves shards both ways in turns, as often as there are rounds.

    Args:
        kind: `gs` or `s3`.
        latency: seconds that each request waits.
        shards: how many.
        size: bytes of each.
        rounds: new shards each time.
        tell: called after each passage.
    """
    measured = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds):
            for way in (OURS, LOOP) if number % 2 == 0 else (LOOP, OURS):
                folder = Path(scratch, f"{number}-{way}")
                measured.append(_passage(kind, way, latency, shards, size, folder))
                shutil.rmtree(folder)
                tell()
    return measured


def _passage(
    kind: str, name: str, latency: float, shards: int, size: int, folder: Path
) -> Passage:
    """All shards once, in a place and with a cache that nothing is in."""
    files = write_shards(folder / "new", shards, size)
    contents = [file.read_bytes() for file in files]
    fetched = folder / "fetched"
    fetched.mkdir()
    with slow_server(kind, latency, folder / "cached") as (uri, proxy):
        way = ours(uri) if name == OURS else loop(uri, fetched)
        began = time.perf_counter()
        way.upload(files)
        between = time.perf_counter()
        found = way.fetch([file.name for file in files])
        ended = time.perf_counter()
        requests, at_once = len(proxy.requests), proxy.most_at_once
    if [file.read_bytes() for file in found] != contents:
        raise click.ClickException(f"{kind}://, {name}: what came back is not what was sent")
    return Passage(kind, name, between - began, ended - between, requests, at_once)


def table(measured: Sequence[Passage]) -> str:
    """Medians, and how many times as long the plain loop takes, as Markdown."""
    lines = ["| store | way | upload, s | fetch, s | requests | most at once | times as fast, "
             "upload | fetch |", "|---|---|---|---|---|---|---|---|"]
    for kind in dict.fromkeys(p.store for p in measured):
        by_way = {way: [p for p in measured if (p.store, p.way) == (kind, way)]
                  for way in (LOOP, OURS)}
        pairs = list(zip(by_way[LOOP], by_way[OURS], strict=True))
        ratios = [
            statistics.median(plain.upload / our.upload for plain, our in pairs),
            statistics.median(plain.fetch / our.fetch for plain, our in pairs),
        ]
        for way, found in by_way.items():
            seconds = [statistics.median(p.upload for p in found),
                       statistics.median(p.fetch for p in found)]
            times = ratios if way == OURS else [1.0, 1.0]
            lines.append(
                f"| {kind}:// | {way} | {seconds[0]:.2f} | {seconds[1]:.2f} | "
                f"{statistics.median(p.requests for p in found):.0f} | "
                f"{max(p.at_once for p in found)} | {times[0]:.1f} | {times[1]:.1f} |"
            )
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--shards", default=64, show_default=True, type=click.IntRange(1),
              help="Number of shards.")
@click.option("--kilobytes", default=1000, show_default=True, type=click.IntRange(0),
              help="Size of a shard.")
@click.option("--latency", default=20.0, show_default=True, type=click.FloatRange(0),
              help="Milliseconds that each request waits.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1),
              help="Times that each way moves all shards.")
@click.option("--store", "stores", multiple=True, default=STORES, show_default=True,
              type=click.Choice(STORES), help="Kind of store; can be given again.")
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
def main(
    shards: int, kilobytes: int, latency: float, rounds: int, stores: tuple[str, ...],
    output: TextIO | None,
) -> None:
    """Shards to and from a store that is 20 ms away, by this project and by a plain loop of its client.

    Real servers on this machine; a minute by default.
    """  # noqa: E501
    set_up_logging("benchmark")
    measured: list[Passage] = []
    done, total = 0, 2 * rounds * len(stores)
    with progress("passages") as tell:

        def count() -> None:
            """Tells that one more passage is done."""
            nonlocal done
            done += 1
            tell(done, total)

        for kind in stores:
            measured += passages(kind, latency / 1000, shards, 1000 * kilobytes, rounds, count)
    click.echo(table(measured))
    click.echo(
        f"\n{shards} shards of {kilobytes:,} kB, {latency:g} ms a request; {rounds} rounds in "
        "turns, medians, of times by pairs. gs://: fake-gcs-server; s3://: moto, which answers "
        "one request at a time. Server, proxy and client share this machine's cores. "
        f"{machine()}"
    )
    if output:
        write_records(output, measured)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
