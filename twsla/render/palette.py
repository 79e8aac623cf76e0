"""Colours of charts: told apart by people who do not see all colours, on paper and on both themes of a screen.

Source of the series colours: M. Okabe, K. Ito, "Color Universal Design", 2008, the yellow darkened so that it stands on
white; of the slices: P. Tol, "Colour Schemes", SRON/EPS/TN/09-002, scheme "muted", with one more.
"""

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8B6D00", "#4D4D4D")
"""One for each of the lines or stacked parts that are told apart."""
DASHES = ("solid", "solid", "solid", "solid", "dash", "dash", "dash", "dash")
"""Of lines, beside their colour."""
SLICES = ("#332288", "#88CCEE", "#117733", "#DDCC77", "#CC6677", "#44AA99", "#882255", "#999933", "#AA4499", "#EE8866")
OTHER = "#BBBBBB"
"""The sum of what is not drawn by itself."""
HEAT = ("#FFF3D6", "#FDCB7D", "#F38B4B", "#CF4A4A", "#932667", "#4A1259")
"""From the least to the most: ever darker, so that it stays in order without colour as well."""
NOTHING = "#F1F1F1"
"""A cell whose value is 0."""
GROUPS = (SERIES[0], SERIES[1], SERIES[2])
"""Nodes that are sources only, targets only, both."""


def slice_colours(count: int, *, has_other: bool) -> list[str]:
    """A colour for each slice."""
    colours = [SLICES[place % len(SLICES)] for place in range(count)]
    if has_other and colours:
        colours[-1] = OTHER
    return colours


def series_colours(others: list[bool]) -> list[str]:
    """A colour for each series; ``others`` tells which is the sum of the rest."""
    return [OTHER if is_other else SERIES[place % len(SERIES)] for place, is_other in enumerate(others)]


TERMINAL_SERIES = (32, 166, 36, 175, 214, 74, 100, 245)
"""The nearest of the 256 colours of terminals that are seen on black and on white."""
TERMINAL_OTHER = 244
TERMINAL_HEAT = (244, 74, 178, 208, 196)
"""From the least to the most; with the characters of ever more ink, because the ground may be black or white."""


def terminal_series(others: list[bool]) -> list[int]:
    """A colour for each series."""
    count = len(TERMINAL_SERIES)
    return [TERMINAL_OTHER if is_other else TERMINAL_SERIES[place % count] for place, is_other in enumerate(others)]
