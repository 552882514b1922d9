"""The ensemble that `finish` leaves behind, of a search on real clips."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result

from tests.export.test_finished_search import ALONE, by_video, names, same
from videonas.cli import main
from videonas.codec import encode
from videonas.data.clips import ClipReader
from videonas.export.clip_logits import ClipLogits, mean_logits
from videonas.export.jobs import KERAS_FILE, SAVED_MODEL
from videonas.export.keras_file import load_network
from videonas.export.loading import load_exports
from videonas.export.predicting import Prediction, predict
from videonas.export.videos import VideoScores, in_every_view
from videonas.search.finish_folder import TEST_LOGITS, VALIDATION_LOGITS
from videonas.search.finished import Finished, Together
from videonas.search.records import FORMATS
from videonas.search.root import SearchRoot
from videonas.steps.finish import Finish


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def together(finished: Finish) -> Together:
    assert finished.record.together is not None
    return finished.record.together


def folder_of(finished: Finish) -> Path:
    return Path(finished.folder.ensemble_address)


def answers(finished: Finish, file: str) -> ClipLogits:
    """The mean of the logits of its members."""
    return mean_logits(
        ClipLogits.load(finished.folder.fetch(name, file)) for name in together(finished).members
    )


def expected(finished: Finish) -> VideoScores:
    """What the evaluation says of it on the test split."""
    return answers(finished, TEST_LOGITS).scores()


def clips_of(searched: SearchRoot, finished: Finish, size: int | None = None) -> ClipReader:
    """The test split as the ensemble takes it, or at another size."""
    dataset = searched.need_dataset()
    (export,) = load_exports(folder_of(finished), all_of_them=False)
    taken = export.about.streams["rgb"].sampling
    whole = {"rgb": replace(taken, size=size or taken.size)}
    return ClipReader(searched.shards(dataset, "test"), dataset.task, whole)


def test_the_record_follows_from_the_logits(finished: Finish) -> None:
    members = together(finished).members
    assert set(members) == set(names(finished)), "by default all of them"
    assert members[0] == finished.record.best
    assert finished.record.ensemble == in_every_view(expected(finished))
    seen = answers(finished, VALIDATION_LOGITS).scores()
    right = (seen.scores["intact"].argmax(axis=1) == seen.labels).mean()
    assert together(finished).validation["top1"] == right
    assert together(finished).without_export == ""


def test_how_each_two_differ_is_told(searched: SearchRoot, finished: Finish) -> None:
    (pair,) = together(finished).pairs
    assert [pair.one, pair.other] == names(finished)
    members = searched.lineage().members
    one, other = (members[name].individual.architecture for name in names(finished))
    assert pair.distance == searched.space.distance(one, other) > 0
    best = [
        ClipLogits.load(finished.folder.fetch(name, VALIDATION_LOGITS)).scores()
        .scores["intact"].argmax(axis=1) for name in names(finished)
    ]
    assert pair.disagreement == (best[0] != best[1]).mean()


def test_tensorflow_alone_gives_the_scores_of_the_evaluation(
    searched: SearchRoot, finished: Finish, tmp_path: Path
) -> None:
    stored = searched.need_dataset().streams["rgb"].size
    reader = clips_of(searched, finished, stored)
    np.save(tmp_path / "clips.npy", reader.read(range(len(reader)))[0]["rgb"])
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder_of(finished) / SAVED_MODEL, moved)
    subprocess.run(
        [sys.executable, "-c", ALONE, str(moved), str(tmp_path / "clips.npy"),
         str(tmp_path / "answers.json")],
        cwd=tmp_path, check=True, capture_output=True,
    )
    said = json.loads((tmp_path / "answers.json").read_text())
    same(by_video(reader, said["scores"]), expected(finished), 1e-5)
    assert said["settings"]["members"] == list(together(finished).members)


def test_the_keras_file_gives_them_too(searched: SearchRoot, finished: Finish) -> None:
    reader = clips_of(searched, finished)
    network = load_network(folder_of(finished) / KERAS_FILE)
    pixels = reader.read(range(len(reader)))[0]["rgb"]
    scores = tf.nn.softmax(network(pixels / np.float32(127.5) - 1, training=False))
    same(by_video(reader, scores), expected(finished), 1e-5)


def test_predict_says_of_the_videos_what_the_evaluation_said(
    finished: Finish, demo_videos: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished.folder.address, tmp_path / "copy")
    networks = load_exports(tmp_path / "copy", all_of_them=True)
    assert [network.about.members for network in networks] == [together(finished).members]
    scores = expected(finished)
    said = predict(networks, [demo_videos / video for video in scores.videos], top=8)
    for prediction, of_video in zip(said, scores.scores["intact"], strict=True):
        assert isinstance(prediction, Prediction)
        assert list(prediction.scores) == pytest.approx(sorted(of_video, reverse=True), abs=1e-5)
    whole = folder_of(finished)
    video = demo_videos / scores.videos[0]
    assert videonas("predict", whole, video, "--json").stdout == videonas(
        "predict", finished.folder.address, video, "--json", "--ensemble"
    ).stdout


def test_the_card_and_the_table_show_it_beside_the_single_best(finished: Finish) -> None:
    card = (folder_of(finished) / "card.md").read_text()
    record = finished.record
    assert record.ensemble is not None
    for name in names(finished):
        assert f"| {name} | `" in card
    interval = record.ensemble.intact.top1_interval
    assert interval is not None
    assert f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %" in card
    widths: list[int] = []
    for line in card.splitlines():
        if line.startswith("|"):
            widths.append(line.count("|"))
            assert widths[-1] == widths[0], line
        else:
            widths = []
    (program,) = [part.partition("```")[0] for part in card.split("```python\n")[1:]]
    compile(program, "card.md", "exec")

    root = finished.folder.records.store.uri
    told = videonas("finish", root, "--best", 2, "--train-steps", 6)
    assert told.exit_code == 0, told.output
    assert f"{interval[0]:.3f} to {interval[1]:.3f}" in " ".join(told.stdout.split())
    members = ", ".join(together(finished).members)
    assert f"ensemble: of {members}, the mean of their logits." in told.stdout
    assert f"ensemble {folder_of(finished)}" in told.stdout


# What is not there


def changed(finished: Finish, folder: Path, change: Callable[[Finished], Finished]) -> Path:
    """A copy of what was finished, with another record."""
    shutil.copytree(finished.folder.address, folder)
    (folder / "finish.json").write_bytes(encode(change(finished.record), FORMATS[Finished]))
    return folder


def test_what_an_older_version_finished_is_the_mean_of_the_scores_of_all(
    finished: Finish, demo_videos: Path, tmp_path: Path
) -> None:
    older = changed(finished, tmp_path / "older", lambda record: replace(record, together=None))
    shutil.rmtree(older / "ensemble")
    networks = load_exports(older, all_of_them=True)
    assert [network.about.individual for network in networks] == names(finished)
    every = [ClipLogits.load(finished.folder.fetch(name, TEST_LOGITS)).scores()
             for name in names(finished)]
    (said,) = predict(networks, [demo_videos / every[0].videos[0]], top=8)
    mean: Any = np.mean([each.scores["intact"][0] for each in every], axis=0)
    assert isinstance(said, Prediction)
    assert list(said.scores) == pytest.approx(sorted(mean, reverse=True), abs=1e-5)


def test_an_ensemble_without_an_export_says_why(
    finished: Finish, demo_videos: Path, tmp_path: Path
) -> None:
    why = replace(together(finished), without_export="used 9,000 MB of memory")
    copy = changed(finished, tmp_path / "copy", lambda record: replace(record, together=why))
    said = videonas("predict", copy, next(demo_videos.glob("*/*.mp4")), "--ensemble")
    assert said.exit_code == 2
    assert said.stderr.splitlines()[-1] == (
        f"error: {copy}: the ensemble has no export: used 9,000 MB of memory"
    )
