"""The plots in docs/ are what `make plots` draws of the specification."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.margin import plots

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("plot", plots.PLOTS, ids=lambda plot: plot.file)
def test_docs_are_up_to_date(plot: plots.Plot, tmp_path: Path) -> None:
    """To a pixel's fifth, as another machine may round another way."""
    [fresh] = [path for path in plots.draw(tmp_path) if path.stem.endswith(plot.file)]
    kept = plots.DOCS / fresh.name
    ElementTree.parse(kept)
    old, new = kept.read_text(), fresh.read_text()
    assert NUMBER.sub("", old) == NUMBER.sub("", new)
    assert np.allclose(
        np.array(NUMBER.findall(old), float), np.array(NUMBER.findall(new), float), atol=0.2
    )


def test_netting_lowers_what_is_drawn() -> None:
    for plot in plots.PLOTS:
        lines = plot.margins(np.array([0.85, 1.0, 1.15]))
        assert np.all(lines["cross"] <= lines["isolated"] + 1e-9)
        assert np.all(lines["portfolio"] <= lines["cross"] + 1e-9)
    # spot that hedges counts only where it nets
    collar = next(plot for plot in plots.PLOTS if plot.file == "collar")
    lines = collar.margins(np.array([1.0]))
    assert lines["portfolio"][0] < lines["cross"][0] / 2
