"""Small tables of mixed columns."""

import numpy as np
import pandas as pd

from benchmarks import mixed_tables

KINDS = {"sex": "bernoulli", "job": "categorical", "grade": "ordinal", "n": "count", "x": "real"}


def frame(n_rows=400, seed=0, gaps=0.0):
    """Rows of two classes that differ in everything."""
    rng = np.random.default_rng(seed)
    second = rng.random(n_rows) < 0.4
    values = {
        "sex": np.where(rng.random(n_rows) < np.where(second, 0.9, 0.2), "m", "f"),
        "job": np.array(["a", "b", "c"])[
            (rng.random(n_rows) * np.where(second, 1.2, 3)).astype(int)
        ],
        "grade": np.minimum(rng.poisson(np.where(second, 3, 1)), 4),
        "n": rng.poisson(np.where(second, 9, 2)),
        "x": np.round(rng.normal(np.where(second, 4, 0)), 1),
    }
    found = pd.DataFrame(values)
    return found.mask(rng.random(found.shape) < gaps)


def typed_frame(**options):
    """The same with categories of pandas, ordered where they have an order."""
    grade = pd.CategoricalDtype(range(5), ordered=True)
    return frame(**options).astype({"sex": "category", "job": "category", "grade": grade})


def table(**options):
    categories = {"sex": ["f", "m"], "job": ["a", "b", "c"]}
    return mixed_tables.table("made", frame(**options), KINDS, categories)


def only_levels(own):
    """The columns of levels of a table as a table of its own."""
    kinds = {name: kind for name, kind in own.kinds.items() if name in own.levels}
    parts = (part[:, own.discrete] for part in (own.train, own.valid, own.test))
    return mixed_tables.Table(own.name, kinds, own.levels, *parts)
