"""Moving tensors of one shape into another, and saying what became of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from videonas.networks.inheritance import Heritage, Source
from videonas.training.inheritance import FATES, Fate, inherit, names_by_fate, transferred

shapes = st.tuples(*[array_shapes(min_dims=4, max_dims=4, max_side=5)] * 2)
offsets = st.tuples(st.integers(-3, 3), st.integers(-3, 3))


def drawn(shape: tuple[int, ...], sign: int) -> Any:
    """Numbers that are all different, and none of them zero."""
    return sign * (1.0 + np.arange(np.prod(shape)).reshape(shape))


@given(shapes, offsets)
def test_each_value_is_the_parents_or_new_or_zero(
    both: tuple[tuple[int, ...], tuple[int, ...]], offset: tuple[int, int]
) -> None:
    fresh, old = drawn(both[0], -1), drawn(both[1], 1)
    value, copied = transferred(fresh, old, offset, 2)
    assert value.shape == fresh.shape
    found = 0
    for place in np.ndindex(*fresh.shape):
        y, x, into, out = place
        was = (y - offset[0], x - offset[1], into, out)
        inside = all(0 <= a < size for a, size in zip(was, old.shape, strict=True))
        found += inside
        if inside:
            expected = old[was]
        elif copied and out < old.shape[3]:
            expected = 0  # what would change a channel of the parent's
        else:
            expected = fresh[place]
        assert value[place] == expected
    assert found == copied


@given(st.integers(1, 6), st.integers(1, 6))
def test_what_has_output_channels_alone_keeps_the_first(new: int, old: int) -> None:
    value, copied = transferred(drawn((new,), -1), drawn((old,), 1), (), None)
    assert copied == min(new, old)
    np.testing.assert_array_equal(value[:copied], drawn((old,), 1)[:copied])
    np.testing.assert_array_equal(value[copied:], drawn((new,), -1)[copied:])


def test_tensors_of_other_ranks_are_not_mixed() -> None:
    fresh = drawn((3, 3), -1)
    value, copied = transferred(fresh, drawn((1, 3, 3), 1), (), 0)
    assert copied == 0
    np.testing.assert_array_equal(value, fresh)


words = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(words.map("net.{}/kernel".format), st.sampled_from(FATES)))
def test_names_stand_for_all_that_lies_below_them(fates: dict[str, Fate]) -> None:
    found = names_by_fate(fates)
    for name, fate in fates.items():
        path = name.replace("/", ".")
        standing = [
            told for told, names in found.items() for each in names
            if f"{path}.".startswith(f"{each.replace('/', '.')}.")
        ]
        assert standing == [fate], "told once, and truly"


def test_a_block_of_one_fate_is_one_name() -> None:
    fates: dict[str, Fate] = {
        "blocks.0.layers.0.spatial/kernel": "kept", "blocks.0.layers.0.spatial.norm/beta": "kept",
        "blocks.1.layers.0.expand/kernel": "cut", "blocks.1.layers.0.expand/bias": "new",
        "head/kernel": "widened",
    }
    assert names_by_fate(fates) == {
        "kept": ("blocks.0",), "widened": ("head",),
        "cut": ("blocks.1.layers.0.expand/kernel",), "new": ("blocks.1.layers.0.expand/bias",),
    }


def dense_net(width: int) -> keras.Model:
    """Two dense layers, the first so wide."""
    given_ = keras.Input((4,))
    x = keras.layers.Dense(width, "relu", bias_initializer="uniform", name="first")(given_)
    return keras.Model(given_, keras.layers.Dense(3, bias_initializer="uniform", name="head")(x))


def test_any_network_of_known_layers_can_inherit() -> None:
    parent, child, narrow = dense_net(5), dense_net(7), dense_net(2)
    heritage = Heritage({"first": Source("first"), "head": Source("head")})
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    moved = inherit(child, parent, heritage)
    np.testing.assert_allclose(np.asarray(child(x)), np.asarray(parent(x)), rtol=1e-5, atol=1e-6)
    assert [m.fate for m in moved] == ["widened", "widened", "widened", "kept"]
    assert [m.fate for m in inherit(narrow, parent, heritage)] == ["cut", "cut", "cut", "kept"]
    assert [m.inherited for m in inherit(child, parent, Heritage({}))] == [0] * 4
