"""The picture of a report: how many cases were opened and done, day by day. Needs the extra `report`."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from mailcase.core.report import Day

_SIZE, _DOTS = (7.0, 2.8), 100
_COLOURS = ("#3b6fb6", "#9fb8d8")


def draw(days: Sequence[Day], opened: str, done: str) -> bytes | None:
    """A PNG of bars, `opened` and `done` being what they are called; None where there is nothing to draw it with.

    Names in a script that the font at hand does not have are left to the text of the mail.
    """
    try:
        # Large, needed once a week, and not everybody's.
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        return None
    figure = Figure(figsize=_SIZE, dpi=_DOTS, layout="tight")
    axes = figure.add_subplot()
    places = range(len(days))
    axes.bar([p - 0.2 for p in places], [d.opened for d in days], 0.4, color=_COLOURS[0], label=_shown(opened))
    axes.bar([p + 0.2 for p in places], [d.done for d in days], 0.4, color=_COLOURS[1], label=_shown(done))
    axes.set_xticks(list(places), [f"{d.day:%d.%m.}" for d in days])
    axes.set_ylim(0, max([1, *(max(d.opened, d.done) for d in days)]) * 1.1)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    if _shown(opened) and _shown(done):
        axes.legend(frameon=False)
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _shown(name: str) -> str:
    """The font that comes with the library has Latin, Greek and Cyrillic; what it has not would be empty boxes."""
    return name if all(ord(letter) < 0x0500 for letter in name) else ""
