"""The commands that talk to Kubeflow Pipelines: `submit` and `schedule`.

All that can be checked here is checked before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.options import compile_options, connection_options, placing_options
from videonas.cli.options import SettingsCommand, given_settings, settings_options
from videonas.errors import SettingsError
from videonas.search.start_from import naming_starts
from videonas.spaces import SPACES
from videonas.steps.shell import errors_as_sentences

if TYPE_CHECKING:  # kfp takes seconds to import
    from pipelines.connecting import Kubeflow
    from pipelines.scheduling import Schedules
    from pipelines.submitting import Order

ACCESS = ("host", "namespace", "token_file", "cookie_file", "ca_file", "insecure")


@click.command(cls=SettingsCommand)
@click.argument("space", type=click.Choice(sorted(SPACES)))
@settings_options
@placing_options
@click.option(
    "--run-name", metavar="NAME",
    help="Name of the run; where the experiment has it already, nothing is started again. By "
    "default a new one.",
)
@compile_options
@connection_options
def submit(
    run_name: str | None, experiment: str | None, service_account: str | None, **options: Any
) -> None:
    """Submits a run of a search to Kubeflow Pipelines.

    Compiles the pipeline, uploads it where this version of it is not there yet, and starts a run,
    whose address is printed. The run needs nothing of this machine.

    Example: python -m pipelines submit tiny_video --host URL --namespace team-a
    --experiment gestures --search-root gs://bucket/searches/gestures --videos gs://bucket/videos
    """
    with errors_as_sentences():
        from pipelines.submitting import place, run_page
        from pipelines.submitting import submit as start

        order = _order(options)
        kubeflow = _kubeflow(options)
        where = place(kubeflow, order, experiment or order.search)
        run, made = start(kubeflow, order, where, run_name, service_account)
    _say("pipeline", f"{order.version}, {'uploaded' if where.uploaded else 'there already'}")
    _say("run", f"{run.display_name}, {'started' if made else 'there already'}")
    _say("shown at", kubeflow.address(run_page(run)))


@click.command(cls=SettingsCommand)
@click.argument("space", type=click.Choice(sorted(SPACES)), required=False)
@click.option(
    "--cron", metavar="FIELDS",
    help="When: six fields, seconds first, such as '0 0 2 * * 0', Sundays at 2:00. The time zone "
    "is the cluster's, UTC unless it was changed.",
)
@click.option(
    "--interval", type=click.IntRange(60), metavar="SECONDS", help="Instead: every so many seconds."
)
@click.option(
    "--name", metavar="NAME",
    help="Name of the schedule; by default the search space and the search root.",
)
@click.option("--list", "listing", is_flag=True, help="List the schedules that were made so.")
@click.option(
    "--pause", is_flag=True, help="Disable the schedule; giving it again with --cron resumes it."
)
@click.option("--remove", is_flag=True, help="Delete the schedule; what it ran stays.")
@settings_options
@placing_options
@compile_options
@connection_options
def schedule(
    listing: bool, pause: bool, remove: bool, name: str | None, **options: Any
) -> None:
    """Schedules runs of a search on Kubeflow Pipelines.

    Each run goes on with the search; one at a time, and what was missed is not caught up. Given
    again with other options, the schedule is replaced; with the same ones, it is left as it is.

    Example: python -m pipelines schedule tiny_video --cron "0 0 2 * * 0" --host URL
    --search-root gs://bucket/searches/gestures --videos gs://bucket/videos
    """
    with errors_as_sentences():
        if listing + pause + remove + bool(options["cron"]) + bool(options["interval"]) != 1:
            raise SettingsError("give one of --cron, --interval, --list, --pause and --remove")
        if listing:
            _list(_schedules(options))
        elif pause:
            named = _name(name, options)
            count = _schedules(options).pause(named)
            _say("schedule", f"{named}, {'paused' if count else 'paused already'}")
        elif remove:
            named = _name(name, options)
            _schedules(options).remove(named)
            _say("schedule", f"{named}, removed")
        else:
            _set(name, options)


def _set(name: str | None, options: Mapping[str, Any]) -> None:
    from pipelines.scheduling import Plan, Schedules, cron_times, schedule_page, when
    from pipelines.submitting import place

    cron, interval = options["cron"], options["interval"]
    times = cron_times(cron) if cron else {"interval_second": interval}
    order = _order(options)
    kubeflow = _kubeflow(options)
    where = place(kubeflow, order, options["experiment"] or order.search)
    plan = Plan(_name(name, options), order, where, times, options["service_account"])
    made, word = Schedules(kubeflow).set(plan)
    _say("pipeline", f"{order.version}, {'uploaded' if where.uploaded else 'there already'}")
    _say("schedule", f"{plan.name}, {word}; {when(made)}, one run at a time")
    _say("shown at", kubeflow.address(schedule_page(made)))


def _list(schedules: Schedules) -> None:
    from pipelines.scheduling import is_enabled, schedule_page, when

    found = schedules.ours()
    names = [each.display_name for each in found]
    for each in found:
        state = "enabled" if is_enabled(each) else "disabled"
        if names.count(each.display_name) > 1:
            state += ", being replaced: if it stays so, give the schedule again"
        page = schedules.kubeflow.address(schedule_page(each))
        click.echo(f"{each.display_name}\t{when(each)}\t{state}\t{page}")
    if not found:
        click.echo("no schedules")


def _order(options: Mapping[str, Any]) -> Order:
    """What is asked for, checked and compiled."""
    from pipelines.submitting import prepare

    space, search_root = options["space"], options["search_root"]
    if not space or not search_root:
        raise SettingsError("give a search space, such as tiny_video, and --search-root URI")
    videos, start_from = options["videos"], options["start_from"]
    if videos and "://" not in videos and not Path(videos).is_absolute():
        raise SettingsError(
            f"--videos {videos}: the pods of a cluster cannot see it; allowed: gs://bucket/prefix, "
            "s3://bucket/prefix, minio://bucket/prefix, or the whole path at which they mount it"
        )
    given = given_settings(
        videos, options["settings_file"], options["assignments"], start_from, space
    )
    with naming_starts(start_from):
        order = prepare(
            space, search_root, given, options["generations"], options["cluster"], options["form"]
        )
    if order.unreadable is not None:
        why = order.unreadable.partition(" (")[0]
        click.echo(f"note: only what was given is checked, since {why}", err=True)
    return order


def _kubeflow(options: Mapping[str, Any]) -> Kubeflow:
    from pipelines.connecting import Access, Kubeflow

    return Kubeflow(Access(**{name: options[name] for name in ACCESS}))


def _schedules(options: Mapping[str, Any]) -> Schedules:
    from pipelines.scheduling import Schedules

    return Schedules(_kubeflow(options))


def _name(name: str | None, options: Mapping[str, Any]) -> str:
    """Of the schedule."""
    from pipelines.scheduling import default_name

    if name:
        return name
    if not options["space"] or not options["search_root"]:
        raise SettingsError("give --name, or a search space and --search-root")
    return default_name(options["space"], options["search_root"])


def _say(what: str, text: str) -> None:
    click.echo(f"{what:<10} {text}")
