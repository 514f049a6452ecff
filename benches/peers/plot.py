"""The ratios to the baseline as bars, one panel for each cell: an SVG for light and dark pages."""

from __future__ import annotations

from math import log2
from statistics import median
from xml.sax.saxutils import escape

from report import ratios

# The cells with a panel: as many as fit beside each other.
CELLS = ["1x20B@10", "16x20B@10", "16x1K@10", "16x16K@10", "1x1M@10"]

NAMES, PANEL, BAR, GAP, ROW, TOP, BOTTOM = 180, 190, 140, 14, 22, 74, 34

# The maximum of the scale: a longer bar is cut off, and its number is printed.
LONGEST = 16

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 } .cell { font-weight: 600 } .small { font-size: 11px; fill: #57606a }
  .ours { font-weight: 600 } rect { fill: #8c959f } rect.ours { fill: #0969da }
  .page { fill: #ffffff } line { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } rect { fill: #656c76 } rect.ours { fill: #4493f8 }
    .page { fill: #0d1117 } line { stroke: #30363d }
  }
"""


def svg(measured: dict) -> str:
    """One row for each server, one column for each cell. The scale is logarithmic, and a bar begins at the baseline."""
    cells = [name for name in CELLS if name in measured["cells"]] or list(measured["cells"])[: len(CELLS)]
    peers = [name for name, about in measured["peers"].items() if about["kind"] != "floor"]
    width, height = NAMES + PANEL * len(cells) + GAP, TOP + ROW * len(peers) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        text(GAP, 24, "CPU per message ÷ that of an echo without WebSocket", "title"),
        text(GAP, height - 10, f"{measured['machine']}; {measured['system']}; {measured['when']}", "small"),
    ]
    for row, peer in enumerate(peers):
        parts.append(text(NAMES - GAP, TOP + ROW * row + 15, peer, kind(measured, peer), "end"))
    for column, name in enumerate(cells):
        parts += panel(measured, name, peers, NAMES + PANEL * column)
    return "\n".join([*parts, "</svg>", ""])


def panel(measured: dict, name: str, peers: list, left: int) -> list:
    cell = measured["cells"][name]
    *what, size, connections = cell["title"].split(", ")
    parts = [text(left, TOP - 26, f"{size}, {connections}", "cell"), text(left, TOP - 11, ", ".join(what), "small")]
    for times in (1, 2, 4, 8, 16):
        x, bottom = left + length(times), TOP + ROW * len(peers)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(text(x, bottom + 10, f"{times}×", "small", "middle"))
    for row, peer in enumerate(peers):
        measurements = ratios(cell, peer)
        if not measurements:
            continue
        times = median(measurements)
        y, long = TOP + ROW * row, length(times)
        parts.append(f'<rect class="{kind(measured, peer)}" x="{left}" y="{y + 4}" width="{max(long, 1):.1f}" height="{ROW - 8}"/>')
        parts.append(text(left + long + 4, y + 15, f"{times:.2f}", kind(measured, peer)))
    return parts


def length(times: float) -> float:
    """The length of a bar: 0 at the baseline."""
    return BAR * log2(min(max(times, 1), LONGEST)) / log2(LONGEST)


def kind(measured: dict, peer: str) -> str:
    return measured["peers"][peer]["kind"].split()[0]


def text(x: float, y: float, content: str, style: str, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(content)}</text>'
