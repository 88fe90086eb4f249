"""The recipes of the documentation work."""

import pathlib
import sys
import textwrap
import types

import pytest
from sklearn.utils.estimator_checks import check_estimator

PAGE = pathlib.Path(__file__).parents[1] / "doc" / "extending.rst"


def block_with(text):
    """The code of the block of the page that holds a text."""
    blocks = PAGE.read_text().split(".. code-block:: python\n")[1:]
    (block,) = [block for block in blocks if text in block]
    lines = []
    for line in block.splitlines():
        if line.strip() and not line.startswith("   "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_estimator_of_the_recipe_passes_all_checks(monkeypatch):
    recipe = types.ModuleType("sklearn_helmholtz.estimators.recipe")
    recipe.__package__ = "sklearn_helmholtz.estimators"
    monkeypatch.setitem(sys.modules, recipe.__name__, recipe)
    exec(block_with("class UntrainedMachine"), vars(recipe))
    check_estimator(recipe.UntrainedMachine())
