"""`finish`: trains the best at full length, tests them, and exports them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from videonas.errors import VideonasError
from videonas.search.finish_folder import FinishFolder
from videonas.search.finished import Finished, Initial, Plan, make_plan
from videonas.search.root import SearchRoot
from videonas.steps.final_plan import plan_of_run
from videonas.steps.finalists import Finalists


@dataclass(frozen=True)
class Finish:
    """What `finish` made.

    Attributes:
        folder: where it lies.
        record: what was measured.
    """

    folder: FinishFolder
    record: Finished

    @property
    def best_address(self) -> str:
        """The export of the best network.

        Raises:
            VideonasError: nobody was exported.
        """
        return self.folder.network_address(self.record.need_best().finalist.individual)

    @property
    def metadata(self) -> dict[str, str | float]:
        """What an artifact store shows of the best network, flat."""
        best = self.record.need_best()
        return {
            "finished": self.folder.number,
            "individual": best.finalist.individual,
            "architecture": best.finalist.architecture,
            "data": self.record.plan.data,
            "train_steps": self.record.plan.train_steps,
            "parameters": best.costs.parameters,
            "macs": best.costs.macs,
            **self.metrics,
        }

    @property
    def metrics(self) -> dict[str, float]:
        """What the test split says of the best network and of the ensemble, flat."""
        best = self.record.need_best()
        numbers = {f"selected_{name}": value for name, value in best.selected.items()}
        for label, tested in (("test", best.test), ("ensemble", self.record.ensemble)):
            if tested is None:
                continue
            views = {"": tested.intact, "_shuffled": tested.shuffled, "_repeated": tested.repeated}
            for view, accuracy in views.items():
                numbers |= {f"{label}_{n}{view}": v for n, v in accuracy.metrics.items()}
            if tested.intact.top1_interval:
                low, high = tested.intact.top1_interval
                numbers |= {f"{label}_top1_low": low, f"{label}_top1_high": high}
        return numbers


def finish(
    root: SearchRoot,
    *,
    best: int | None = None,
    train_steps: int | None = None,
    initial: Initial | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Finish:
    """Trains the best at full length, tests and exports them, unless that is done.

    A finalist that fails is recorded with its outcome and a message; the others go on.

    Args:
        root: where the search is kept.
        best: how many networks; by default as the settings say, at least one.
        train_steps: optimiser steps; by default as the settings say.
        initial: what training begins from; by default as the settings say.
        progress: told how many steps of how many are done.

    Raises:
        VideonasError: no network has the outcome `ok`, or there is no test split.
        DamagedRecord: the history cannot be read.
    """
    settings, lineage = root.settings, root.lineage()
    dataset = root.need_dataset(lineage.data)
    if not dataset.splits["test"].videos:
        raise VideonasError(
            f"{root.uri}: the data set has no test split, and finish tests on it; begin a search "
            "with a test_fraction above 0 in another search root"
        )
    try:
        plan: Plan = make_plan(
            lineage, settings, dataset.digest,
            best=best or max(settings.finish_best, 1),
            train_steps=train_steps or settings.finish_train_steps,
            initial=initial or settings.finish_from,
        )
    except VideonasError as error:
        raise VideonasError(f"{root.uri}: {error}") from None
    folder = root.claim_finish(plan)
    record = folder.record()
    if record is None:
        with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
            finalists = Finalists(root, dataset, lineage, plan, folder, Path(scratch), progress)
            record = folder.publish(finalists.finish())
    return Finish(folder, record)


def finish_run(root: SearchRoot) -> Finish | None:
    """What a run of the pipeline ends with; None where there is nothing to do, see `plan_of_run`.

    Raises:
        VideonasError: as `finish`, or nobody was exported.
    """
    if plan_of_run(root) is None:
        return None
    finished = finish(root)
    finished.record.need_best()
    return finished
