# SPDX-License-Identifier: Apache-2.0
"""Draws the block benchmark's rates as an SVG: a panel of horizontal bars for each case, with a line
from the first to the third quartile."""

from html import escape

WIDTH, LEFT, RIGHT = 760, 170, 130
BAR, GAP, TITLE, PANEL_GAP = 18, 6, 26, 18
COLOURS = {"skiff": "#1b6ca8", "host": "#9a9a9a"}
OTHER_COLOUR = "#d08c3f"


def colour_of(name):
    return COLOURS.get(name.split()[0], OTHER_COLOUR)


def text(x, y, words, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def label_of(rate):
    return f"{rate / 1000:.1f} k/s" if rate >= 1000 else f"{rate:.0f} /s"


def bar(name, rate, scale, y):
    """One VMM's bar: name, bar, quartiles, label."""
    middle = y + BAR / 2
    low, high = LEFT + rate["q1"] * scale, LEFT + rate["q3"] * scale
    end = LEFT + rate["median"] * scale
    return [
        text(LEFT - 8, middle + 4, name, "end"),
        f'<rect x="{LEFT}" y="{y:.1f}" width="{end - LEFT:.1f}" height="{BAR}" '
        f'fill="{colour_of(name)}"/>',
        f'<line x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}" '
        'stroke="#222" stroke-width="2"/>',
        text(max(end, high) + 6, middle + 4, label_of(rate["median"])),
    ]


def panel(title, rows, y):
    """(drawing, y after it) of one case."""
    most = max(max(row["per_second"]["median"], row["per_second"]["q3"]) for row in rows.values())
    scale = (WIDTH - LEFT - RIGHT) / most
    drawing = [text(8, y + 16, title, weight="bold")]
    y += TITLE
    for name, row in rows.items():
        drawing += bar(name, row["per_second"], scale, y)
        y += BAR + GAP
    return drawing, y + PANEL_GAP


def plot(cases):
    """`cases`: {title: {VMM: {"per_second": spread}}}."""
    drawing, y = [], 8
    for title, rows in cases.items():
        part, y = panel(title, rows, y)
        drawing += part
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y:.0f}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{y:.0f}" fill="white"/>', *drawing, "</svg>", ""])
