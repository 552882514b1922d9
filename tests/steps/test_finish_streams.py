"""`finish` over streams: the same networks on RGB and on optical flow, and their ensemble."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result

from tests.finishing import contents
from tests.streams import STREAMS, search_on_streams
from videonas.cli import main
from videonas.data.clips import ClipReader
from videonas.errors import StorageError, VideonasError
from videonas.export.clip_logits import ClipLogits, mean_logits
from videonas.export.jobs import ENSEMBLE
from videonas.export.loading import load_export
from videonas.search.finish_folder import TEST_LOGITS, VALIDATION_LOGITS
from videonas.search.root import SearchRoot
from videonas.steps.final_plan import left_to_finish, plan_of_run
from videonas.steps.finish import Finish, finish
from videonas.task import Sampling
from videonas.training.supervisor import Ending, Supervisor

HOW: dict[str, Any] = {"best": 2, "train_steps": 3, "streams": ("rgb", "flow"), "ensemble_size": 3}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Finish:
    """Two individuals, finished on both streams; not to be changed."""
    root = search_on_streams(tmp_path_factory.mktemp("streams") / "root")
    return finish(root, **HOW)


def uri(ended: Finish) -> str:
    return str(ended.folder.records.store.uri)


@pytest.fixture
def copied(ended: Finish, tmp_path: Path) -> SearchRoot:
    """A copy of it."""
    shutil.copytree(uri(ended), tmp_path / "root")
    return SearchRoot(str(tmp_path / "root"))


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_each_is_trained_on_each_stream_under_a_name_of_its_own(ended: Finish) -> None:
    root = SearchRoot(uri(ended))
    finalists, members = ended.record.plan.finalists, root.lineage().members
    one, other = (m.individual.name for m in root.lineage().fittest(root.settings)[:2])
    assert [f.name for f in finalists] == [one, f"{one}-flow", other, f"{other}-flow"]
    assert len({f.architecture for f in finalists}) == len({f.key for f in finalists}) == 4
    for finalist, network in zip(finalists, ended.record.networks, strict=True):
        assert network.outcome == "ok", network.message
        own = members[finalist.individual].result
        moved = bool(finalist.stream)
        # one channel less goes into the first convolution
        assert (network.costs != own.costs) == moved
        assert network.selected == ({} if moved else own.metrics)
        export = load_export(Path(ended.folder.network_address(finalist.name)))
        assert export.about.individual == finalist.name
        assert list(export.about.streams) == [finalist.stream or "rgb"]
        card = Path(ended.folder.network_address(finalist.name), "card.md").read_text()
        assert card.startswith(f"# {finalist.name}\n")
        assert f"- {finalist.individual}: sampled" in card


def test_the_ensemble_is_of_so_many_and_begins_with_the_best(ended: Finish) -> None:
    record = ended.record
    assert record.together is not None
    members = record.together.members
    assert len(members) == len(set(members)) == 3
    assert members[0] == record.best
    assert len(record.together.pairs) == 6, "of all that were finished"
    distances = {(p.one, p.other): p.distance for p in record.together.pairs}
    one = record.plan.finalists[0].individual
    assert 0 < distances[one, f"{one}-flow"] < max(distances.values()), "but for the stream alike"


def test_both_streams_go_into_the_export(ended: Finish) -> None:
    root, record = SearchRoot(uri(ended)), ended.record
    assert record.together is not None
    export = load_export(Path(ended.folder.ensemble_address))
    assert export.about.members == record.together.members
    assert set(export.about.streams) == {"rgb", "flow"}
    dataset = root.need_dataset()
    whole = {name: Sampling(clip.frames, 1, clip.size) for name, clip in STREAMS.items()}
    reader = ClipReader(root.shards(dataset, "test"), dataset.task, whole)
    scores = export.scores(dict(reader.read(range(len(reader)))[0]))
    logits = mean_logits(
        ClipLogits.load(ended.folder.fetch(name, TEST_LOGITS)) for name in record.together.members
    ).logits["intact"]
    assert scores == pytest.approx(tf.nn.softmax(logits).numpy(), abs=1e-5)
    alone = tf.nn.softmax(ClipLogits.load(
        ended.folder.fetch(record.together.members[0], TEST_LOGITS)
    ).logits["intact"]).numpy()
    assert np.abs(scores - alone).max() > 1e-4, "it is not one of them"


@pytest.mark.slow
def test_equal_plans_share_what_was_made(copied: SearchRoot, ended: Finish) -> None:
    before = contents(copied)
    assert finish(copied, **HOW).record == ended.record
    assert contents(copied) == before
    fewer = finish(copied, **{**HOW, "best": 1, "ensemble_size": None})
    assert fewer.folder.number == 2
    assert fewer.record.networks == ended.record.networks[:2]
    assert fewer.record.together is not None
    assert fewer.record.together.members == tuple(f.name for f in fewer.record.plan.finalists)
    trained = [name for name in contents(copied) if name.endswith("final.weights.h5")]
    assert len(trained) == 4, "a training was repeated"


def test_the_command_and_the_settings_say_the_same(copied: SearchRoot, ended: Finish) -> None:
    said = videonas("finish", copied.uri, "--best", 2, "--train-steps", 3, "--stream", "rgb",
                    "--stream", "flow", "--ensemble-size", 3)
    assert said.exit_code == 0, said.output
    members = ended.record.together.members if ended.record.together else ()
    assert f"ensemble: of {', '.join(members)}, the mean of their logits." in said.stdout
    copied.start({"finish_best": 2, "finish_train_steps": 3, "finish_streams": "rgb, flow",
                  "ensemble_size": 3})
    assert plan_of_run(copied) == ended.record.plan
    assert not left_to_finish(copied)
    assert len(copied.finish_folders()) == 1


# Interrupted


def test_an_interrupted_ensemble_is_made_afresh(copied: SearchRoot, ended: Finish) -> None:
    (folder,) = copied.finish_folders()
    place = Path(folder.ensemble_address)
    kept = {n: f for n, f in contents(copied).items() if "/ensemble/" not in n
            and not n.endswith("finish.json")}
    for name in ("../finish.json", "ensemble.json", "saved_model/saved_model.pb"):
        (place / name).unlink()
    (place / "left over").write_bytes(b"")
    (place / "network.keras").write_bytes(b"half of it")
    again = finish(SearchRoot(copied.uri), **HOW)
    assert again.record == ended.record
    assert not (place / "left over").exists()
    assert load_export(place).about.members == load_export(
        Path(ended.folder.ensemble_address)
    ).about.members
    after = contents(copied)
    assert {name: after[name] for name in kept} == kept, "what was there was made again"
    assert not [name for name in after if "attempt" in name or "failure" in name]


def test_an_ensemble_that_is_there_is_not_made_again(copied: SearchRoot, ended: Finish) -> None:
    before = contents(copied)
    (folder,) = copied.finish_folders()
    Path(folder.address, "finish.json").unlink()
    assert finish(SearchRoot(copied.uri), **HOW).record == ended.record
    after = contents(copied)
    del before["finished/1/finish.json"], after["finished/1/finish.json"]
    assert after == before


def without_ensemble(copied: SearchRoot) -> Path:
    """As it is when all networks are there."""
    (folder,) = copied.finish_folders()
    Path(folder.address, "finish.json").unlink()
    shutil.rmtree(folder.ensemble_address)
    return Path(folder.address)


@pytest.mark.parametrize(("kind", "tries"), [("out_of_memory", 1), ("crashed", 3)])
def test_an_ensemble_that_cannot_be_exported_is_tested_all_the_same(
    copied: SearchRoot, ended: Finish, monkeypatch: pytest.MonkeyPatch, kind: Any, tries: int
) -> None:
    folder = without_ensemble(copied)
    run, tried = Supervisor.run, []

    def run_or_fail(
        supervisor: Supervisor, job: str, argument: Any, limits: Any, heard: Any = None
    ) -> Ending:
        if job != ENSEMBLE:
            return run(supervisor, job, argument, limits, heard)
        tried.append(job)
        return Ending(kind, message="used 9,000 MB of memory")

    monkeypatch.setattr(Supervisor, "run", run_or_fail)
    record = finish(SearchRoot(copied.uri), **HOW).record
    assert len(tried) == tries
    assert record.together is not None
    assert ended.record.together is not None
    assert "used 9,000 MB of memory" in record.together.without_export
    assert replace(record.together, without_export="") == ended.record.together
    assert record.ensemble == ended.record.ensemble
    # who deletes what was finished begins anew: no attempt at the ensemble is left elsewhere
    without_ensemble(copied)
    for name in folder.glob("ensemble-*"):
        name.unlink()
    monkeypatch.undo()
    assert finish(SearchRoot(copied.uri), **HOW).record == ended.record


def test_logits_that_cannot_be_read_end_the_step_and_are_told(
    copied: SearchRoot, ended: Finish
) -> None:
    folder = without_ensemble(copied)
    lost = next(folder.glob(f"*-flow/{VALIDATION_LOGITS}"))
    kept = lost.read_bytes()
    lost.unlink()
    with pytest.raises(StorageError, match=rf"{lost}: no such file, though .* delete {folder} to"):
        finish(SearchRoot(copied.uri), **HOW)
    lost.write_bytes(kept[: len(kept) // 2])
    copied.start({"attempts": 1})
    with pytest.raises(StorageError, match=rf"{folder}: the ensemble: "):
        finish(SearchRoot(copied.uri), **HOW)
    lost.write_bytes(kept)
    assert finish(SearchRoot(copied.uri), **HOW).record == ended.record, "nothing was given up"


# Refused


def test_a_stream_that_is_not_there_is_refused_before_anything_is_trained(
    copied: SearchRoot
) -> None:
    before = contents(copied)
    file = next(Path(copied.uri).glob("data/*/dataset.json"))
    dataset = copied.need_dataset()
    file.unlink()
    copied.records.create(replace(dataset, streams={"rgb": dataset.streams["rgb"]}),
                          file.relative_to(copied.uri).as_posix())
    said = videonas("finish", copied.uri, "--stream", "flow")
    assert said.exit_code == 2
    assert said.stderr.splitlines()[-1] == (
        f"error: {copied.uri}: finish is asked for the stream 'flow', which the data set does not "
        "hold; allowed: rgb"
    )
    assert contents(copied).keys() == before.keys()


def test_proxy_weights_of_another_stream_are_refused(copied: SearchRoot) -> None:
    with pytest.raises(VideonasError, match=r"no proxy weights for the stream flow; allowed with "
                                            r"other streams: to finish from scratch"):
        finish(copied, best=1, streams=("flow",), initial="proxy")
    assert len(copied.finish_folders()) == 1


@pytest.mark.parametrize("wrong", [
    ("--stream", "sound"), ("--distance", 2), ("--distance", "far"), ("--ensemble-size", 1),
])
def test_options_that_cannot_be(wrong: tuple[str, object], tmp_path: Path) -> None:
    said = videonas("finish", tmp_path, *wrong)
    assert said.exit_code == 2
    assert wrong[0] in said.stderr
