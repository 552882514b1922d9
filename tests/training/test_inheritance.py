"""Moving tensors of one shape into another, and saying what became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from videonas.networks.convolution import SpaceTimeConv
from videonas.networks.inheritance import Channels, Heritage, Source, Tensors
from videonas.networks.itgm import InflatedTGM
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


def places(new: int, old: int) -> st.SearchStrategy[Channels]:
    """For each new channel an old one, each old one once at most, or none."""
    kept = st.permutations(range(old)).map(lambda order: [*order, *[None] * new])
    return kept.flatmap(lambda found: st.permutations(found[: max(new, old)])).map(
        lambda found: tuple(found[:new])
    )


@given(shapes, st.data())
def test_channels_go_where_they_are_said_to(
    both: tuple[tuple[int, ...], tuple[int, ...]], data: st.DataObject
) -> None:
    fresh, old = drawn(both[0], -1), drawn(both[1], 1)
    into, out = (data.draw(places(both[0][axis], both[1][axis])) for axis in (2, 3))
    value, copied = transferred(fresh, old, (0, 0), 2, {2: into, 3: out})
    found = 0
    for place in np.ndindex(*fresh.shape):
        y, x, given_, made = place
        inside = y < old.shape[0] and x < old.shape[1]
        if inside and into[given_] is not None and out[made] is not None:
            found += 1
            assert value[place] == old[y, x, into[given_], out[made]]
        else:
            assert value[place] == (0 if copied and out[made] is not None else fresh[place])
    assert found == copied


def test_the_first_channels_are_said_to_be_the_first_ones() -> None:
    fresh, old = drawn((2, 2, 4, 5), -1), drawn((2, 2, 3, 6), 1)
    said = transferred(fresh, old, (0, 0), 2, {2: (0, 1, 2, None), 3: (0, 1, 2, 3, 4)})
    unsaid = transferred(fresh, old, (0, 0), 2)
    np.testing.assert_array_equal(said[0], unsaid[0])
    assert said[1] == unsaid[1]


def test_masked_elements_become_zero_and_are_not_the_parents() -> None:
    masked = np.ma.masked_greater(drawn((2, 3), 1), 4)
    value, copied = transferred(drawn((2, 3), -1), masked, (), 0)
    np.testing.assert_array_equal(value, [[1, 2, 3], [4, 0, 0]])
    assert copied == 4


def clip_net(layer: Callable[[Any], Any], channels: int) -> keras.Model:
    """One layer on clips of 3 frames with so many channels."""
    given_ = keras.Input((3, 4, 4, channels))
    return keras.Model(given_, layer(given_))


def test_channels_of_layers_over_space_and_time_can_change_their_places() -> None:
    """With the inputs in another order, the outputs come in the order that is said."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 3)).astype(np.float32)
    into, out = (2, 0, 1), (3, None, 0, 1)
    for make in (
        lambda: InflatedTGM(4, (3, 3), name="both"), lambda: SpaceTimeConv(4, (3, 3), name="both")
    ):
        parent, child = clip_net(make(), 3), clip_net(make(), 3)
        moved = inherit(child, parent, Heritage({"both": Source("both", inputs=into, outputs=out)}))
        ours, theirs = np.asarray(child(x[..., into])), np.asarray(parent(x))
        np.testing.assert_allclose(ours[..., [0, 2, 3]], theirs[..., [3, 0, 1]], atol=1e-5)
        assert {m.name.rpartition("/")[2]: m.fate for m in moved} in (
            {"kernel": "cut", "mixing": "cut", "centre": "kept", "width": "kept"},
            {"kernel": "cut"},
        )


def test_what_is_taken_over_can_be_made_of_any_layers() -> None:
    def swapped(read: Callable[[str], Tensors]) -> Tensors:
        return {"bias": 2 * read("head")["bias"], "of another kind": read("first")["kernel"]}

    parent, child = dense_net(5), dense_net(5)
    heritage = Heritage({"head": Source("head", convert=swapped)})
    moved = {m.name: m.fate for m in inherit(child, parent, heritage)}
    assert moved == {"first/kernel": "new", "first/bias": "new", "head/kernel": "new",
                     "head/bias": "kept"}
    ours, theirs = (np.asarray(each.get_layer("head").bias) for each in (child, parent))
    np.testing.assert_array_equal(ours, 2 * theirs)


def norm_net(channels: int) -> keras.Model:
    """A batch normalisation of so many channels, its scale not one."""
    given_ = keras.Input((channels,))
    return keras.Model(given_, keras.layers.BatchNormalization(
        gamma_initializer="random_normal", name="norm"
    )(given_))


def test_only_new_channels_are_silent() -> None:
    parent, child = norm_net(2), norm_net(4)
    source = {"norm": Source("norm", outputs=(None, 1, None, 0))}
    for sources, expected in ((source, [0, 1, 0, 1]), ({}, [0, 0, 0, 0])):
        child = norm_net(4)
        inherit(child, parent, Heritage(sources, silent=frozenset({"norm"})))
        scale = np.asarray(child.get_layer("norm").gamma)
        assert [int(each != 0) for each in scale] == expected
    np.testing.assert_array_equal(np.asarray(child.get_layer("norm").beta), np.zeros(4))
