"""Commands that make a network of a search ready for use, and use it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from videonas.errors import EXIT_STATUS, SOME_FAILED
from videonas.steps.shell import errors_as_sentences, step
from videonas.task import CHANNELS


@click.command("finish")
@click.argument("search_root")
@click.option(
    "--best", type=click.IntRange(1), metavar="COUNT",
    help="How many networks; by default as the setting finish_best says.",
)
@click.option(
    "--train-steps", type=click.IntRange(1), metavar="STEPS",
    help="Steps of each training; by default as the setting finish_train_steps says.",
)
@click.option(
    "--from", "initial", type=click.Choice(["scratch", "proxy"]),
    help="What training begins from: new weights, or those of proxy training; by default as the "
    "setting finish_from says.",
)
@click.option(
    "--distance", type=click.FloatRange(0, 1), metavar="SHARE",
    help="Least share of parts in which each two of them differ; by default as the setting "
    "finish_distance says.",
)
@click.option(
    "--stream", "streams", type=click.Choice(list(CHANNELS)), multiple=True,
    help="A stream that each is trained on; can be given several times. By default as the setting "
    "finish_streams says.",
)
@click.option(
    "--ensemble-size", type=click.IntRange(2), metavar="COUNT",
    help="Networks in the ensemble, chosen on the validation split; by default as the setting "
    "ensemble_size says.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything measured, as JSON.")
def finish_command(search_root: str, as_json: bool, **given: Any) -> None:
    """Trains the best networks at full length, tests and exports them.

    They are tested on the test split, which nothing has seen before, alone and as an ensemble
    whose logits are averaged, and exported to finished/<n> in the search root. What is done
    already is not done again.

    Example: videonas finish runs/mine --best 3 --train-steps 5000
    """
    from videonas.console.finished import print_finish
    from videonas.console.progress import step_progress
    from videonas.steps.finish import finish

    with step("finish", search_root) as root:
        with step_progress() as progress:
            finished = finish(root, **given, progress=progress)
        print_finish(finished, as_json=as_json)
        finished.record.need_best()


@click.command("predict")
@click.argument("finished", type=click.Path(path_type=Path))
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--top", type=click.IntRange(1), default=5, show_default=True, metavar="COUNT",
    help="How many classes to name.",
)
@click.option("--ensemble", is_flag=True, help="By the ensemble of FINISHED, and not its best.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def predict_command(
    finished: Path, videos: tuple[Path, ...], top: int, ensemble: bool, as_json: bool
) -> None:
    """Says what videos show, by an exported network alone.

    FINISHED is finished/<n> of a search root, the folder of one network or of the ensemble in it,
    or a copy of any of these anywhere.

    Exit status: 0 where all videos could be read; 1 where some could not, which are told on
    standard error; 2 where none could, or where nothing was tried.

    Example: videonas predict runs/mine/finished/1 clip.mp4 --top 3
    """
    from videonas.console.progress import progress
    from videonas.logs import set_up_logging

    set_up_logging("predict")
    with errors_as_sentences():
        from videonas.console.predictions import print_predictions
        from videonas.export.loading import load_exports
        from videonas.export.predicting import NoPrediction, predict

        networks = load_exports(finished, all_of_them=ensemble)
        with progress("videos") as report:
            predictions = predict(networks, videos, top, report)
        print_predictions(predictions, as_json=as_json)
    bad = sum(isinstance(each, NoPrediction) for each in predictions)
    if bad:
        sys.exit(SOME_FAILED if bad < len(predictions) else EXIT_STATUS)
