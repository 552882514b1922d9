"""`finish`: trains the best at full length, tests them, and exports them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videonas.errors import VideonasError
from videonas.progress import LOG_LINES, Progress
from videonas.search.finish_folder import FinishFolder
from videonas.search.finished import Finished
from videonas.search.root import SearchRoot
from videonas.steps.final_context import FinalContext
from videonas.steps.final_plan import plan_of, plan_of_run
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
        return self.folder.network_address(self.record.need_best().finalist.name)

    @property
    def metadata(self) -> dict[str, str | float]:
        """What an artifact store shows of the best network and of the ensemble, flat."""
        best, together = self.record.need_best(), self.record.together
        exported = together is not None and not together.without_export
        return {
            "finished": self.folder.number,
            "finalist": best.finalist.name,
            "individual": best.finalist.individual,
            "architecture": best.finalist.architecture,
            "data": self.record.plan.data,
            "train_steps": self.record.plan.train_steps,
            "parameters": best.costs.parameters,
            "macs": best.costs.macs,
            **({"ensemble": self.folder.ensemble_address} if exported else {}),
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
    progress: Progress = LOG_LINES,
    **given: Any,
) -> Finish:
    """Trains the best at full length, tests and exports them, unless that is done.

    A finalist that fails is recorded with its outcome and a message; the others go on.

    Args:
        root: where the search is kept.
        progress: told what is done.
        given: see `plan_of`; what is not given is as the settings say.

    Raises:
        VideonasError: no network has the outcome `ok`, there is no test split, or a stream is not
            there.
        DamagedRecord: the history cannot be read.
    """
    lineage = root.lineage()
    dataset = root.need_dataset(lineage.data)
    if not dataset.splits["test"].videos:
        raise VideonasError(
            f"{root.uri}: the data set has no test split, and finish tests on it; begin a search "
            "with a test_fraction above 0 in another search root"
        )
    plan = plan_of(root, lineage, dataset, **given)
    folder = root.claim_finish(plan)
    record = folder.record()
    if record is not None and not folder.is_complete():
        folder.reopen()
        record = None
    if record is None:
        with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
            context = FinalContext(root, dataset, lineage, plan, folder, Path(scratch))
            record = folder.publish(Finalists(context, progress).finish())
    return Finish(folder, record)


def finish_run(root: SearchRoot, progress: Progress = LOG_LINES) -> Finish | None:
    """What a run of the pipeline ends with; None where there is nothing to do, see `plan_of_run`.

    Args:
        root: where the search is kept.
        progress: told what is done.

    Raises:
        VideonasError: as `finish`, or nobody was exported.
    """
    if plan_of_run(root) is None:
        return None
    finished = finish(root, progress=progress)
    finished.record.need_best()
    return finished
