"""A network from one form of a file to another, and what is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from videonas.codec import to_plain
from videonas.console.differences import Difference, differences
from videonas.console.screen import printed, printed_json, printed_line
from videonas.errors import VideonasError
from videonas.search.architecture_file import encode_architecture
from videonas.search.named_network import PUBLISHED_SUFFIX, NamedNetwork, read_network
from videonas.spaces import architecture_id
from videonas.spaces.published_form import published_form

YAML_SUFFIXES = (".yaml", ".yml")


def convert(
    word: str, output: Path, *, classes: int | None = None, mobile: bool = False,
    as_json: bool = False,
) -> None:
    """Writes a network as an architecture file or in its published form, as the suffix says.

    What the new form cannot hold is told in sentences.

    Args:
        word: see `read_network`.
        output: ends in `.yaml` or `.yml` for an architecture file, in `.json` for the published
            form.
        classes: how many, for an architecture file of a network that does not say it.
        mobile: the published form with streams.
        as_json: tell it as a program reads it: `output`, `space`, `id`, `left_out`, the
            sentences, and `rewritten`, the fields that the normal form writes otherwise, each with
            its `path` and both `values`.

    Raises:
        VideonasError: the network cannot be read, no form has the suffix, or the number of classes
            is missing.
    """
    suffix = output.suffix.lower()
    if suffix not in (PUBLISHED_SUFFIX, *YAML_SUFFIXES):
        raise VideonasError(
            f"{output}: its name ends in {suffix!r}; allowed: .yaml for an architecture file, "
            ".json for the published form"
        )
    network = read_network(word)
    normalised, task = network.placed(classes)
    rewritten: list[Difference] = []
    left_out = list(network.left_out)
    if suffix == PUBLISHED_SUFFIX:
        form = published_form(network.space.name)
        data = _json(form.write(network.architecture, mobile=mobile))
        left_out += _not_published(network)
    else:
        if network.task is None and classes is None:
            raise VideonasError(f"{word}: does not say how many classes; give --classes N")
        data = encode_architecture(network.space.name, task, normalised)
        rewritten += differences([to_plain(network.architecture), to_plain(normalised)])
    output.write_bytes(data)
    identity = architecture_id(network.space.name, normalised)
    if as_json:
        printed_json({
            "output": str(output.absolute()), "space": network.space.name, "id": identity,
            "left_out": left_out, "rewritten": [field.plain for field in rewritten],
        })
        return
    printed(
        *(f"left out: {sentence}" for sentence in left_out),
        *(f"rewritten: {field.path} from {field.values[0]!r} to {field.values[1]!r}, which is the "
          "same network" for field in rewritten),
    )
    printed_line(f"{network.space.name} {identity}: {output.absolute()}")


def _json(plain: dict[str, Any]) -> bytes:
    return (json.dumps(plain, indent=1, allow_nan=False) + "\n").encode()


def _not_published(network: NamedNetwork) -> Iterator[str]:
    """What the published form has no field for, and what its authors' builder does not read."""
    if network.task is not None:
        yield f"task.classes is {network.task.classes}; the form has no field for it"
        for stream, clip in network.task.streams.items():
            yield (
                f"task.streams.{stream} is {clip.frames} frames of {clip.size} pixels, the largest "
                "clip of the data; the form has the clip of the network only"
            )
        if network.task.multi_label:
            yield "task.multi_label is true; the form has no field for it"
    unread = published_form(network.space.name).unread
    for number, block in enumerate(network.architecture.blocks):
        for name in unread:
            if getattr(block, name):
                yield (
                    f"blocks.{number}.{name} is {getattr(block, name)}; it is written, but the "
                    "authors' builder does not read it"
                )
