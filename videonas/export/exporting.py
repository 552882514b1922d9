"""What child processes do for `finish` after training: test and export one network."""

from __future__ import annotations

import keras
import tensorflow as tf

from videonas.data.clips import ClipReader
from videonas.errors import reason
from videonas.export.clip_logits import ClipLogits
from videonas.export.jobs import KERAS_FILE, SAVED_MODEL, Exported, ExportJob
from videonas.export.saved_model import write_saved_model
from videonas.export.videos import INTACT, accuracy, in_every_view
from videonas.export.views import VIEWS, answer_clips
from videonas.networks import build
from videonas.search.finish_folder import SCORES, TEST_LOGITS, VALIDATION_LOGITS
from videonas.training.jobs import Shards
from videonas.training.setup import set_up


def export_job(job: ExportJob) -> Exported:
    """Tests a network on its own and writes its Keras file, SavedModel and scores."""
    candidate = job.candidate
    set_up(candidate.settings.train_threads, optimise_graphs=False)
    model = build(candidate.space, candidate.architecture, candidate.task)
    model.load_weights(job.weights)
    try:
        seen = _answers(model, job, job.validation, [INTACT])
        unseen = _answers(model, job, job.test, list(VIEWS))
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        return Exported("out_of_memory", f"out of memory: {reason(error)}")
    if not (seen.finite and unseen.finite):
        return Exported("diverged", "its scores are no numbers")
    seen.save(job.folder / VALIDATION_LOGITS)
    unseen.save(job.folder / TEST_LOGITS)
    tested, validated = unseen.scores(), seen.scores()
    tested.save(job.folder / SCORES)
    model.save(job.folder / KERAS_FILE)
    write_saved_model(model, job.about, job.folder / SAVED_MODEL)
    validation = accuracy(validated.scores[INTACT], validated.labels).metrics
    return Exported("ok", "", validation, in_every_view(tested))


def _answers(model: keras.Model, job: ExportJob, shards: Shards, views: list[str]) -> ClipLogits:
    reader = ClipReader(shards, job.candidate.task, job.candidate.samplings)
    return answer_clips(model, reader, views)
