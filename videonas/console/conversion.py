"""A network from one form of a file to another, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from videonas.codec import to_plain
from videonas.console.differences import Difference, differences
from videonas.console.output import write_output
from videonas.console.screen import printed, printed_json, printed_line
from videonas.errors import VideonasError
from videonas.search.architecture_file import encode_architecture
from videonas.search.named_network import NamedNetwork, read_network
from videonas.spaces import architecture_id
from videonas.spaces.published_form import FORMS, PublishedForm, form_of_suffix

YAML_SUFFIXES = (".yaml", ".yml")


def convert(
    word: str, output: Path, *, classes: int | None = None, mobile: bool = False,
    as_json: bool = False,
) -> None:
    """Writes a network as an architecture file or in its published form, as the suffix says.

    What the new form cannot hold is told in sentences.

    Args:
        word: see `read_network`.
        output: ends in `.yaml` or `.yml` for an architecture file, in the suffix of a published
            form for that.
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
    form = form_of_suffix(suffix)
    if form is None and suffix not in YAML_SUFFIXES:
        published = ", ".join(
            f"{each.suffix} for the published form of {each.space}" for each in FORMS
        )
        raise VideonasError(
            f"{output}: its name ends in {suffix!r}; allowed: .yaml for an architecture file, "
            f"{published}"
        )
    network = read_network(word)
    normalised, task = network.placed(classes)
    rewritten: list[Difference] = []
    left_out = list(network.left_out)
    if form is not None:
        if form.space != network.space.name:
            raise VideonasError(
                f"{output}: {form.suffix} is the published form of {form.space}, and {word} is a "
                f"network of {network.space.name}"
            )
        data = form.write(network.architecture, mobile=mobile).encode()
        left_out += _not_published(network, form)
    else:
        if network.task is None and classes is None:
            raise VideonasError(f"{word}: does not say how many classes; give --classes N")
        data = encode_architecture(network.space.name, task, normalised)
        rewritten += differences([to_plain(network.architecture), to_plain(normalised)])
    write_output(output, data)
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


def _not_published(network: NamedNetwork, form: PublishedForm) -> Iterator[str]:
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
    yield from form.unsaid(network.architecture)
