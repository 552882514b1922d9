"""A search on optical flow from videos to labels of videos: flow is computed as it was stored."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.finishing import search_on_clips
from tests.streams import NARROW
from tests.videos import write_numbered
from videonas.cli import main
from videonas.data.clips import ClipReader, resize
from videonas.data.decoding import read_clips
from videonas.errors import VideonasError
from videonas.export.about import About, StreamSettings, about_ensemble
from videonas.export.clip_logits import ClipLogits, mean_logits
from videonas.export.loading import Classifier, load_export, load_exports
from videonas.export.predicting import clips_of, video_scores
from videonas.export.saved_model import prepared
from videonas.search.dataset import OpticalFlow
from videonas.search.finish_folder import TEST_LOGITS
from videonas.search.root import SearchRoot
from videonas.steps.finish import Finish, finish
from videonas.task import Clip

ON_FLOW: dict[str, Any] = {
    **NARROW,
    "space_options": {**NARROW["space_options"], "clip_frames": 7, "stream": "flow"},
    "optical_flow": "dis",
    "random_flip": True,
    "random_reverse": True,
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, demo_videos: Path) -> SearchRoot:
    return search_on_clips(tmp_path_factory.mktemp("flow") / "root", demo_videos, **ON_FLOW)


@pytest.fixture(scope="module")
def ended(searched: SearchRoot) -> Finish:
    return finish(searched, best=1, train_steps=3)


@pytest.fixture(scope="module")
def network(ended: Finish) -> Classifier:
    (only,) = load_exports(Path(ended.folder.address), all_of_them=False)
    return only


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_export_says_how_its_flow_is_computed(network: Classifier) -> None:
    about = network.about
    assert about.optical_flow == "dis"
    assert about.streams == {"flow": StreamSettings(4, 1, 8, Clip(7, 8, 2))}
    assert About.decode(about.encode(), "here") == about


def test_what_is_predicted_from_is_what_was_stored(
    searched: SearchRoot, network: Classifier, demo_videos: Path
) -> None:
    dataset, about = searched.need_dataset(), network.about
    assert set(dataset.streams) == {"rgb", "flow"}
    shards = searched.shards(dataset, "test")
    taken = {name: stream.sampling for name, stream in about.streams.items()}
    reader = ClipReader(shards, dataset.task, taken)
    clips, _ = reader.read(range(len(reader)))
    names = reader.videos()
    assert len(set(names)) > 1
    assert len(np.unique(clips["flow"])) > 20, "something moves"
    for place in range(0, len(names), about.clips_per_video):
        video = demo_videos / names[place]
        found = clips_of(video, about, partial(read_clips, video))
        assert set(found) == {"flow"}
        assert (found["flow"] == clips["flow"][place : place + about.clips_per_video]).all()


def test_videos_are_given_labels(
    ended: Finish, network: Classifier, demo_videos: Path
) -> None:
    video = next(demo_videos.glob("*/*.mp4"))
    said = videonas("predict", ended.folder.address, video, "--json", "--top", 8)
    assert said.exit_code == 0, said.output
    (one,) = json.loads(said.stdout)
    scores = {each["label"]: each["score"] for each in one["predictions"]}
    alone = video_scores(network, video, partial(read_clips, video))
    assert [scores[name] for name in network.about.classes] == pytest.approx(alone)
    assert len({round(score, 6) for score in alone}) > 1


def test_an_ensemble_on_frames_and_on_flow_classifies_videos_as_it_was_tested(
    searched: SearchRoot, demo_videos: Path
) -> None:
    both = finish(searched, best=2, train_steps=3, streams=("rgb", "flow"))
    assert both.record.together is not None
    members = both.record.together.members
    assert {"flow", "rgb"} == {
        stream for name in members
        for stream in load_export(Path(both.folder.network_address(name))).about.streams
    }
    told = mean_logits(
        ClipLogits.load(both.folder.fetch(name, TEST_LOGITS)) for name in members
    ).scores()
    videos = [demo_videos / name for name in told.videos]
    assert len(videos) > 1
    said = videonas("predict", both.folder.address, *videos, "--ensemble", "--json", "--top", 8)
    assert said.exit_code == 0, said.output
    classes = searched.need_dataset().classes
    for one, expected in zip(json.loads(said.stdout), told.scores["intact"], strict=True):
        scores = {each["label"]: each["score"] for each in one["predictions"]}
        assert [scores[name] for name in classes] == pytest.approx(expected, abs=1e-5)
    card = Path(both.folder.ensemble_address, "card.md").read_text()
    assert "by OpenCV's DIS (medium preset): channel 0 to the right, channel 1 down" in card
    assert "does not use the order of frames; a frame of flow is a motion itself" in card


def test_a_video_too_short_is_told(ended: Finish, tmp_path: Path) -> None:
    enough, short = (write_numbered(tmp_path / f"{n}.mp4", n) for n in (4, 3))
    assert videonas("predict", ended.folder.address, enough).exit_code == 0
    said = videonas("predict", ended.folder.address, short)
    assert (said.exit_code, said.stdout) == (2, "")
    assert f"error: {short}: has 3 frames; the network needs 4 or more" in said.stderr


def test_an_ensemble_takes_every_video_that_each_of_its_networks_takes(
    network: Classifier, tmp_path: Path
) -> None:
    one, other = (
        replace(network.about, streams={"flow": StreamSettings(frames, stride, 8, Clip(16, 8, 2))})
        for frames, stride in ((4, 1), (3, 2))
    )
    video = write_numbered(tmp_path / "a.mp4", 5)
    for about in (one, other, about_ensemble([one, other])):
        clips = clips_of(video, about, partial(read_clips, video))
        assert clips["flow"].shape[1] == about.streams["flow"].frames


def test_of_a_video_shorter_than_prepared_clips_the_last_place_repeats(
    network: Classifier, tmp_path: Path
) -> None:
    video = write_numbered(tmp_path / "a.mp4", 4)
    clips = clips_of(video, network.about, partial(read_clips, video))["flow"]
    assert (clips[:, 3] == clips[:, 2]).all()
    assert (clips[:, 2] != clips[:, 1]).any()


def test_rgb_and_flow_of_one_network_come_from_one_decoding(
    network: Classifier, demo_videos: Path
) -> None:
    video = next(demo_videos.glob("*/*.mp4"))
    both = {"rgb": StreamSettings(3, 2, 8, Clip(7, 8)), **network.about.streams}
    about, asked = replace(network.about, streams=both), set()

    def read(*arguments: Any) -> Any:
        asked.add(arguments)
        return read_clips(video, *arguments)

    clips = clips_of(video, about, read)
    assert {name: each.shape[1:] for name, each in clips.items()} == {
        "rgb": (3, 8, 8, 3), "flow": (4, 8, 8, 2)
    }
    assert asked == {(Clip(7, 8), 1, about.clips_per_video, "dis")}


@pytest.mark.parametrize(("streams", "optical_flow", "said"), [
    (("flow",), "none",
     "takes the stream flow, and its search had optical_flow none; allowed: rgb"),
    (("rgb", "sound"), "dis",
     "takes the stream sound, and its search had optical_flow dis; allowed: rgb, flow"),
])
def test_streams_that_cannot_be_made_of_a_video(
    streams: tuple[str, ...], optical_flow: OpticalFlow, said: str, network: Classifier,
    demo_videos: Path,
) -> None:
    (own,) = network.about.streams.values()
    other = Classifier(network.folder, network.model)
    other.__dict__["about"] = replace(
        network.about, streams=dict.fromkeys(streams, own), optical_flow=optical_flow
    )
    video = next(demo_videos.glob("*/*.mp4"))
    with pytest.raises(VideonasError) as error:
        video_scores(other, video, partial(read_clips, video))
    assert str(error.value) == f"{network.folder}: the network {said}"


def test_an_export_reduces_flow_as_training_does() -> None:
    clips = np.random.default_rng(0).integers(0, 256, (2, 3, 12, 12, 2), np.uint8)
    inside = prepared(clips, StreamSettings(3, 1, 4, Clip(3, 12, 2))).numpy()
    assert (inside == resize(clips, 4)).all()
