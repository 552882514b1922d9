"""Networks that take other parts of the clips of one data set, as one network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.export.about import About, StreamSettings, about_ensemble
from videonas.export.ensemble import Member, Part, ensemble_network
from videonas.export.keras_file import load_network
from videonas.export.saved_model import write_saved_model
from videonas.task import Clip, Sampling, Task
from videonas.training.augmentation import to_input

STORED = {"rgb": Clip(7, 12, 3), "flow": Clip(7, 12, 2)}
CLASSES = ("a", "b", "c")
TASK = Task(STORED, len(CLASSES))
SAMPLINGS = [(7, 1, 12), (4, 1, 12), (3, 2, 5), (1, 1, 7), (2, 5, 12), (4, 2, 1), (2, 3, 9)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Five stored clips of noise."""
    folder = tmp_path_factory.mktemp("shards")
    writer, rng = ShardWriter(folder, "test"), np.random.default_rng(0)
    for number in range(5):
        streams = {name: rng.integers(0, 256, (1, *clip.shape), np.uint8)
                   for name, clip in STORED.items()}
        writer.add(streams, [number % 3], f"{number}.mp4")
    return [(folder / shard.name, shard) for shard in writer.close()]


def clips_of(files: list[Any], samplings: dict[str, Sampling]) -> dict[str, Any]:
    reader = ClipReader(files, TASK, samplings)
    return dict(reader.read(range(len(reader)))[0])


def about_of(name: str, **samplings: tuple[int, int, int]) -> About:
    streams = {stream: StreamSettings(*s, STORED[stream]) for stream, s in samplings.items()}
    return About(name, "0" * 12, "d" * 64, CLASSES, False, streams, 1, 1)


def member_of(about: About, seed: int) -> Member:
    """A network of one layer, of a name that others have too."""
    keras.utils.set_random_seed(seed)
    inputs = {
        name: keras.Input((s.frames, s.size, s.size, s.prepared.channels), name=name)
        for name, s in about.streams.items()
    }
    flat = [keras.layers.Flatten()(clip) for clip in inputs.values()]
    features = keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]
    given = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    logits = keras.layers.Dense(3, name="head")(features)
    return Member(about.individual, keras.Model(given, logits, name="net"), about.streams)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_part_is_what_the_reader_gives(files: list[Any], sampling: tuple[int, int, int]) -> None:
    whole = clips_of(files, {"rgb": Sampling(7, 1, 12)})
    expected = clips_of(files, {"rgb": Sampling(*sampling)})
    part = Part((7 - Sampling(*sampling).span) // 2, *sampling)(to_input(whole))
    assert part.numpy() == pytest.approx(to_input(expected).numpy(), abs=1e-6)


def mixes() -> Iterator[list[About]]:
    one, other, third = "000000-01", "000000-02", "000001-00-flow"
    yield [about_of(one, rgb=(4, 1, 12)), about_of(other, rgb=(4, 1, 12))]
    yield [about_of(one, rgb=(4, 1, 12)), about_of(other, rgb=(3, 2, 5))]
    yield [about_of(one, rgb=(4, 1, 6)), about_of(other, rgb=(5, 1, 6))]
    yield [about_of(one, rgb=(2, 1, 6)), about_of(other, rgb=(1, 1, 6))]
    yield [about_of(one, rgb=(3, 2, 5)), about_of(third, flow=(3, 2, 5))]
    yield [about_of(one, rgb=(3, 2, 5), flow=(2, 1, 4)), about_of(third, flow=(4, 2, 6)),
           about_of(other, rgb=(3, 2, 5))]


@pytest.mark.parametrize("abouts", list(mixes()))
def test_of_stored_clips_it_gives_the_mean_of_what_each_gives_of_its_own(
    abouts: list[About], files: list[Any], tmp_path: Path
) -> None:
    members = [member_of(about, seed) for seed, about in enumerate(abouts)]
    described = about_ensemble(abouts)
    whole = ensemble_network(members, described.streams)
    each = [
        member.model(to_input(clips_of(files, {n: s.sampling for n, s in member.streams.items()})))
        for member in members
    ]
    expected = np.mean([logits.numpy() for logits in each], axis=0)
    scores = tf.nn.softmax(expected).numpy()

    taken = {name: stream.sampling for name, stream in described.streams.items()}
    clips = clips_of(files, taken)
    assert whole(to_input(clips)).numpy() == pytest.approx(expected, abs=1e-5)
    whole.save(tmp_path / "network.keras")
    loaded = load_network(tmp_path / "network.keras")
    assert loaded(to_input(clips)).numpy() == pytest.approx(expected, abs=1e-5)

    write_saved_model(whole, described, tmp_path / "saved_model")
    classify = tf.saved_model.load(str(tmp_path / "saved_model")).signatures["classify"]
    # as stored, at the size of the data set
    stored = clips_of(files, {
        name: Sampling(s.frames, s.stride, STORED[name].size) for name, s in taken.items()
    })
    answer = classify(**{name: tf.constant(pixels) for name, pixels in stored.items()})
    assert answer["scores"].numpy() == pytest.approx(scores, abs=1e-5)


def test_the_clip_is_that_of_all_where_they_agree_and_holds_those_of_all_where_not() -> None:
    alike, mixed, longer, short, streams, both = (
        about_ensemble(abouts).streams for abouts in mixes()
    )
    assert alike == {"rgb": StreamSettings(4, 1, 12, STORED["rgb"])}
    assert mixed == {"rgb": StreamSettings(5, 1, 12, STORED["rgb"])}
    assert longer == {"rgb": StreamSettings(5, 1, 6, STORED["rgb"])}
    assert short == {"rgb": StreamSettings(2, 1, 6, STORED["rgb"])}
    assert streams == {"rgb": StreamSettings(3, 2, 5, STORED["rgb"]),
                       "flow": StreamSettings(3, 2, 5, STORED["flow"])}
    assert both == {"rgb": StreamSettings(3, 2, 5, STORED["rgb"]),
                    "flow": StreamSettings(7, 1, 12, STORED["flow"])}


def test_it_says_whose_it_is() -> None:
    abouts = [about_of("000000-01", rgb=(4, 1, 12)), about_of("000000-01-flow", flow=(4, 1, 12))]
    described = about_ensemble(abouts)
    assert described.members == ("000000-01", "000000-01-flow")
    assert About.decode(described.encode(), "here") == described
