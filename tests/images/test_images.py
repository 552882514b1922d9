"""What the images hold, and how a step that fails ends in them."""

from __future__ import annotations

import json

import pytest

from components.images import EVOLVE, TRAIN
from tests.images.containers import MOUNT, Volume, docker, sentences
from videonas import __version__

pytestmark = pytest.mark.docker

LARGE = ("tensorflow", "keras", "numpy", "av", "cv2")
OF_KFP = ("kfp", "kfp_server_api", "kubernetes", "requests_toolbelt")


def found(volume: Volume, image: str, packages: tuple[str, ...]) -> list[str]:
    """Which of the packages an image has."""
    program = (
        "import importlib.util, sys\n"
        "def there(name):\n"
        "    try: return importlib.util.find_spec(name)\n"
        "    except ModuleNotFoundError: return None\n"
        "print(*filter(there, sys.argv[1:]))"
    )
    return volume.step(
        image, "env", "_KFP_RUNTIME=true", "python", "-c", program, *packages
    ).split()


def test_evolve_has_nothing_large(volume: Volume) -> None:
    assert found(volume, EVOLVE, LARGE) == []


def test_train_has_all_that_training_needs(volume: Volume) -> None:
    assert found(volume, TRAIN, LARGE) == list(LARGE)


@pytest.mark.parametrize("image", [EVOLVE, TRAIN])
def test_there_is_nothing_of_kfp_but_its_executor(image: str, volume: Volume) -> None:
    assert found(volume, image, OF_KFP) == ["kfp"]


@pytest.mark.parametrize("image", [EVOLVE, TRAIN])
def test_a_search_root_can_lie_in_object_storage(image: str, volume: Volume) -> None:
    program = "import videonas.storage.gcs, videonas.storage.s3; print('both')"
    assert volume.step(image, "python", "-c", program).strip() == "both"


@pytest.mark.parametrize("method", ["dis", "tvl1"])
def test_optical_flow_can_be_computed(method: str, volume: Volume) -> None:
    program = (
        "import numpy as np; from videonas.data.flow import flow_of_clips\n"
        "frames = {n: np.roll(np.indices((32, 32)).sum(0) * 7 % 251, n, 1).astype('uint8')"
        " for n in range(2)}\n"
        f"print(flow_of_clips(frames, [[0, 1]], 1, 16, '{method}').shape)"
    )
    assert volume.step(TRAIN, "python", "-c", program).strip() == "(1, 2, 16, 16, 2)"


@pytest.mark.parametrize("network", ["tvn1", "evanet1"])
def test_evolve_knows_every_space(network: str, volume: Volume) -> None:
    assert network in volume.step(EVOLVE, "videonas", "show", network)


def test_all_that_evolve_imports_is_there_as_bytecode(volume: Volume) -> None:
    program = (
        "import sys, pathlib, videonas.cli, videonas.steps.start, videonas.steps.mutate, "
        "videonas.steps.select\n"
        "files = [getattr(module, '__cached__', None) for module in list(sys.modules.values())]\n"
        "print(sum(map(bool, files)), *[f for f in files if f and not pathlib.Path(f).exists()])"
    )
    count, *missing = volume.step(EVOLVE, "python", "-c", program).split()
    assert int(count) > 100
    assert missing == []


@pytest.mark.parametrize("image", [EVOLVE, TRAIN])
def test_an_image_says_what_it_is(image: str, volume: Volume) -> None:
    (about,) = json.loads(docker("image", "inspect", image).stdout)
    labels = about["Config"]["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}version"] == __version__
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert labels[f"{prefix}title"] == f"videonas {image.rpartition('/')[2].partition(':')[0]}"
    assert __version__ in volume.step(image, "videonas", "--version")


@pytest.mark.parametrize("image", [EVOLVE, TRAIN])
def test_nobody_is_root_who_does_not_ask_for_it(image: str, volume: Volume) -> None:
    assert docker("run", "--rm", image, "id", "-u").stdout.strip() == "10001"


@pytest.mark.parametrize(
    ("image", "command", "sentence"),
    [
        (EVOLVE, ("start", "--set", "population=0"), "population is 0"),
        (EVOLVE, ("start", "--set", "train_step=3"), "did you mean 'train_steps'?"),
        (EVOLVE, ("mutate", "--generation", 0), f"{MOUNT}/bad: no "),
        (TRAIN, ("data-prep",), f"{MOUNT}/bad: no "),
        (TRAIN, ("train-candidate", "--generation", 0), f"{MOUNT}/bad: no "),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(
    image: str, command: tuple[object, ...], sentence: str, volume: Volume
) -> None:
    step, *more = command
    said = volume.run(image, "videonas", step, "--search-root", f"{MOUNT}/bad", *more)
    assert said.returncode == 2
    (told,) = sentences(said)
    assert sentence in told
    assert "Traceback" not in said.stderr
    assert not (volume.folder / "bad").exists()


def test_a_place_that_nobody_can_write_to(volume: Volume) -> None:
    said = volume.run(EVOLVE, "videonas", "start", "--search-root", "/nowhere",
                      "--videos", "/videos")
    assert said.returncode == 2
    (told,) = sentences(said)
    assert told.startswith("error: /nowhere")
    assert "Read-only file system" in told
