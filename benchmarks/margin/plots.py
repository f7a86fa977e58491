"""Plots of the margin against spot, as SVG text for docs/.

Each shows what a book needs under the three netting levels while the spot moves, as after an epoch
has rolled at every spot, in parts of the first spot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.margin.exact import Array, Chain
from benchmarks.margin.requirement import LEVELS, Holdings, Specification

DOCS = Path(__file__).parents[2] / "docs"
SCAN_RANGE, VOLATILITY, BETA = 0.13, 0.6, 0.75
STROKES = {
    "isolated": ('stroke="#e8a33d"', 6),
    "cross": ('stroke="#1f6fb2"', 3),
    "portfolio": ('stroke="#c2185b"', 1.2),
}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 56, 44, 40, 96


@dataclass(frozen=True)
class Plot:
    """Books of underlyings whose spots move together: options by (days, strike), of each."""

    file: str
    title: str
    options: Sequence[Sequence[tuple[float, float]]]
    holdings: Sequence[Holdings]

    def margins(self, spots: Array) -> dict[str, Array]:
        """In parts of the first spot; one epoch for each spot."""
        lines: dict[str, list[float]] = {name: [] for name in LEVELS}
        for spot in spots:
            chains = [
                Chain.flat(
                    [days for days, _ in options],
                    [strike / spot for _, strike in options],
                    VOLATILITY,
                    SCAN_RANGE,
                )
                for options in self.options
            ]
            specification = Specification(chains, [BETA] * len(chains))
            for name, level in LEVELS.items():
                asked = specification.maintenance(level, self.holdings)
                lines[name].append(asked * spot)
        return {name: np.array(values) for name, values in lines.items()}


def _held(calls: Sequence[float], puts: Sequence[float], spot: float = 0.0) -> Holdings:
    zero = np.zeros(len(calls))
    return Holdings(np.array(calls, float), np.array(puts, float), zero, spot=spot)


PLOTS = (
    Plot(
        "straddle",
        "Straddles of 7 days sold, at 100 in one underlying and at 110 in another",
        [[(7, 1.0)], [(7, 1.1)]],
        [_held([-1], [-1]), _held([-1], [-1])],
    ),
    Plot(
        "collar",
        "Collar: spot as collateral, put at 90 bought, call at 110 sold, 30 days",
        [[(30, 0.9), (30, 1.1)]],
        [_held([0, -1], [1, 0], spot=1.0)],
    ),
    Plot(
        "calendar",
        "Calendar: straddle of 30 days bought, straddle of 7 days sold",
        [[(7, 1.0), (30, 1.0)]],
        [_held([-1, 1], [-1, 1])],
    ),
)


def _ticks(top: float) -> Array:
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if top / s <= 8)
    return np.arange(0, top + step / 2, step)


def svg(plot: Plot, spots: Array, lines: dict[str, Array]) -> str:
    top = float(_ticks(max(line.max() for line in lines.values()) * 1.04)[-1])

    def x(spot: float) -> float:
        share = (spot - spots[0]) / (spots[-1] - spots[0])
        return float(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{plot.title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{plot.title}</text>',
    ]
    for value in _ticks(top):
        out.append(
            f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.0%}</text>'
        )
    for spot in np.arange(spots[0], spots[-1] + 0.01, 0.1):
        out.append(
            f'<text x="{x(spot):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{spot * 100:.0f}</text>"
        )
    out.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
        "spot; margin in % of the first spot</text>"
    )
    for name, line in lines.items():  # the wider below, where they run together
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(spots, line, strict=True))
        colour, width = STROKES[name]
        out.append(f'<polyline points="{points}" fill="none" {colour} stroke-width="{width}"/>')
    # names beside their lines, pushed apart where lines end together
    height = float("inf")
    for name, line in sorted(lines.items(), key=lambda item: item[1][-1]):
        height = min(y(line[-1]) + 4, height - 14)
        fill = STROKES[name][0].replace("stroke", "fill")
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{height:.1f}" {fill}>{name}</text>')
    return "\n".join([*out, "</svg>", ""])


def draw(folder: Path = DOCS, points: int = 121) -> Iterator[Path]:
    spots = np.linspace(0.7, 1.3, points)
    for plot in PLOTS:
        path = folder / f"margin-{plot.file}.svg"
        path.write_text(svg(plot, spots, plot.margins(spots)))
        yield path
