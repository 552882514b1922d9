"""Order among individuals when several objectives count: fronts, and crowding within a front.

Source: Deb, Pratap, Agarwal and Meyarivan 2002, "A fast and elitist multiobjective genetic
algorithm: NSGA-II", sections III-A and III-B. Fronts are found after sorting, as in Zhang, Tian,
Cheng and Jin 2015, which gives the same ones with fewer comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = Sequence[float]
"""One value an objective, each to be minimised."""


def dominates(one: Point, other: Point) -> bool:
    """Whether a point is nowhere worse and somewhere better than another."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def fronts(points: Sequence[Point]) -> list[list[int]]:
    """Places of all points, front by front: the first is dominated by nobody, the second by the
    first only, and so on.
    """
    found: list[list[int]] = []
    for place in _sorted_places(points):
        for front in found:
            # the latest of a front are nearest in the order, so most likely to dominate
            if not any(dominates(points[other], points[place]) for other in reversed(front)):
                front.append(place)
                break
        else:
            found.append([place])
    return [sorted(front) for front in found]


def first_front(points: Sequence[Point]) -> list[int]:
    """Places of the points that nobody dominates, in the order of the points.

    As `fronts` gives first, without finding the others.
    """
    front: list[int] = []
    for place in _sorted_places(points):
        if not any(dominates(points[other], points[place]) for other in reversed(front)):
            front.append(place)
    return sorted(front)


def crowding(points: Sequence[Point]) -> list[float]:
    """How far the neighbours of each point of a front are, added over the objectives.

    Each objective counts by its range in the front. The first and the last of each objective have
    no second neighbour: infinity.
    """
    distances = [0.0] * len(points)
    for objective in range(len(points[0]) if points else 0):
        order = sorted(range(len(points)), key=lambda place: points[place][objective])
        values = [points[place][objective] for place in order]
        distances[order[0]] = distances[order[-1]] = math.inf
        extent = values[-1] - values[0]
        if not extent:
            continue
        for rank in range(1, len(order) - 1):
            distances[order[rank]] += (values[rank + 1] - values[rank - 1]) / extent
    return distances


def crowded_order(points: Sequence[Point]) -> list[int]:
    """Places of all points, the better front first, within a front the less crowded first; among
    equals the order of the points is kept.
    """
    order: list[int] = []
    for front in fronts(points):
        lonely = crowding([points[place] for place in front])
        ranked = sorted(range(len(front)), key=lambda rank: -lonely[rank])
        order += [front[rank] for rank in ranked]
    return order


def _sorted_places(points: Sequence[Point]) -> list[int]:
    """Places in an order in which nobody is dominated by a later one."""
    return sorted(range(len(points)), key=lambda place: tuple(points[place]))
