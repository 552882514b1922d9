"""Search roots at which no search can be: each is told in one sentence by whoever meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipelines.__main__ import main as pipelines
from tests.storage.faulty_proxy import Fault, Proxy
from tests.storage.places import BUCKET, Place
from tests.synthetic import make_search
from videonas.cli import main as videonas
from videonas.storage import open_store

COMMANDS: dict[str, tuple[click.Command, list[str]]] = {
    "start": (videonas, ["start", "--search-root", "ROOT", "--videos", "/videos"]),
    "mutate": (videonas, ["mutate", "--search-root", "ROOT", "--generation", "0"]),
    "searches": (videonas, ["searches", "ROOT"]),
    "lineage": (videonas, ["lineage", "ROOT"]),
    "run": (pipelines, ["run", "tiny_video", "--search-root", "ROOT", "--videos", "/videos"]),
}


def refusal(command: str, root: str, *more: str) -> str:
    """The sentence that a command says about a search root; it says nothing else."""
    main, words = COMMANDS[command]
    said = CliRunner().invoke(main, [word.replace("ROOT", root) for word in words] + list(more))
    assert said.exit_code == 2, said.output
    assert said.stdout == ""
    (sentence,) = [line for line in said.output.splitlines() if line.startswith("error: ")]
    return sentence.removeprefix("error: ")


@pytest.fixture(params=COMMANDS)
def refused(request: pytest.FixtureRequest) -> Callable[..., str]:
    """What a command says."""
    return lambda root, *more: refusal(request.param, root, *more)


def test_a_bucket_that_is_not_there(remote: Place, refused: Callable[..., str]) -> None:
    root = f"{remote.kind}://no-such-bucket/search"
    sentence = refused(root)
    assert sentence.startswith(root)
    assert "there is no bucket 'no-such-bucket'; create it, or put the name right" in sentence


def test_a_bucket_that_may_not_be_read(
    remote: Place, proxy: Proxy, refused: Callable[..., str]
) -> None:
    proxy.choose(lambda request: Fault("answer", 403))
    sentence = refused(remote.uri)
    assert sentence.startswith(remote.uri)
    assert "permission denied" in sentence
    assert f"objects in {BUCKET!r}" in sentence


@pytest.mark.parametrize("root", ["ftp://host/search", "gcs://bucket/search"])
def test_a_scheme_that_is_not_known(root: str, refused: Callable[..., str]) -> None:
    scheme = root.partition("://")[0]
    assert refused(root) == (
        f"{root}: unknown scheme {scheme!r}; allowed: a local path, file://, gs://, s3:// or "
        "minio://"
    )


def test_a_root_of_another_search(place: Place) -> None:
    make_search(place.uri, 1, 4, 3)
    sentence = refusal("start", place.uri, "--set", "children=9")
    assert sentence.startswith(f"{place.uri}: holds a search with other settings: children is 3 ")


@pytest.mark.parametrize("command", ["start", "mutate", "lineage", "run"])
def test_a_root_of_a_newer_version(command: str, place: Place) -> None:
    record = {"format": "search/99", "settings": {}}
    open_store(place.uri).create("search.json", json.dumps(record).encode())
    assert refusal(command, place.uri) == (
        f"{place.uri}/search.json: its format is 'search/99', this version of videonas reads "
        "'search/1'"
    )


def test_a_population_of_a_newer_version_is_told_before_anything_is_written(
    tmp_path: Path
) -> None:
    search = make_search(tmp_path / "root", 1, 4, 3)
    file = tmp_path / "root/generations/000000/population.json"
    file.write_bytes(file.read_bytes().replace(b"population/1", b"population/99"))
    sentence = refusal("start", search.uri)
    assert sentence.startswith(f"{file}: its format is 'population/99', this version of videonas")
    assert not (tmp_path / "root/generations/000001").exists()
