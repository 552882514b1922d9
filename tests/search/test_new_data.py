"""Which of several changes of the videos decides, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import make_search
from videonas.report.quantities import QUANTITIES
from videonas.report.summary import by_generation, by_trained
from videonas.search.lineage import Lineage
from videonas.search.new_data import DataChange, DataChoice, Policy, policy_between
from videonas.search.root import SearchRoot

POLICIES: tuple[Policy, ...] = ("keep", "reevaluate", "restart")
CHOICES = st.lists(
    st.builds(DataChoice, st.sampled_from("abcd"), st.sampled_from(POLICIES)), min_size=1,
    max_size=6,
)


def choices(*words: str) -> list[DataChoice]:
    """`a keep` and so on."""
    return [DataChoice(*word.split()) for word in words]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "before", "policy"),
    [
        (["a keep", "b restart"], "b", None),
        (["a keep", "b reevaluate"], "a", "reevaluate"),
        (["a keep", "b restart", "c keep"], "a", "restart"),
        (["a keep", "b restart", "c keep"], "b", "keep"),
        (["a keep", "b restart", "a keep", "c keep"], "a", "keep"),
        (["b restart"], "copied here by hand", "restart"),
    ],
)
def test_the_strongest_of_the_changes_since_decides(
    made: list[str], before: str, policy: Policy | None
) -> None:
    found = choices(*made)
    assert policy_between(found, before, found[-1].digest) == policy


@given(CHOICES, st.sampled_from("abcd"))
def test_there_is_a_policy_wherever_the_data_set_is_another(
    made: list[DataChoice], before: str
) -> None:
    policy = policy_between(made, before, made[-1].digest)
    assert (policy is None) == (before == made[-1].digest)
    weaker = [replace(choice, policy="keep") for choice in made]
    assert policy_between(weaker, before, made[-1].digest) in (None, "keep")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (DataChange("a" * 64, "reevaluate", 120, 3, 0),
         "from generation 4 on: data set bbbbbbbbbbbb in place of aaaaaaaaaaaa, videos: 120 added, "
         "3 removed; the parents were trained and evaluated again"),
        (DataChange("a" * 64, "keep", 0, 0, 1_000),
         "from generation 4 on: data set bbbbbbbbbbbb in place of aaaaaaaaaaaa, videos: 1,000 "
         "changed; earlier results go on to count"),
        (DataChange("a" * 64, "restart"),
         "from generation 4 on: data set bbbbbbbbbbbb in place of aaaaaaaaaaaa; the generation was "
         "sampled anew"),
    ],
)
def test_a_change_in_a_sentence(change: DataChange, sentence: str) -> None:
    assert change.sentence(4, "b" * 64) == sentence


def changed(folder: Path, policy: Policy) -> Lineage:
    """Six generations, with other videos from the fourth on."""
    history = make_search(folder, 6, 5, 4, troubles={}).lineage().generations
    change = DataChange("a" * 12, policy)
    return Lineage([replace(g, change=change) if g.generation == 3 else g for g in history])


@pytest.mark.parametrize("policy", POLICIES)
def test_who_counts_after_a_change(tmp_path: Path, policy: Policy) -> None:
    lineage, settings = changed(tmp_path, policy), SearchRoot(str(tmp_path)).settings
    old = {m.individual.name for g in lineage.generations[:3] for m in g.newborn}
    assert {m.individual.name for m in lineage.able(2)} <= old
    assert lineage.best(settings, 2) is not None, "what was the best then stays it"
    counting = {m.individual.name for m in lineage.able()}
    assert bool(counting & old) == (policy == "keep")
    assert lineage.counts_from(2) == 0
    assert lineage.counts_from(3) == lineage.counts_from() == (0 if policy == "keep" else 3)
    assert lineage.began() == (3 if policy == "restart" else 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_best_so_far_begins_anew(tmp_path: Path, policy: Policy) -> None:
    lineage, loss = changed(tmp_path, policy), QUANTITIES["loss"]
    rows = by_generation(lineage, loss)
    least = [row.best for row in rows]
    counting = least if policy == "keep" else least[3:]
    assert rows[-1].so_far == min(value for value in counting if value is not None)
    assert rows[2].so_far == min(value for value in least[:3] if value is not None)
    assert by_trained(lineage, loss)[-1][1] == rows[-1].so_far
