"""Schedules: recurring runs of Kubeflow Pipelines, one to a name.

KFP cannot change a recurring run, so another one takes its place, in this order:

1. the new one is created, disabled;
2. what else has the name is disabled;
3. the new one is enabled;
4. what else has the name is deleted.

So two are never enabled. None is, between 2 and 3: where 3 is refused, what was enabled before is
enabled again; where the process itself is killed there, or is cut off there for good, none stays
enabled until the same command is given again, which ends what it finds begun, and `--list` shows
it. Where two of these commands meet, the one whose recurring run was created last wins.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.connecting import Kubeflow, KubeflowError, NotThere, by_name, models
from pipelines.submitting import Order, Place
from videonas.errors import SettingsError, VideonasError

OURS = re.compile(r"\(videonas ([0-9a-f]{16})\)\Z")
"""Ends the description of a schedule that was made here; holds a digest of its options."""

AT_A_TIME = 1
"""Runs of a schedule: a second one would only share the work of the first."""

LONG_AGO = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)


@dataclass(frozen=True)
class Plan:
    """What is to recur.

    Attributes:
        name: of the schedule.
        order: what is run.
        where: it belongs.
        times: when, as kfp's client takes it: `cron_expression` or `interval_second`.
        service_account: of the pods.
    """

    name: str
    order: Order
    where: Place
    times: Mapping[str, Any]
    service_account: str | None = None

    @property
    def description(self) -> str:
        """A sentence for people, and a digest by which equal plans are known.

        The digest is of what was asked for, not of what a search root added to it, which changes
        with every run.
        """
        asked = [
            self.order.search_root, self.order.space, dict(self.order.given),
            dict(self.order.fields), self.order.arguments["run_generations"],
            self.where.version_id, self.where.experiment_id,
            dict(self.times), self.service_account,
        ]
        text = json.dumps(asked, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"Goes on with the search at {self.order.search_root} (videonas {digest})"


@dataclass(frozen=True)
class Schedules:
    """The schedules in Kubeflow Pipelines.

    Attributes:
        kubeflow: where.
    """

    kubeflow: Kubeflow

    def ours(self, name: str | None = None) -> list[Any]:
        """Recurring runs that were made here, of a name or of all names, oldest first.

        Raises:
            SettingsError: one of the name was not made here.
            KubeflowError: they cannot be listed.
        """
        found = self.kubeflow.everything(
            "listing the schedules", self.kubeflow.client.list_recurring_runs, "recurring_runs",
            namespace=self.kubeflow.namespace, filter=None if name is None else by_name(name),
        )
        ours = [each for each in found if OURS.search(each.description or "")]
        if name is not None and len(ours) < len(found):
            raise SettingsError(
                f"--name {name}: {self.kubeflow.host} has a recurring run of that name that was "
                "not made by this command; allowed: another name"
            )
        return sorted(ours, key=_age)

    def set(self, plan: Plan) -> tuple[Any, str]:
        """Makes a plan the only schedule of its name, enabled, and says what that took.

        Args:
            plan: what is to recur.

        Returns:
            the recurring run, and a word: `unchanged`, `resumed`, `created` or `replaced`.

        Raises:
            SettingsError: a recurring run of the name was not made here.
            KubeflowError: something is refused, or another of these commands is at work.
        """
        before = self.ours(plan.name)
        newest = before[-1] if before else None
        if newest is not None and newest.description == plan.description:
            chosen, others = newest, before[:-1]
            if is_enabled(chosen) and not others:
                return chosen, "unchanged"
            word = "replaced" if others else "resumed"
        else:
            chosen, others = self._create(plan, before)
            word = "replaced" if others else "created"
        self._hand_over(chosen, others)
        return chosen, word

    def pause(self, name: str) -> int:
        """Disables the schedule of a name; gives how many recurring runs were enabled.

        Raises:
            SettingsError: there is none, or it was not made here.
            KubeflowError: it is refused.
        """
        enabled = [each for each in self._some(name) if is_enabled(each)]
        for each in enabled:
            self._disable(each)
        return len(enabled)

    def remove(self, name: str) -> None:
        """Deletes the schedule of a name; runs that it started stay.

        Raises:
            SettingsError: there is none, or it was not made here.
            KubeflowError: it is refused.
        """
        for each in self._some(name):
            self._delete(each)

    def _some(self, name: str) -> list[Any]:
        if found := self.ours(name):
            return found
        names = sorted({each.display_name for each in self.ours()})
        allowed = f"allowed: {', '.join(names)}" if names else "there is no schedule at all"
        raise SettingsError(f"--name {name}: no such schedule at {self.kubeflow.host}; {allowed}")

    def _create(self, plan: Plan, before: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The new recurring run, disabled, and what it replaces."""
        known = {each.recurring_run_id for each in before}

        def find() -> Any:
            """The schedule, where it was made already."""
            fresh = [
                each for each in self.ours(plan.name)
                if each.recurring_run_id not in known and each.description == plan.description
            ]
            return next(iter(fresh), None)

        made, _ = self.kubeflow.find_or_make(
            "creating the schedule", find, self.kubeflow.client.create_recurring_run,
            job_name=plan.name, description=plan.description, params=dict(plan.order.arguments),
            service_account=plan.service_account, max_concurrency=AT_A_TIME, no_catchup=True,
            enabled=False, **plan.times, **plan.where.ids,
        )
        others = [
            each for each in self.ours(plan.name) if each.recurring_run_id != made.recurring_run_id
        ]
        rivals = [each for each in others if each.recurring_run_id not in known]
        if any(_age(each) > _age(made) for each in rivals):
            raise KubeflowError(
                f"schedule {plan.name!r} is being replaced by another command at this moment; "
                "give this one again"
            )
        return made, others

    def _hand_over(self, chosen: Any, others: Sequence[Any]) -> None:
        """Steps 2 to 4."""
        enabled = [each for each in others if is_enabled(each)]
        try:
            for each in enabled:
                self._disable(each)
            if not is_enabled(chosen):
                self._enable(chosen)
        except BaseException:
            self._take_back(chosen, enabled)
            raise
        for each in others:
            self._delete(each)

    def _take_back(self, chosen: Any, enabled: Sequence[Any]) -> None:
        """Enables what was enabled, where it can be; the first failure is the one that is told."""
        if enabled and not is_enabled(chosen):
            with contextlib.suppress(VideonasError):
                self._disable(chosen)  # only the answer to enabling it may have been lost
                self._enable(enabled[-1])

    def _enable(self, each: Any) -> None:
        enable = self.kubeflow.client.enable_recurring_run
        self.kubeflow.ask("enabling a schedule", enable, each.recurring_run_id)

    def _disable(self, each: Any) -> None:
        disable = self.kubeflow.client.disable_recurring_run
        with contextlib.suppress(NotThere):
            self.kubeflow.ask("disabling a schedule", disable, each.recurring_run_id)

    def _delete(self, each: Any) -> None:
        delete = self.kubeflow.client.delete_recurring_run
        with contextlib.suppress(NotThere):
            self.kubeflow.ask("deleting a schedule", delete, each.recurring_run_id)


def default_name(space: str, search_root: str) -> str:
    """The name of a schedule where none is given: one a search."""
    return f"{space} {search_root.rstrip('/')}"


def cron_times(expression: str) -> dict[str, Any]:
    """The times of a cron expression, which the server checks.

    Raises:
        SettingsError: it has five fields. The server takes them too, as seconds to months, which
            crontab's users do not mean.
    """
    fields = expression.split()
    if len(fields) == 5:
        raise SettingsError(
            f"--cron {expression!r} has five fields; allowed: six, seconds first: "
            f"'{' '.join(['0', *fields])}'"
        )
    return {"cron_expression": " ".join(fields)}


def is_enabled(recurring_run: Any) -> bool:
    """Whether a recurring run starts runs."""
    if recurring_run.mode is not None:
        return bool(recurring_run.mode == models.RecurringRunMode.ENABLE)
    return bool(recurring_run.status == "ENABLED")


def when(recurring_run: Any) -> str:
    """The times of a recurring run, in words."""
    trigger = recurring_run.trigger
    if trigger is not None and trigger.cron_schedule is not None:
        return f"cron {trigger.cron_schedule.cron}"
    if trigger is not None and trigger.periodic_schedule is not None:
        return f"every {trigger.periodic_schedule.interval_second} s"
    return "never"


def schedule_page(recurring_run: Any) -> str:
    """The page of the user interface that shows a recurring run."""
    return f"recurringrun/details/{recurring_run.recurring_run_id}"


def _age(recurring_run: Any) -> tuple[datetime.datetime, str]:
    return recurring_run.created_at or LONG_AGO, recurring_run.recurring_run_id
