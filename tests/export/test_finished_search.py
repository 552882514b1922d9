"""What `finish` leaves behind, of a search on real clips."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from videonas.data.clips import ClipReader
from videonas.data.decoding import read_clips
from videonas.export.intervals import wilson_interval
from videonas.export.keras_file import load_network
from videonas.export.loading import load_exports
from videonas.export.predicting import video_scores
from videonas.export.videos import VideoScores
from videonas.search.finish_folder import SCORES
from videonas.search.individual import candidate_seed
from videonas.search.root import SearchRoot
from videonas.steps.finish import Finish

ALONE = """
import json, sys
sys.modules["videonas"] = None  # importing it fails
import numpy as np, tensorflow as tf
folder, clips, answers = sys.argv[1:]
network = tf.saved_model.load(folder)
answer = network.signatures["classify"](rgb=tf.constant(np.load(clips)))
about = network.signatures["describe"]()
settings = json.loads(about["settings"].numpy())
labels = [[name.decode() for name in row] for row in answer["labels"].numpy()]
with open(answers, "w") as file:
    json.dump({"scores": answer["scores"].numpy().tolist(), "labels": labels, "settings": settings,
               "classes": [name.decode() for name in about["classes"].numpy()]}, file)
assert "videonas" not in {name.partition(".")[0] for name in sys.modules if sys.modules[name]}
"""


def names(finished: Finish) -> list[str]:
    return [network.finalist.individual for network in finished.record.networks]


def scores_of(finished: Finish, name: str) -> VideoScores:
    return VideoScores.load(finished.folder.fetch(name, SCORES))


def clips_to_test(root: SearchRoot, name: str, *, at_own_size: bool) -> ClipReader:
    """The test split as a network, or as a stranger with larger clips, sees it."""
    dataset = root.need_dataset()
    member = root.lineage().members[name]
    (sampling,) = root.space.sampling(member.individual.architecture).values()
    size = sampling.size if at_own_size else dataset.streams["rgb"].size
    taken = type(sampling)(sampling.frames, sampling.stride, size)
    return ClipReader(root.shards(dataset, "test"), dataset.task, {"rgb": taken})


def by_video(reader: ClipReader, scores: Any) -> dict[str, Any]:
    of_clips: dict[str, list[Any]] = {}
    for video, row in zip(reader.videos(), np.asarray(scores), strict=True):
        of_clips.setdefault(video, []).append(row)
    return {video: np.mean(rows, axis=0) for video, rows in of_clips.items()}


def same(found: dict[str, Any], expected: VideoScores, within: float) -> None:
    assert list(found) == list(expected.videos)
    difference = np.abs(np.stack(list(found.values())) - expected.scores["intact"]).max()
    assert difference <= within


def test_tensorflow_alone_gives_the_scores_of_the_evaluation(
    searched: SearchRoot, finished: Finish, tmp_path: Path
) -> None:
    name = finished.record.need_best().finalist.individual
    reader = clips_to_test(searched, name, at_own_size=False)
    np.save(tmp_path / "clips.npy", reader.read(range(len(reader)))[0]["rgb"])
    moved = tmp_path / "elsewhere"
    shutil.copytree(Path(finished.best_address) / "saved_model", moved)
    subprocess.run(
        [sys.executable, "-c", ALONE, str(moved), str(tmp_path / "clips.npy"),
         str(tmp_path / "answers.json")],
        cwd=tmp_path, check=True, capture_output=True,
    )
    said = json.loads((tmp_path / "answers.json").read_text())
    same(by_video(reader, said["scores"]), scores_of(finished, name), 1e-5)
    classes = list(searched.need_dataset().classes)
    assert said["classes"] == said["settings"]["classes"] == classes
    best = [classes[place] for place in np.argmax(said["scores"], axis=1)]
    assert [row[0] for row in said["labels"]] == best
    stream = said["settings"]["streams"]["rgb"]
    (sampling,) = searched.space.sampling(
        searched.lineage().members[name].individual.architecture
    ).values()
    assert (stream["frames"], stream["stride"], stream["size"]) == (
        sampling.frames, sampling.stride, sampling.size
    )
    assert said["settings"]["frame_step"] == searched.settings.frame_step


def test_the_keras_file_gives_them_too(searched: SearchRoot, finished: Finish) -> None:
    for name in names(finished):
        reader = clips_to_test(searched, name, at_own_size=True)
        network = load_network(Path(finished.folder.network_address(name)) / "network.keras")
        pixels = reader.read(range(len(reader)))[0]["rgb"]
        scores = tf.nn.softmax(network(pixels / np.float32(127.5) - 1, training=False))
        same(by_video(reader, scores), scores_of(finished, name), 1e-5)


def test_the_tflite_file_gives_them_too(searched: SearchRoot, finished: Finish) -> None:
    for network in finished.record.networks:
        name = network.finalist.individual
        file = Path(finished.folder.network_address(name)) / "network.tflite"
        assert file.is_file() == (network.without_tflite == "")
        if file.is_file():
            reader = clips_to_test(searched, name, at_own_size=True)
            pixels = reader.read(range(len(reader)))[0]["rgb"]
            run = Interpreter(str(file)).get_signature_runner("classify")
            scores = [run(rgb=pixels[i : i + 1])["scores"][0] for i in range(len(pixels))]
            same(by_video(reader, scores), scores_of(finished, name), 1e-3)


def test_predict_says_of_the_videos_what_the_evaluation_said(
    finished: Finish, demo_videos: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished.folder.address, tmp_path / "copy")
    (network,) = load_exports(tmp_path / "copy", all_of_them=False)
    expected = scores_of(finished, finished.record.need_best().finalist.individual)
    for video, scores in zip(expected.videos, expected.scores["intact"], strict=True):
        path = demo_videos / video
        assert video_scores(network, path, partial(read_clips, path)) == pytest.approx(
            scores, abs=1e-5
        )


def test_the_record_follows_from_the_scores(searched: SearchRoot, finished: Finish) -> None:
    members = searched.lineage().members
    for network in finished.record.networks:
        assert (network.outcome, network.message) == ("ok", "")
        scores, verdict = scores_of(finished, network.finalist.individual), network.test
        assert verdict is not None
        right = (scores.scores["intact"].argmax(axis=1) == scores.labels).sum()
        assert verdict.intact.metrics["top1"] == right / len(scores.videos)
        assert verdict.intact.top1_interval == wilson_interval(int(right), len(scores.videos))
        assert (verdict.videos, verdict.clips) == (8, 16)
        assert network.selected == members[network.finalist.individual].result.metrics
        assert network.validation.keys() == network.selected.keys()


def test_every_view_of_the_test_split_is_there(finished: Finish) -> None:
    for name in names(finished):
        scores = scores_of(finished, name).scores
        assert scores.keys() == {"intact", "shuffled", "repeated"}
        assert not np.array_equal(scores["intact"], scores["repeated"])


def test_finalists_are_the_fittest_and_their_seeds_are_new(
    searched: SearchRoot, finished: Finish
) -> None:
    lineage, plan = searched.lineage(), finished.record.plan
    best = lineage.best(searched.settings)
    assert best is not None
    assert plan.finalists[0].individual == best.individual.name
    assert [f.individual for f in plan.finalists] == [
        member.individual.name for member in lineage.fittest(searched.settings)[:2]
    ]
    assert len({finalist.architecture for finalist in plan.finalists}) == 2
    used = {candidate_seed(searched.settings, m.individual.id) for m in lineage.members.values()}
    assert not used & {finalist.seed for finalist in plan.finalists}


def test_the_best_is_chosen_on_the_validation_split(finished: Finish) -> None:
    losses = {n.finalist.individual: n.validation["loss"] for n in finished.record.networks}
    assert finished.record.best == min(losses, key=lambda name: losses[name])


def test_what_an_artifact_store_is_told_is_flat_and_finite(finished: Finish) -> None:
    for name, value in finished.metadata.items():
        assert isinstance(value, (str, int, float)), name
        assert isinstance(value, str) or np.isfinite(value), name
    assert finished.metadata["individual"] == finished.record.best
    assert {"test_top1", "test_top1_low", "test_top1_shuffled", "test_loss_repeated",
            "selected_top1", "ensemble_top1"} <= finished.metrics.keys()
