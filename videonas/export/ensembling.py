"""What child processes do for an ensemble: choose its networks and test it, then export it."""

from __future__ import annotations

import keras

from videonas.export.clip_logits import ClipLogits, mean_logits
from videonas.export.ensemble import Member, ensemble_network
from videonas.export.jobs import KERAS_FILE, SAVED_MODEL, ChoiceJob, Chosen, EnsembleJob
from videonas.export.keras_file import load_network
from videonas.export.saved_model import write_saved_model
from videonas.export.selection import disagreements, forward_selection
from videonas.export.videos import INTACT, accuracy, in_every_view
from videonas.training.setup import set_up


def choice_job(job: ChoiceJob) -> Chosen:
    """Chooses on the validation split; the test split is read of the chosen alone."""
    answers = [ClipLogits.load(file) for file in job.validation]
    differ = disagreements([each.scores() for each in answers])
    if job.size is not None and job.size < len(answers):
        members = forward_selection(answers, job.first, job.size, differ)
    else:
        members = sorted(range(len(answers)), key=lambda place: place != job.first)
    seen = mean_logits(answers[place] for place in members).scores()
    unseen = mean_logits(ClipLogits.load(job.test[place]) for place in members).scores()
    return Chosen(
        tuple(members), accuracy(seen.scores[INTACT], seen.labels).metrics, in_every_view(unseen),
        dict(differ),
    )


def ensemble_job(job: EnsembleJob) -> None:
    """Writes the Keras file and the SavedModel of an ensemble."""
    set_up(job.threads, optimise_graphs=False)
    members = [
        Member(about.individual, load_network(network), about.streams)
        for about, network in job.members
    ]
    model: keras.Model = ensemble_network(members, job.about.streams)
    model.save(job.folder / KERAS_FILE)
    write_saved_model(model, job.about, job.folder / SAVED_MODEL)
