"""Diagrams of all networks as short rows, from which the page's script draws the one asked for.

Texts, boxes and whole diagrams that occur again are kept once: evolution changes a block at a time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from videonas.spaces import Diagram, Node


class Drawings:
    """Collects diagrams, and numbers them."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._boxes: dict[tuple[int, ...], int] = {}
        self._diagrams: dict[Diagram, int] = {}
        self._rows: list[list[Any]] = []

    def add(self, diagram: Diagram) -> int:
        """The number of a diagram, which is kept unless there is an equal one."""
        if diagram not in self._diagrams:
            self._diagrams[diagram] = len(self._rows)
            self._rows.append(self._row(diagram))
        return self._diagrams[diagram]

    def rows(self) -> dict[str, Any]:
        """What was collected, for `tojson`.

        Returns:
            `texts`; `boxes`, each the numbers of its texts: title, shape, further lines; and
            `diagrams`, each the list of its boxes, and, unless it is a chain, the list of its
            arrows as `[from, to, text]`, counted in its boxes.
        """
        return {"texts": list(self._texts), "boxes": list(self._boxes), "diagrams": self._rows}

    def _row(self, diagram: Diagram) -> list[Any]:
        boxes = [self._box(node) for node in diagram.nodes]
        names = [node.name for node in diagram.nodes]
        if diagram.arrows == tuple((a, b, "") for a, b in pairwise(names)):
            return [boxes]
        place = {name: index for index, name in enumerate(names)}
        arrows = [[place[a], place[b], self._text(label)] for a, b, label in diagram.arrows]
        return [boxes, arrows]

    def _box(self, node: Node) -> int:
        texts = tuple(self._text(text) for text in (node.title, node.shape, *node.lines))
        return self._boxes.setdefault(texts, len(self._boxes))

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))
