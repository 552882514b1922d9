from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from videonas.errors import SettingsError
from videonas.search.settings import (
    Settings,
    decides_of,
    make_settings,
    merge_settings,
    parse_assignments,
    read_settings_file,
)


def test_every_setting_says_what_it_means_and_decides() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert decides_of(name) in ("result", "data", "search", "run")


def test_defaults_are_allowed() -> None:
    assert make_settings({}) == Settings()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"train_step": 3}, r"unknown setting 'train_step' \(did you mean 'train_steps'\?\)"),
        ({"population": 0}, r"setting population is 0; input should be greater than or equal to 1"),
        ({"population": "many"}, r"setting population is 'many'; input should be a valid integer"),
        ({"population": 2.5}, r"setting population is 2.5; input should be a valid integer"),
        ({"algorithm": "magic"}, r"setting algorithm is 'magic'; input should be 'tournament'"),
        ({"space": "tiny_vid"}, r"space is 'tiny_vid' \(did you mean 'tiny_video'\?\)"),
        ({"space_options": {"filter": [8]}}, r"tiny_video: filter is not a known"),
        ({"space_options": {"filters": [0]}}, r"tiny_video: filters.0 is 0; input"),
        ({"space_options": {"filters": []}}, r"filters is \[\]"),
        ({"validation_fraction": 0.5, "test_fraction": 0.5}, r"leave nothing to train on"),
        ({"validation_fraction": 0.0}, r"selection needs a validation split"),
        ({"learning_rate": float("nan")}, r"setting learning_rate is nan"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as error:
        make_settings(values)
    assert "\n" not in str(error.value)


def test_kubeflow_turns_integers_into_floats_on_the_way() -> None:
    given = {"population": 8.0, "space_options": {"filters": [8.0, 16.0]}}
    settings = make_settings(given)
    assert settings.population == 8
    assert settings.space_options == {"filters": [8, 16]}
    assert "8.0" not in settings.model_dump_json()


def test_assignments_are_read_as_yaml() -> None:
    words = ["train_steps=300", "learning_rate=1e-3", "random_flip=true", "space.filters=[8, 16]",
             "space.max_blocks=4", "max_latency_ms=null", "algorithm=random"]
    assert parse_assignments(words) == {
        "train_steps": 300, "learning_rate": 0.001, "random_flip": True, "max_latency_ms": None,
        "algorithm": "random", "space_options": {"filters": [8, 16], "max_blocks": 4},
    }


@pytest.mark.parametrize(
    ("word", "sentence"), [("train_steps", "has no '='"), ("a=[1", "the value is not YAML")]
)
def test_words_that_are_no_assignments(word: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_assignments([word])


def test_later_layers_win_and_options_are_merged() -> None:
    merged = merge_settings(
        {"population": 3, "space_options": {"filters": [8], "frames": [2]}},
        {"space_options": {"filters": [16]}},
    )
    assert merged == {"population": 3, "space_options": {"filters": [16], "frames": [2]}}


def test_settings_files(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("population: 5\n")
    assert read_settings_file(file) == {"population": 5}
    file.write_text("- a\n- list\n")
    with pytest.raises(SettingsError, match="mapping of names to values"):
        read_settings_file(file)
    file.write_text("a: [")
    with pytest.raises(SettingsError, match=r"settings.yaml: not YAML"):
        read_settings_file(file)
    with pytest.raises(SettingsError, match=r"nowhere.yaml: No such file"):
        read_settings_file(tmp_path / "nowhere.yaml")


def test_a_setting_at_its_default_does_not_identify() -> None:
    assert Settings().identifying("result") == {}
    assert make_settings({"train_steps": 7}).identifying("result") == {"train_steps": 7}
    assert make_settings({"population": 7}).identifying("result", "data") == {}


def test_the_demo_settings_are_allowed() -> None:
    files = sorted((Path(__file__).parents[2] / "pipelines").glob("*/*.yaml"))
    written_by_people = [file for file in files if file.stem != file.parent.name]
    assert written_by_people
    for file in written_by_people:
        make_settings(read_settings_file(file))


def test_options_of_the_space_cannot_be_put_into_what_is_no_mapping() -> None:
    with pytest.raises(SettingsError, match="space_options is 3; allowed: a mapping"):
        parse_assignments(["space_options=3", "space.filters=[8]"])
    assert parse_assignments(["space_options=", "space.filters=[8]"]) == {
        "space_options": {"filters": [8]}
    }
