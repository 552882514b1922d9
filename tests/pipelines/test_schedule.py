"""`schedule`: one enabled recurring run to a name, whatever happens on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipelines.__main__ import main
from pipelines.connecting import Access, Kubeflow, KubeflowError, Passing
from pipelines.scheduling import Plan, Schedules, cron_times
from pipelines.submitting import Order, place
from tests.pipelines.conftest import ROOT
from tests.pipelines.kfp_server import KfpServer
from videonas.errors import SettingsError

NAME = f"tiny_video {ROOT}"
SUNDAYS, MONDAYS = cron_times("0 0 2 * * 0"), cron_times("0  0 2 * * 1")
EVERY_HOUR = {"interval_second": 3600}


@pytest.fixture
def plan(kfp: KfpServer, order: Order) -> Callable[..., Plan]:
    """Makes plans whose pipeline and experiment are there."""
    where = place(Kubeflow(Access(kfp.host)), order, "gestures")

    def make(times: Any = SUNDAYS, name: str = NAME, **changes: Any) -> Plan:
        given = {**order.given, **changes}
        return Plan(name, dataclasses.replace(order, given=given), where, times)

    return make


def schedules(kfp: KfpServer) -> Schedules:
    return Schedules(Kubeflow(Access(kfp.host)))


def trigger(times: Mapping[str, Any]) -> dict[str, Any]:
    """What the server is sent of times."""
    if "cron_expression" in times:
        return {"cron_schedule": {"cron": times["cron_expression"]}}
    return {"periodic_schedule": {"interval_second": str(times["interval_second"])}}


def crons(kfp: KfpServer) -> list[str]:
    return [each["trigger"]["cron_schedule"]["cron"] for each in kfp.recurring_runs]


def scheduled(kfp: KfpServer, *more: object) -> Result:
    arguments = ["schedule", "tiny_video", "--host", kfp.host, "--search-root", ROOT, *more]
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_the_command_makes_lists_pauses_resumes_and_removes(kfp: KfpServer) -> None:
    make = ["--cron", "0 0 2 * * 0", "--videos", "/mnt/videos", "--generations", 1]
    said = scheduled(kfp, *make)
    assert said.exit_code == 0, said.output
    (made,) = kfp.recurring_runs
    assert f"{kfp.host}/#/recurringrun/details/{made['recurring_run_id']}" in said.output
    assert made["display_name"] == NAME
    assert (made["max_concurrency"], made["no_catchup"], made["mode"]) == ("1", True, "ENABLE")
    assert made["trigger"] == {"cron_schedule": {"cron": "0 0 2 * * 0"}}
    assert made["runtime_config"]["parameters"]["search_videos"] == "/mnt/videos"
    assert f"{NAME}\tcron 0 0 2 * * 0\tenabled" in scheduled(kfp, "--list").output
    assert "paused" in scheduled(kfp, "--pause").output
    assert "disabled" in scheduled(kfp, "--list").output
    assert kfp.enabled() == []
    assert "resumed" in scheduled(kfp, *make).output
    assert kfp.enabled() == kfp.recurring_runs == [made]
    assert "removed" in scheduled(kfp, "--remove").output
    assert kfp.recurring_runs == []
    assert "no schedules" in scheduled(kfp, "--list").output


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "give one of --cron, --interval, --list, --pause and --remove"),
        (["--cron", "0 0 2 * * 0", "--interval", 3600], "give one of --cron"),
        (["--cron", "0 2 * * 0"], "has five fields; allowed: six, seconds first: '0 0 2 * * 0'"),
        (["--interval", 3600, "--set", "population=0"], "setting population is 0"),
        (["--interval", 3600, "--search-root", "runs"], "the pods of a cluster cannot see it"),
    ],
    ids=str,
)
def test_what_is_not_allowed_is_told_before_anything_is_sent(
    kfp: KfpServer, more: list[object], sentence: str
) -> None:
    said = scheduled(kfp, *more)
    assert said.exit_code == 2
    (line,) = said.output.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert kfp.requests == []


def test_times_that_the_server_does_not_take_are_told_in_its_words(kfp: KfpServer) -> None:
    said = scheduled(kfp, "--cron", "0 0 25:00 * * 0", "--videos", "/mnt/videos")
    assert said.exit_code == 2
    assert "Schedule cron is not a supported format" in said.output.splitlines()[-1]
    assert kfp.recurring_runs == []


@pytest.mark.parametrize("action", ["--pause", "--remove"])
def test_a_name_that_is_not_there_is_told_with_those_that_are(
    kfp: KfpServer, plan: Callable[..., Plan], action: str
) -> None:
    assert "there is no schedule at all" in scheduled(kfp, action).output
    for name in ("c", "b", "a"):  # more than a page
        schedules(kfp).set(plan(name=name))
    said = scheduled(kfp, action, "--name", "d")
    assert said.exit_code == 2
    assert "--name d: no such schedule" in said.output
    assert "allowed: a, b, c" in said.output
    assert len(kfp.enabled()) == 3


def test_the_same_options_change_nothing(kfp: KfpServer, plan: Callable[..., Plan]) -> None:
    first, word = schedules(kfp).set(plan())
    before = kfp.writes
    again, word_again = schedules(kfp).set(plan())
    assert (word, word_again) == ("created", "unchanged")
    assert first.recurring_run_id == again.recurring_run_id
    assert kfp.writes == before


@pytest.mark.parametrize(
    "change",
    [{"times": MONDAYS}, {"times": EVERY_HOUR}, {"max_macs": 10**6}],
    ids=["cron", "interval", "setting"],
)
def test_other_options_replace_it(
    kfp: KfpServer, plan: Callable[..., Plan], change: dict[str, Any]
) -> None:
    schedules(kfp).set(plan())
    other, _ = schedules(kfp).set(plan(name="other"))
    second, word = schedules(kfp).set(plan(**change))
    assert word == "replaced"
    ids = [each["recurring_run_id"] for each in kfp.enabled()]
    assert ids == [other.recurring_run_id, second.recurring_run_id]
    assert len(kfp.recurring_runs) == 2
    assert kfp.most_enabled == 1


def test_what_somebody_else_made_is_left_alone(kfp: KfpServer, plan: Callable[..., Plan]) -> None:
    schedules(kfp).set(plan())
    kfp.recurring_runs[0]["description"] = "mine"
    before = kfp.writes
    for act in (
        lambda: schedules(kfp).set(plan(MONDAYS)),
        lambda: schedules(kfp).pause(NAME),
        lambda: schedules(kfp).remove(NAME),
    ):
        with pytest.raises(SettingsError, match="not made by this command"):
            act()
    assert kfp.writes == before
    assert schedules(kfp).ours() == []


class Killed(BaseException):
    """The process ends here."""


def kill_at(patch: pytest.MonkeyPatch, write: int, sent: bool) -> None:
    """The process ends at the given change that it asks for, after that was done only if `sent`."""
    real = Kubeflow._once
    changes = 0

    def once(self: Kubeflow, doing: str, *rest: Any, **named: Any) -> Any:
        nonlocal changes
        if changes == write:
            raise Killed
        changes += not doing.startswith(("asking", "looking", "listing"))
        if changes < write or sent:
            answer = real(self, doing, *rest, **named)
        if changes == write:
            raise Killed
        return answer

    patch.setattr(Kubeflow, "_once", once)


CHANGES = ("create", "disable", "enable", "delete")


@pytest.mark.parametrize(
    "after", [MONDAYS, SUNDAYS, EVERY_HOUR], ids=["the new", "the old", "a third"]
)
@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_killed_between_any_two_changes_there_are_never_two_and_the_next_command_ends_it(
    kfp: KfpServer, plan: Callable[..., Plan], change: str, sent: bool, after: Any
) -> None:
    schedules(kfp).set(plan())
    at_work = schedules(kfp)
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, CHANGES.index(change) + 1, sent)
        with pytest.raises(Killed):
            at_work.set(plan(MONDAYS))
    gap = (change, sent) in (("disable", True), ("enable", False))
    assert len(kfp.enabled()) == (0 if gap else 1)
    made, _ = schedules(kfp).set(plan(after))
    (left,) = kfp.recurring_runs
    assert left["recurring_run_id"] == made.recurring_run_id
    assert left["mode"] == "ENABLE"
    assert left["trigger"] == trigger(after)
    assert kfp.most_enabled == 1


@pytest.mark.parametrize("fault", ["500", "cut", "lost"])
@pytest.mark.parametrize("line", ["POST recurringruns$", ":disable", ":enable", "DELETE"])
def test_a_fault_on_the_way_makes_no_difference(
    kfp: KfpServer, plan: Callable[..., Plan], line: str, fault: str
) -> None:
    schedules(kfp).set(plan())
    kfp.faults.append((line, fault))
    schedules(kfp).set(plan(MONDAYS))
    assert kfp.faults == []
    assert crons(kfp) == ["0 0 2 * * 1"]
    assert len(kfp.enabled()) == kfp.most_enabled == 1


def test_where_the_new_one_cannot_be_enabled_the_old_one_is_again(
    kfp: KfpServer, plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.connecting.PATIENCE", 0.3)
    old, _ = schedules(kfp).set(plan())
    kfp.faults += [("recurring_run-5:enable", "500")] * 1000
    with pytest.raises(Passing, match="when enabling a schedule"):
        schedules(kfp).set(plan(MONDAYS))
    assert [each["recurring_run_id"] for each in kfp.enabled()] == [old.recurring_run_id]
    assert kfp.most_enabled == 1


def test_of_two_commands_at_once_the_one_that_created_last_wins(
    kfp: KfpServer, plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules(kfp).set(plan())
    slow = schedules(kfp)
    real = slow.kubeflow.find_or_make

    def interrupted(*values: Any, **named: Any) -> Any:
        made = real(*values, **named)
        monkeypatch.undo()
        schedules(kfp).set(plan(EVERY_HOUR))
        return made

    monkeypatch.setattr(slow.kubeflow, "find_or_make", interrupted)
    with pytest.raises(KubeflowError, match="another command"):
        slow.set(plan(MONDAYS))
    (left,) = kfp.recurring_runs
    assert left["trigger"] == trigger(EVERY_HOUR)
    assert left["mode"] == "ENABLE"
    assert kfp.most_enabled == 1
