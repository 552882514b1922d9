"""The search that is timed beside Optuna is one of the size that the table says."""

from __future__ import annotations

from dataclasses import fields

import pytest

from videonas.spaces.tiny_video import Block, TinyVideoArchitecture

pytest.importorskip("optuna", reason="of the extra `benchmarks`")

from benchmarks import evolution_speed


def test_there_is_a_gene_for_each_field_of_each_block() -> None:
    genes = evolution_speed.block_genes(3)
    names = {field.name for field in fields(Block)}
    assert genes.keys() == {f"{block}.{name}" for block in range(3) for name in names}
    assert all(len(set(choices)) == len(choices) >= 2 for choices in genes.values())
    clip = {field.name for field in fields(TinyVideoArchitecture)} - {"blocks"}
    assert evolution_speed.clip_genes().keys() == clip


def test_everybody_in_the_history_can_be_a_parent() -> None:
    running = evolution_speed.simulation(20, 5)
    losses = [member.result.metrics["loss"] for member in running.parents]
    assert len({member.individual.id for member in running.parents}) == 20
    assert losses == sorted(losses)
    assert len(running.births(5)) == 5


def test_there_is_a_rate_for_every_generation_that_is_timed() -> None:
    rates = evolution_speed.ours(10, 4, 3)
    assert {part: len(found) for part, found in rates.items()} == {"births": 3, "whole": 3}
    pairs = zip(rates["births"], rates["whole"], strict=True)
    assert all(births > whole > 0 for births, whole in pairs), "the whole takes longer"
