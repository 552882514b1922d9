"""The mutations of an EvaNet, one named operator for each kind of change.

The kinds of change are those that the paper is remembered to have; each maps to a field of the
released form. No public source gives their probabilities, nor the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from videonas.codec import to_plain
from videonas.spaces.base import Edit, Learned, Operator
from videonas.spaces.evanet.architecture import Branch, EvaNetArchitecture, Module
from videonas.spaces.evanet.normalise import PLAIN_AT_LENGTH_1
from videonas.task import Task

if TYPE_CHECKING:
    from videonas.spaces.evanet.space import EvaNetSpace

Edited = tuple[EvaNetArchitecture, Edit]
Mutated = Edited | None
EvaNetOperator = Operator[EvaNetArchitecture]

_CONVOLUTIONS = {"conv": ("conv",), "conv_conv": ("conv", "conv2")}
"""Fields that hold kinds of convolutions, by the kind of a branch."""

_WINDOWS = {"conv": ("time",), "conv_conv": ("time", "time2"), "pool_conv": ("time",)}
"""Fields that hold lengths in frames, by the kind of a branch."""


def operators(space: EvaNetSpace) -> Mapping[str, EvaNetOperator]:
    """The operators by name; what a field may become is the space's choice."""
    found: dict[str, EvaNetOperator] = {
        "conv_type": _conv_type(space),
        "branch_type": _branch_type(space),
        "time": _time(space),
        "add_branch": _add_branch(space),
        "remove_branch": _remove_branch(space),
    }
    if space.form == "residual":  # modules without a shortcut are not repeated
        found["repeats"] = _repeats(space)
    return found


def _conv_type(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """Another kind for one convolution over space and time."""
        places = ["stem", *_fields(a, _CONVOLUTIONS)]
        return _change(a, rng.choice(places), "conv_type", space.conv_kinds, rng)

    return mutate


def _time(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """Another length for one convolution or one window of pooling."""
        pools = [f"pool_times.{number}" for number in range(len(a.pool_times))]
        places = ["stem_time", *pools, *_fields(a, _WINDOWS)]
        path = rng.choice(places)
        changed = _change(a, path, "time", space.lengths, rng)
        return changed and _with_drawn_kind(space, a, path, changed, rng)

    return mutate


def _with_drawn_kind(
    space: EvaNetSpace, a: EvaNetArchitecture, path: str, changed: Edited, rng: Random
) -> Mutated:
    """The edit of a length; a convolution that leaves length 1 is given a kind.

    At length 1 two kinds are one, which is written as `3d`: which of them comes of it is drawn. The
    stem has no edit for both its fields; where its kind is not among the space's it is left alone.
    """
    place, _, name = path.rpartition(".")
    kind = {"stem_time": "stem", "time": "conv", "time2": "conv2"}.get(name, "")
    owner = _get(a, place.split(".")) if place else a
    plain = bool(kind) and getattr(owner, name) == 1 and getattr(owner, kind) == "3d"
    if not plain or (isinstance(owner, Branch) and owner.kind == "pool_conv"):
        return changed
    kinds = [each for each in space.conv_kinds if each in PLAIN_AT_LENGTH_1]
    if not place:
        return changed if "3d" in kinds else None
    drawn = rng.choice(kinds) if kinds else "3d"
    if drawn == "3d":
        return changed
    before = _get(a, place.split("."))
    after = replace(_get(changed[0], place.split(".")), **{kind: drawn})
    edit = Edit("time", place, to_plain(before), to_plain(after))
    return _put(a, place.split("."), after), edit


def _branch_type(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """A branch of another kind in the place of one: what both kinds read is kept, the rest is
        random.
        """
        number, place = _any_branch(a, rng)
        before = a.modules[number].branches[place]
        kinds = [kind for kind in space.branch_kinds if kind != before.kind]
        if not kinds:
            return None
        drawn = space.sample_branch(rng, rng.choice(kinds))
        kept = {
            name: getattr(before, name)
            for read in (_CONVOLUTIONS, _WINDOWS)
            for name in read.get(before.kind, ()) if name in read.get(drawn.kind, ())
        }
        after = replace(drawn, **kept)
        path = f"modules.{number}.branches.{place}"
        edit = Edit("branch_type", path, to_plain(before), to_plain(after))
        return _with_branch(a, number, place, after), edit

    return mutate


def _add_branch(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """A random branch behind the others of a module."""
        number = rng.randrange(len(a.modules))
        branches = a.modules[number].branches
        if len(branches) >= space.most_branches(a.skeleton.filters[number]):
            return None
        added = space.sample_branch(rng)
        edit = Edit("add_branch", f"modules.{number}.branches.{len(branches)}", None,
                    to_plain(added))
        return _with_branches(a, number, (*branches, added)), edit

    return mutate


def _remove_branch(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """One branch of a module fewer."""
        number, place = _any_branch(a, rng)
        branches = a.modules[number].branches
        if len(branches) <= space.min_branches:
            return None
        edit = Edit("remove_branch", f"modules.{number}.branches.{place}",
                    to_plain(branches[place]), None)
        return _with_branches(a, number, branches[:place] + branches[place + 1 :]), edit

    return mutate


def _repeats(space: EvaNetSpace) -> EvaNetOperator:
    def mutate(a: EvaNetArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """Another number of repetitions of a module."""
        if a.skeleton.form != "residual":  # a given network can have another form than the others
            return None
        number = rng.randrange(len(a.modules))
        return _change(a, f"modules.{number}.repeats", "repeats", space.repeats, rng)

    return mutate


def _fields(a: EvaNetArchitecture, named: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Paths of fields of branches whose kind reads them."""
    return [
        f"modules.{number}.branches.{place}.{name}"
        for number, module in enumerate(a.modules)
        for place, branch in enumerate(module.branches)
        for name in named.get(branch.kind, ())
    ]


def _any_branch(a: EvaNetArchitecture, rng: Random) -> tuple[int, int]:
    """A module's number and a branch's place in it, every branch of the network alike."""
    return rng.choice([
        (number, place)
        for number, module in enumerate(a.modules) for place in range(len(module.branches))
    ])


def _change(
    a: EvaNetArchitecture, path: str, operator: str, choices: tuple[Any, ...], rng: Random
) -> Mutated:
    """Another of the choices at a path; None where there is no other."""
    before = _get(a, path.split("."))
    others = [choice for choice in choices if choice != before]
    if not others:
        return None
    after = rng.choice(others)
    changed: EvaNetArchitecture = _put(a, path.split("."), after)
    return changed, Edit(operator, path, before, after)


def _get(part: Any, path: list[str]) -> Any:
    for name in path:
        part = part[int(name)] if isinstance(part, tuple) else getattr(part, name)
    return part


def _put(part: Any, path: list[str], value: Any) -> Any:
    """The part with a value at a path in it."""
    if not path:
        return value
    name, *rest = path
    if isinstance(part, tuple):
        place = int(name)
        return (*part[:place], _put(part[place], rest, value), *part[place + 1 :])
    return replace(part, **{name: _put(getattr(part, name), rest, value)})


def _with_branch(
    a: EvaNetArchitecture, number: int, place: int, branch: Branch
) -> EvaNetArchitecture:
    changed: EvaNetArchitecture = _put(
        a, ["modules", str(number), "branches", str(place)], branch
    )
    return changed


def _with_branches(
    a: EvaNetArchitecture, number: int, branches: tuple[Branch, ...]
) -> EvaNetArchitecture:
    module: Module = replace(a.modules[number], branches=branches)
    return replace(a, modules=(*a.modules[:number], module, *a.modules[number + 1 :]))
