"""Files of the package that go into a page or a picture as they are."""

from __future__ import annotations

from importlib import resources

from markupsafe import Markup


def assets(*names: str) -> Markup:
    """Files beside the templates, one after the other."""
    folder = resources.files("videonas.report") / "templates"
    texts = [Markup((folder / name).read_text(encoding="utf-8")) for name in names]
    return Markup("\n").join(texts)
