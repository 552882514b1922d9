"""Numbers as people read them."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Where there is no number."""


def percent(share: float | None) -> str:
    """A share of 0 to 1, such as `83.2 %`."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def points(difference: float | None) -> str:
    """A difference of shares, such as `+1.7 points`."""
    return NOTHING if difference is None else f"{signed(100 * difference, '.1f')} points"


def decimal(value: float | None) -> str:
    """A number such as a loss, with three decimals."""
    return NOTHING if value is None else f"{value:.3f}".replace("-", MINUS)


def signed(value: float | None, how: str = ".3f") -> str:
    """A difference with its sign, formatted as `how` says."""
    if value is None:
        return NOTHING
    text = format(value, "+" + how)
    return text.replace("-", MINUS) if float(text) else format(0.0, how)


def quantity(count: float | None) -> str:
    """A count in three digits, such as `12.3 M`; below 10,000 in full."""
    if count is None:
        return NOTHING
    if count < 10_000:
        return f"{count:,.0f}"
    for unit in ("k", "M"):
        count /= 1000
        if count < 999.5:
            return f"{count:.3g} {unit}"
    count /= 1000
    return f"{count:.3g} G" if count < 999.5 else f"{count:,.0f} G"


def milliseconds(value: float | None) -> str:
    """A time such as `4.21 ms`."""
    if value is None:
        return NOTHING
    return f"{value:.{2 if value < 10 else 1}f} ms"


def duration(seconds: float) -> str:
    """A time such as `3 h 12 min`, `2 min 5 s` or `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{int(seconds) // 3600:,} h {int(seconds) % 3600 // 60} min"


def factor(after: float | None, before: float | None) -> str:
    """A ratio such as `×1.8`."""
    if after is None or not before:
        return NOTHING
    return f"×{after / before:.2f}" if after / before < 9.995 else f"×{after / before:,.0f}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun, such as `1 network` or `12 networks`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def names(items: list[str], most: int = 8) -> str:
    """A list of at most so many names, and how many more there are."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def shortened(text: str, most: int = 600) -> str:
    """A text cut to so many characters, with a sign that it was."""
    return text if len(text) <= most else text[: most - 1] + "…"
