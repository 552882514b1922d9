"""What child processes do for `finish` after training: test, export, average."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import ClipReader
from videonas.export.jobs import KERAS_FILE, SAVED_MODEL, Exported, ExportJob
from videonas.export.saved_model import write_saved_model
from videonas.export.videos import VideoScores, accuracy, by_video, ensemble, in_every_view
from videonas.export.views import VIEWS, score_clips
from videonas.networks import build
from videonas.search.finish_folder import SCORES
from videonas.search.finished import Verdict
from videonas.training.jobs import Shards
from videonas.training.setup import set_up


def export_job(job: ExportJob) -> Exported:
    """Tests a network on its own and writes its Keras file, SavedModel and scores."""
    candidate = job.candidate
    set_up(candidate.settings.train_threads, optimise_graphs=False)
    model = build(candidate.space, candidate.architecture, candidate.task)
    model.load_weights(job.weights)
    try:
        seen = _scores(model, job, job.validation, ["intact"])
        unseen = _scores(model, job, job.test, list(VIEWS))
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        return Exported("out_of_memory", f"out of memory: {error}".splitlines()[0])
    every = [*seen.scores.values(), *unseen.scores.values()]
    if not all(np.isfinite(scores).all() for scores in every):
        return Exported("diverged", "its scores are no numbers")
    unseen.save(job.folder / SCORES)
    model.save(job.folder / KERAS_FILE)
    write_saved_model(model, job.about, job.folder / SAVED_MODEL)
    validation = accuracy(seen.scores["intact"], seen.labels).metrics
    return Exported("ok", "", validation, in_every_view(unseen))


def _scores(
    model: keras.Model, job: ExportJob, shards: Shards, views: list[str]
) -> VideoScores:
    reader = ClipReader(shards, job.candidate.task, job.candidate.samplings)
    scores, labels = score_clips(model, reader, job.about.multi_label, views)
    return by_video(reader.videos(), labels, scores)


def ensemble_job(files: list[Path]) -> Verdict:
    """What the test split says of the mean of the scores in several files."""
    return in_every_view(ensemble([VideoScores.load(file) for file in files]))
