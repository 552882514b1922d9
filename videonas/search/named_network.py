"""A network by the word that a person gives: a preset, an architecture file, a published file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videonas.errors import VideonasError, did_you_mean
from videonas.search.architecture_file import read_architecture
from videonas.spaces import SPACES, SearchSpace, open_space
from videonas.spaces.published_form import form_of_suffix
from videonas.task import CHANNELS, Clip, Task

CLASSES = 339
"""Where neither the network nor the person says how many: those of Moments in Time, for which the
published networks are counted."""


@dataclass(frozen=True)
class NamedNetwork:
    """A network that a person named.

    Attributes:
        word: what it was named by.
        space: its search space, with default options.
        architecture: as it stands there; normalised if there is a task.
        task: what it must do; None where that is not said.
        left_out: a sentence for each thing in a file that has no part in the architecture.
    """

    word: str
    space: SearchSpace[Any]
    architecture: Any
    task: Task | None = None
    left_out: tuple[str, ...] = ()

    def placed(self, classes: int | None = None) -> tuple[Any, Task]:
        """The normalised architecture, with a task that it is for.

        Args:
            classes: how many, where the task is not given; `CLASSES` by default.

        Raises:
            VideonasError: no network has a value that this one has.
        """
        if self.task is not None:
            return self.architecture, self.task
        task = least_task(self.space, self.architecture, classes or CLASSES)
        try:
            return self.space.normalise(self.architecture, task), task
        except VideonasError as error:
            raise VideonasError(f"{self.word}: {error}") from None


def least_task(space: SearchSpace[Any], architecture: Any, classes: int) -> Task:
    """The task with the smallest clips that an architecture fits."""
    streams = {
        stream: Clip(sampling.span, sampling.size, CHANNELS[stream])
        for stream, sampling in space.sampling(architecture).items()
    }
    return Task(streams, classes)


def presets() -> Mapping[str, tuple[str, str]]:
    """Every word that names a preset, with its space and its name there.

    `tiny_video/tvn1` names one of a space; `tvn1` does too, as long as one space has it.
    """
    found: dict[str, tuple[str, str]] = {}
    twice: set[str] = set()
    for space in sorted(SPACES):
        for name in open_space(space).presets:
            twice |= {name} & found.keys()
            found[name] = found[f"{space}/{name}"] = (space, name)
    return {word: preset for word, preset in found.items() if word not in twice}


def read_network(word: str) -> NamedNetwork:
    """The network that a word names.

    A preset goes before a file of the same name, which `./` before it tells apart.

    Args:
        word: a preset, or the path of an architecture file or of a published file: these end in
            `.json` for Tiny Video Networks, in `.b64` for EvaNets.

    Raises:
        VideonasError: no preset and no file is named so, or the file is not what it should be.
    """
    known = presets()
    if word in known:
        home, name = known[word]
        return NamedNetwork(word, open_space(home), open_space(home).presets[name])
    path = Path(word)
    if not path.exists() and not path.suffix:
        raise _nothing_named(word, known)
    form = form_of_suffix(path.suffix)
    if form is None:
        return NamedNetwork(word, *read_architecture(path))
    architecture, left_out = form.read(_text(path), str(path))
    return NamedNetwork(word, open_space(form.space), architecture, None, left_out)


def _nothing_named(word: str, known: Mapping[str, tuple[str, str]]) -> VideonasError:
    hint = did_you_mean(word, known)
    names = ", ".join(name for name in known if "/" in name)
    return VideonasError(f"{word}: neither a file nor a preset{hint}; presets are {names}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise VideonasError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise VideonasError(f"{path}: not a text that can be read (it is not UTF-8)") from None
