"""How far the last step of a run is, read from its search root."""

from __future__ import annotations

from videonas.search.root import SearchRoot


def finishing(root: SearchRoot) -> tuple[str, int, int] | None:
    """What `finish` is at: in words, how many networks are through it, and of how many.

    None where it is not at work.
    """
    for folder in root.finish_folders()[-1:]:  # earlier ones may have been given up
        plan = folder.plan()
        if plan is None or folder.record() is not None:
            continue
        total = len(plan.finalists)
        trained = sum(root.final_folder(each).training() is not None for each in plan.finalists)
        if trained < total:
            return f"training the best for {plan.train_steps} steps", trained, total
        exported = sum(folder.network(each.name) is not None for each in plan.finalists)
        return "testing and exporting the best", exported, total
    return None
