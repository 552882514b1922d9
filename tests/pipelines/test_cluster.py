"""What is compiled for a cluster: the file that describes it, its options, what they put where."""

from __future__ import annotations

import copy
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from kfp import compiler
from kfp import components as kfp_components

from pipelines.__main__ import main
from pipelines.cluster import Cluster, Mounted, Step, make_cluster, read_cluster_file
from pipelines.compiling import compile_pipeline, share_equals
from pipelines.form import cluster_fields
from pipelines.generational import generational_pipeline
from videonas import __version__
from videonas.codec import to_plain
from videonas.errors import SettingsError

TOP = Path(__file__).parents[2]
Documents = tuple[dict[str, Any], dict[str, Any]]

EVERYTHING = Cluster(
    registry="registry.example.org/team",
    parallelism=7,
    measure=True,
    timeouts={"measure": 600, "train-candidate": 7200},
    secrets=(
        Mounted("store", {"id": "AWS_ACCESS_KEY_ID"}, optional=False),
        Mounted("google", folder="/secrets/google"),
    ),
    config_maps=(Mounted("places", {"endpoint": "AWS_ENDPOINT_URL"}, "/config"),),
    environment={"GOOGLE_APPLICATION_CREDENTIALS": "/secrets/google/key.json"},
    pull_policy="Always",
    pull_secrets=("registry-key",),
)


def compiled(tmp_path: Path, cluster: Cluster | None = None, generations: int = 1) -> Documents:
    path = tmp_path / "p.yaml"
    compile_pipeline("tiny_video", path, generations, cluster)
    assert kfp_components.load_component_from_file(str(path)).name == "videonas-tiny-video"
    pipeline, platform = yaml.safe_load_all(path.read_text())
    return pipeline, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def container(documents: Documents, step: str) -> dict[str, Any]:
    found: dict[str, Any] = documents[0]["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    return found


def form(documents: Documents) -> dict[str, Any]:
    found: dict[str, Any] = documents[0]["root"]["inputDefinitions"]["parameters"]
    return found


def compile_command(*more: object) -> Result:
    return CliRunner().invoke(main, ["compile", "tiny_video", "--generations", "1",
                                     *map(str, more)])


# The file


clusters = st.builds(
    Cluster,
    registry=st.sampled_from(["videonas", "registry.example.org:5000/a/b"]),
    parallelism=st.integers(1, 99),
    measure=st.booleans(),
    gpu=st.booleans(),
    timeouts=st.dictionaries(st.sampled_from(get_args(Step)), st.integers(1, 10**6)),
    secrets=st.lists(
        st.builds(
            Mounted,
            st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True),
            st.dictionaries(st.sampled_from(["key", "tls.crt"]), st.sampled_from(["A", "B_1"])),
            st.sampled_from([None, "/secrets/a"]),
            st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    environment=st.dictionaries(st.sampled_from(["A", "B"]), st.text(max_size=5)),
    pull_policy=st.sampled_from([None, "Always", "IfNotPresent", "Never"]),
)


@given(clusters)
def test_a_file_that_was_written_reads_as_the_same_cluster(cluster: Cluster) -> None:
    text = yaml.safe_dump(to_plain(cluster))
    assert make_cluster(yaml.safe_load(text), "cluster.yaml") == cluster


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("paralelism: 3", "unknown field 'paralelism' (did you mean 'parallelism'?); allowed: reg"),
        ("parallelism: 0", "parallelism is 0; input should be greater than or equal to 1"),
        ("timeouts: {train: 5}", "timeouts.train.[key] is 'train'; input should be 'start'"),
        ("timeouts: {start: -1}", "timeouts.start is -1"),
        ("secrets: [{variables: {a: B}}]", "secrets.0.name is missing"),
        ("secrets: [{name: a, mount: /x}]", "secrets.0.mount is not a known field"),
        ("secrets: [{name: A b}]", "secrets.0.name is 'A b'"),
        ("secrets: [{name: a, folder: x}]", "secrets.0.folder is 'x'"),
        ("config_maps: [{name: a, variables: {k: 1-b}}]", "config_maps.0.variables.k is '1-b'"),
        ("pull_policy: Sometimes", "pull_policy is 'Sometimes'"),
        ("registry: 'a b'", "registry is 'a b'"),
        ("- a", "the file of a cluster is a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_what_a_file_may_not_say_is_told_in_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    said = compile_command("--cluster", file, "--output", tmp_path / "p.yaml")
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (line,) = said.output.splitlines()
    assert line.startswith(f"error: {file}: ")
    assert sentence in line
    assert not (tmp_path / "p.yaml").exists()


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: No such file"):
        read_cluster_file(tmp_path / "nowhere.yaml")


def test_an_option_wins_over_the_file_and_the_file_over_what_is_otherwise_so(
    tmp_path: Path,
) -> None:
    file, path = tmp_path / "cluster.yaml", tmp_path / "p.yaml"
    file.write_text("parallelism: 9\nregistry: from-file\nmeasure: true\n")
    said = compile_command("--cluster", file, "--registry", "given/", "--no-measure",
                           "--output", path)
    assert said.exit_code == 0, said.output
    expected = Cluster(registry="given/", parallelism=9)
    compile_pipeline("tiny_video", tmp_path / "expected.yaml", 1, expected)
    assert path.read_text() == (tmp_path / "expected.yaml").read_text()
    assert f"given/train:{__version__}" in path.read_text()


def test_every_field_of_a_cluster_is_explained() -> None:
    page = (TOP / "docs" / "cluster.md").read_text()
    for each in fields(Cluster):
        assert f"| `{each.name}` |" in page
    for name in cluster_fields(Cluster(measure=True)):
        assert f"`{name}`" in page


# What is compiled


def test_every_task_is_given_the_secrets_and_nobody_needs_them(tmp_path: Path) -> None:
    pipeline, kubernetes = compiled(tmp_path)
    assert kubernetes.keys() == pipeline["deploymentSpec"]["executors"].keys()
    for each in kubernetes.values():
        (secret,), (config,) = each["secretAsEnv"], each["configMapAsEnv"]
        assert secret["secretName"] == "mlpipeline-minio-artifact"
        variables = {key["secretKey"]: key["envVar"] for key in secret["keyToEnv"]}
        assert variables == {
            "accesskey": "AWS_ACCESS_KEY_ID", "secretkey": "AWS_SECRET_ACCESS_KEY",
        }
        assert "AWS_ENDPOINT_URL_S3" in {key["envVar"] for key in config["keyToEnv"]}
        assert secret["optional"]
        assert config["optional"]


def test_everything_that_a_cluster_can_say_is_in_every_task(tmp_path: Path) -> None:
    documents = compiled(tmp_path, EVERYTHING)
    pipeline, kubernetes = documents
    assert kubernetes.keys() == {f"exec-{step}" for step in get_args(Step)}
    for name, each in kubernetes.items():
        assert each["imagePullPolicy"] == "Always"
        assert [s["secretName"] for s in each["imagePullSecret"]] == ["registry-key"]
        assert [s["secretName"] for s in each["secretAsEnv"]] == ["store"]
        assert not each["secretAsEnv"][0].get("optional")
        assert [s["mountPath"] for s in each["secretAsVolume"]] == ["/secrets/google"]
        assert [s["configMapName"] for s in each["configMapAsEnv"]] == ["places"]
        assert [s["mountPath"] for s in each["configMapAsVolume"]] == ["/config"]
        (variable,) = pipeline["deploymentSpec"]["executors"][name]["container"]["env"]
        assert {variable["name"]: variable["value"]} == EVERYTHING.environment
        seconds = EVERYTHING.timeouts.get(name.removeprefix("exec-"))  # type: ignore[call-overload]
        assert each.get("activeDeadlineSeconds") == (str(seconds) if seconds else None)
    assert form(documents)["image_train"]["defaultValue"].startswith("registry.example.org/team/")


@pytest.mark.parametrize(("step", "pool"), [("train-candidate", "train"), ("evaluate", "train"),
                                            ("finish", "train"), ("measure", "measure")])
def test_a_step_asks_for_what_the_form_says_of_its_pool(
    tmp_path: Path, step: str, pool: str
) -> None:
    documents = compiled(tmp_path, EVERYTHING)

    def of_form(name: str) -> str:
        return f"{{{{$.inputs.parameters['pipelinechannel--{pool}_pool_{name}']}}}}"

    assert container(documents, step)["resources"] == {
        "resourceCpuRequest": of_form("cpu"),
        "resourceMemoryRequest": of_form("memory"),
        "resourceMemoryLimit": of_form("memory"),
        "accelerator": {"resourceType": of_form("gpu_type"), "resourceCount": of_form("gpus")},
    }
    kubernetes = documents[1][f"exec-{step}"]
    asked = f"pipelinechannel--{pool}_pool"
    selector = kubernetes["nodeSelector"]["nodeSelectorJson"]
    assert selector == {"componentInputParameter": f"{asked}_node_selector"}
    (toleration,) = kubernetes["tolerations"]
    assert toleration["tolerationJson"] == {"componentInputParameter": f"{asked}_tolerations"}


def test_resources_of_the_form_are_text_and_ask_for_no_gpu_by_themselves(tmp_path: Path) -> None:
    """KFP's driver takes a number for empty text, and an empty count for none."""
    fields_of_form = form(compiled(tmp_path))
    for name in ("cpu", "memory", "gpus", "gpu_type"):
        assert fields_of_form[f"train_pool_{name}"]["parameterType"] == "STRING"
    assert fields_of_form["train_pool_gpus"]["defaultValue"] == ""
    assert not any(name.startswith("measure_") for name in fields_of_form)


def test_without_gpus_nothing_names_them(tmp_path: Path) -> None:
    documents = compiled(tmp_path, Cluster(gpu=False, measure=True))
    assert not any("gpu" in name for name in form(documents))
    for step in ("train-candidate", "measure", "finish"):
        assert "accelerator" not in container(documents, step)["resources"]


def test_measuring_comes_before_training_where_it_is_a_task(tmp_path: Path) -> None:
    def tasks(cluster: Cluster) -> dict[str, Any]:
        pipeline, _ = compiled(tmp_path, cluster)
        found: dict[str, Any] = pipeline["components"]["comp-for-loop-2"]["dag"]["tasks"]
        return found

    assert tasks(Cluster()).keys() == {"train-candidate", "evaluate"}
    measured = tasks(Cluster(measure=True))
    assert measured.keys() == {"measure", "train-candidate", "evaluate"}
    assert measured["train-candidate"]["dependentTasks"] == ["measure"]


def test_a_cluster_that_says_nothing_of_kubernetes_compiles_too(tmp_path: Path) -> None:
    documents = compiled(tmp_path, Cluster(secrets=(), config_maps=(), gpu=False))
    assert documents[1].keys() == {"exec-train-candidate", "exec-evaluate", "exec-finish"}


# Sharing


def expanded(pipeline: dict[str, Any], kubernetes: dict[str, Any], component: Any) -> Any:
    """A component with all that it refers to written out, without the names of components."""
    if "executorLabel" in component:
        label = component["executorLabel"]
        executor = pipeline["deploymentSpec"]["executors"][label]
        return [{**component, "executorLabel": ""}, executor, kubernetes.get(label)]
    tasks = component.get("dag", {}).get("tasks", {})
    inner = {
        name: [{**task, "componentRef": ""},
               expanded(pipeline, kubernetes,
                        pipeline["components"][task["componentRef"]["name"]])]
        for name, task in tasks.items()
    }
    return [{**component, "dag": ""}, component.get("dag", {}).get("outputs"), inner]


def test_what_generations_share_is_what_each_of_them_had(tmp_path: Path) -> None:
    path = tmp_path / "unshared.yaml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(generational_pipeline("tiny_video", 3, EVERYTHING), str(path))
    before = list(yaml.safe_load_all(path.read_text()))
    after = copy.deepcopy(before)
    share_equals(*after)
    assert len(before[0]["components"]) == 3 * 5 + 3 + 3 + 1  # loops, and a condition
    assert len(after[0]["components"]) == 3 + 5 + 3 + 1

    def whole(documents: list[Any]) -> Any:
        kubernetes = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        return expanded(documents[0], kubernetes, documents[0]["root"])

    assert whole(after) == whole(before)
    used = {t["componentRef"]["name"] for c in (after[0]["root"], *after[0]["components"].values())
            for t in c.get("dag", {}).get("tasks", {}).values()}
    assert used == set(after[0]["components"]), "nothing is left over, nothing missing"
