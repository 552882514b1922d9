"""Records to bytes and back, and what is said of bytes that are no record."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.codec import canonical, decode, digest, encode, from_plain, to_plain
from videonas.errors import (
    DamagedRecord,
    InvalidArchitecture,
    VideonasError,
    brief,
    did_you_mean,
)
from videonas.search.dataset import Dataset, Shard, Skipped, Split
from videonas.search.records import Attempt, Failure, Timing
from videonas.search.result import Evaluation, Latency, Training
from videonas.task import Clip

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SECONDS = st.dictionaries(st.text(max_size=8), NUMBERS, max_size=3)
OUTCOMES = st.sampled_from(["ok", "failed", "over_budget"])
COUNTS = st.integers(0, 2**53)
SHARDS = st.lists(st.builds(Shard, st.text(), COUNTS, st.text()), max_size=2).map(tuple)
SPLITS = st.builds(Split, COUNTS, COUNTS, st.lists(COUNTS, max_size=3).map(tuple), SHARDS)
RECORDS = st.one_of(
    st.builds(Latency, NUMBERS, st.tuples(NUMBERS, NUMBERS), COUNTS, COUNTS, st.text(), SECONDS),
    st.builds(Training, OUTCOMES, st.text(), st.none() | NUMBERS, SECONDS, SECONDS,
              st.none() | NUMBERS),
    st.builds(Evaluation, OUTCOMES, st.text(), SECONDS, COUNTS, SECONDS),
    st.builds(Attempt, st.text(), st.text(), COUNTS, NUMBERS, NUMBERS),
    st.builds(Failure, st.text()),
    st.builds(Timing, st.text(), st.none() | COUNTS, *[NUMBERS] * 5),
    st.builds(Dataset, st.text(), st.text(), st.just({"rgb": Clip(2, 3)}),
              st.lists(st.text(), max_size=3).map(tuple),
              st.dictionaries(st.text(), SPLITS, max_size=2), COUNTS, COUNTS,
              st.lists(st.builds(Skipped, st.text(), st.text()), max_size=2).map(tuple)),
)
"""Records of every kind that has no architecture in it, with any text in them."""

WORDS = st.text(max_size=20).map(lambda text: f"word {text}")  # "1" would count as a number
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
    max_leaves=8,
)


@given(RECORDS)
@settings(max_examples=150, deadline=None)
def test_a_record_comes_back_as_it_was(record: Any) -> None:
    data = encode(record, "thing/3")
    assert decode(type(record), data, "thing/3", "here") == record
    assert json.loads(data) == {"format": "thing/3", **to_plain(record)}
    assert data.endswith(b"}\n"), "for people and their tools"


@given(RECORDS)
@settings(max_examples=60, deadline=None)
def test_what_is_at_its_default_need_not_be_in_a_file(record: Any) -> None:
    short = to_plain(record, without_defaults=True)
    assert from_plain(type(record), copy.deepcopy(short), "here") == record
    assert short.keys() <= to_plain(record).keys()


@given(RECORDS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_fields_does_not_matter(record: Any, rng: Random) -> None:
    plain = to_plain(record)
    names = list(plain)
    rng.shuffle(names)
    shuffled = {name: plain[name] for name in names}
    assert canonical(shuffled) == canonical(plain)
    assert from_plain(type(record), shuffled, "here") == record


def test_hashes_are_of_one_way_of_writing() -> None:
    assert canonical({"b": [1, 2.5, None], "a": {"é": True}}) == (
        b'{"a":{"\\u00e9":true},"b":[1,2.5,null]}'
    )
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_neither_written_nor_hashed(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"loss": number})
    plain = to_plain(Failure("x")) | {"message": number}
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(plain)


# Damage

TIMING = Timing("select", 3, 1.5, 2.0, 0.5, 1.0, 0.0)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_value_in_any_field_gives_a_record_or_one_sentence_that_names_it(
    data: st.DataObject,
) -> None:
    plain = to_plain(TIMING)
    name = data.draw(st.sampled_from(sorted(plain)))
    plain[name] = data.draw(JSON)
    written = json.dumps({"format": "timing/1", **plain}).encode()
    try:
        read = decode(Timing, written, "timing/1", "root/timings/x.json")
    except DamagedRecord as error:
        sentence = str(error)
        assert sentence.startswith(f"root/timings/x.json: {name} is ")
        assert "\n" not in sentence
        assert len(sentence) < 600
    else:
        assert getattr(read, name) == plain[name]
        assert replace(read, **{name: getattr(TIMING, name)}) == TIMING


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_one_sentence(data: bytes) -> None:
    with pytest.raises(DamagedRecord) as caught:
        decode(Timing, data, "timing/1", "here")
    assert str(caught.value).startswith("here: ")


@given(st.integers(0, 200))
def test_a_file_that_was_cut_is_told_and_not_half_read(length: int) -> None:
    whole = encode(TIMING, "timing/1")
    if length < len(whole) - 1:  # without its last line end it is whole
        with pytest.raises(DamagedRecord, match=r"^here: not JSON \(.*\); restore this file"):
            decode(Timing, whole[:length], "timing/1", "here")


@pytest.mark.parametrize("name", [field.name for field in fields(Timing)])
def test_a_missing_field_is_named(name: str) -> None:
    plain = to_plain(TIMING)
    del plain[name]
    with pytest.raises(DamagedRecord, match=f"^here: {name} is missing$"):
        from_plain(Timing, plain, "here")


@pytest.mark.parametrize("found", ["timing/2", "latency/1", 1, None])
def test_another_format_is_told_with_the_one_that_is_read(found: object) -> None:
    data = json.dumps({**to_plain(TIMING), **({"format": found} if found else {})}).encode()
    with pytest.raises(DamagedRecord) as caught:
        decode(Timing, data, "timing/1", "here")
    assert str(caught.value) == (
        f"here: its format is {found!r}, this version of videonas reads 'timing/1'"
    )


def test_fields_of_a_later_version_are_left_out_with_a_warning_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dataset = Dataset(
        "d", "s", {"rgb": Clip(2, 3)}, ("a", "b"),
        {"train": Split(1, 1, (1, 0), (Shard("x", 1, "y"),))}, 1, 0,
    )
    plain = to_plain(dataset)
    plain["later"] = plain["streams"]["rgb"]["later"] = {"anything": [1]}
    plain["splits"]["train"]["shards"][0]["later"] = 3
    with caplog.at_level(logging.WARNING):
        assert from_plain(Dataset, copy.deepcopy(plain), "here") == dataset
    assert sorted(record.getMessage() for record in caplog.records) == [
        "here: ignoring the unknown field later",
        "here: ignoring the unknown field splits.train.shards.0.later",
        "here: ignoring the unknown field streams.rgb.later",
    ]
    with pytest.raises(DamagedRecord, match="is not a known field"):
        from_plain(Dataset, plain, "here", strict=True)


def test_a_wrong_field_goes_before_unknown_ones() -> None:
    plain = to_plain(TIMING) | {"later": 1, "cpu": "much"}
    with pytest.raises(DamagedRecord, match=r"^here: cpu is 'much'; input should be a valid num"):
        from_plain(Timing, plain, "here")


# In a few words


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, b"x" * 10**6, list(range(10**5)), {n: [n] * 99 for n in range(999)}, 10**5000,
     [[[[[[[["deep"]]]]]]]]],
    ids=["text", "bytes", "list", "dictionary", "number", "depth"],
)
def test_any_value_is_told_briefly(value: object) -> None:
    assert 0 < len(brief(value)) < 1000


def test_a_short_value_is_told_as_it_is() -> None:
    for value in ("word", 3, -2.5, None, True, ["a", 1], {"a": 1}):
        assert brief(value) == repr(value)


# Errors


def test_every_error_of_ours_is_one_that_people_can_put_right() -> None:
    error = InvalidArchitecture("blocks.2.filters", "many", "1 to 4096")
    assert isinstance(error, VideonasError)
    assert str(error) == "architecture: blocks.2.filters is 'many'; allowed: 1 to 4096"
    assert (error.path, error.found, error.allowed) == ("blocks.2.filters", "many", "1 to 4096")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("train_step", " (did you mean 'train_steps'?)"),
        ("popluation", " (did you mean 'population'?)"),
        ("population", " (did you mean 'population'?)"),
        ("colour", ""),
        ("", ""),
    ],
)
def test_a_hint_is_given_where_a_name_is_close(word: str, hint: str) -> None:
    assert did_you_mean(word, ["population", "train_steps", "seed"]) == hint
