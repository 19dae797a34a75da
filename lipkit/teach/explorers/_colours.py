"""The book's colours as the page's variables, and the markers of roles as paths."""

from typing import Final

from lipkit.teach.figures import MUTED, PALETTE, ROLES

INK: Final = "currentColor"
GRID: Final = f"var(--lk-muted, {MUTED})"
PAPER: Final = "var(--lk-paper, var(--jp-layout-color0, #fefefe))"
HUES: Final = ("var(--lk-above, #5b37a8)", "var(--lk-below, #b35900)")  # of levels

SIGNS: Final = {"lower": "▲", "upper": "▼", "exact": "●", "estimate": "◆"}

_SHAPES: Final = {
    "^": "M0-6.2 5.8 4H-5.8Z",
    "v": "M0 6.2 5.8-4H-5.8Z",
    "o": "M-5 0A5 5 0 1 1 5 0 5 5 0 1 1-5 0Z",
    "D": "M0-6 6 0 0 6-6 0Z",
    "s": "M-4.4-4.4H4.4V4.4H-4.4Z",
}


def colour(role: str, name: str) -> str:
    """The colour of a kind of answer, of grey, of ink or of an entry of the palette."""
    value = ROLES[role].color if role in ROLES else role
    if value in ("ink", PALETTE[6]):
        return INK
    if value in PALETTE:
        return f"var(--lk-c{PALETTE.index(value) + 1}, {value})"
    if role in ROLES:
        return value
    raise ValueError(
        f"{name}: got role={role!r}, expected 'ink', one of {', '.join(map(repr, ROLES))} or a "
        "colour of figures.PALETTE"
    )


def text_colour(role: str) -> str:
    """The colour of text in this role: grey would be too faint to read."""
    return INK if role == "grey" else colour(role, "label")


def marker(role: str) -> str:
    """The outline of a role's marker around (0, 0); a disc for what is no role."""
    return _SHAPES[ROLES[role].marker if role in ROLES else "o"]


def signed(label: str, role: str) -> str:
    """The label, with the sign of its role in front."""
    return f"{SIGNS[role]} {label}" if role in SIGNS else label
