from __future__ import annotations

from pathlib import Path

from pipelines.finishing import finishing
from tests.synthetic import make_search
from videonas.search.finished import Finished, FinishedNetwork, make_plan
from videonas.search.result import Training


def test_it_follows_a_finish_from_its_plan_to_its_record(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 2, 6, 4)
    assert finishing(root) is None
    lineage = root.lineage()
    plan = make_plan(lineage, root.settings, root.need_dataset().digest, best=2, train_steps=70,
                     initial="scratch")
    folder = root.claim_finish(plan)
    training, exporting = "training the best for 70 steps", "testing and exporting the best"
    assert finishing(root) == (training, 0, 2)
    networks = []
    for count, finalist in enumerate(plan.finalists, 1):
        root.final_folder(finalist).publish(Training("diverged", "the loss is nan at step 1"))
        assert finishing(root) == ((training, 1, 2) if count == 1 else (exporting, 0, 2))
        result = lineage.members[finalist.individual].result
        networks.append(FinishedNetwork(finalist, "diverged", "the loss is nan at step 1",
                                        result.costs, result.latency, result.metrics, {}, None))
    for count, network in enumerate(networks, 1):
        folder.publish_network(network, None)
        assert finishing(root) == (exporting, count, 2)
    folder.publish(Finished(plan, tuple(networks), None, None))
    assert finishing(root) is None
    given_up = make_plan(lineage, root.settings, root.need_dataset().digest, best=2,
                         train_steps=90, initial="scratch")
    root.claim_finish(given_up)
    latest = make_plan(lineage, root.settings, root.need_dataset().digest, best=1, train_steps=99,
                       initial="scratch")
    ended = root.claim_finish(latest)
    ended.publish(Finished(latest, tuple(networks[:1]), None, None))
    assert finishing(root) is None, "a plan before the last is nobody's work"
