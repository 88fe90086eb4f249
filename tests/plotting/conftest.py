"""Figures without a screen, closed after each test, and drawn on light and on dark paper."""

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

mpl.use("agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(params=["default", "dark_background"])
def style(request):
    """A style of matplotlib that is in use: warnings of what is drawn are errors."""
    with plt.style.context(request.param):
        yield request.param
