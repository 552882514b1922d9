"""SVG elements as escaped text."""

from __future__ import annotations

from markupsafe import Markup, escape


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element; whatever is not `Markup` already is escaped.

    Args:
        name: of the element.
        children: text, or further elements.
        attributes: `_` stands for `-`, a trailing one is dropped (`class_`); numbers get at most
            one decimal, and None leaves an attribute out.
    """
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{listed}>{inside}</{name}>" if children else f"<{name}{listed}/>")


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def picture(
    name: str, title: str, description: str, width: float, height: float, *children: Markup,
    fixed: bool = False, style: Markup | None = None,
) -> Markup:
    """An `svg` that screen readers announce as one image.

    Args:
        name: unique in the page, for the ids of title and description.
        title: of the picture.
        description: what it shows, in a sentence or more.
        width: of its own coordinates.
        height: of its own coordinates.
        children: what is drawn.
        fixed: keeps its size in pixels; otherwise it fills the width that it is given.
        style: of a picture that is a file of its own; in a page, the page has it.
    """
    return tag(
        "svg",
        *([] if style is None else [tag("style", style)]),
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *children,
        xmlns=None if style is None else "http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width if fixed else None,
        height=height if fixed else None,
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        class_="picture fixed" if fixed else "picture",
    )


def path(points: list[tuple[float, float]], *, step: bool = False) -> str:
    """The `d` of a line through points; as a staircase if `step`."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for x, y in points[1:]:
        parts.append(f"H{number(x)}V{number(y)}" if step else f"L{number(x)} {number(y)}")
    return "".join(parts)


def _text(value: object) -> Markup:
    return escape(number(value) if isinstance(value, float) else value)
