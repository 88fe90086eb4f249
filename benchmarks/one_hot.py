"""Tables of indicators: levels of scikit-learn's columns, where relations are nearly deterministic.

    python -m benchmarks.one_hot [--rows valid] [--tables wine digits]

Real columns of wine (178 rows), diabetes (442) and breast cancer (569) are cut at quantiles into
five, eight and five levels, grey levels of digits (1,797 rows) into four, or none is cut, which
makes 17; each level is a column of zeros and ones. Half of the rows are for training, a quarter is
``valid`` and a quarter ``test``.

Mean log-likelihood of rows, in nats: of independent columns, of a Chow-Liu tree, of a fully visible
net, each logistic regression with the L1 penalty that is best on ``valid``, of machines with
default settings, with ``autoregressive=True`` also with ``column_order="tree"``, with lateral
weights that begin as the tree, and on all rows (``early_stopping=False``), which is the default
below 400 columns; and of a `DensityMixture` of five autoregressive machines. The last
line of each table has the standard error of the difference between the autoregressive default and
the best of the first three, row by row.

The table of test rows is ``benchmarks/results/one_hot.csv``. Defaults were chosen on ``valid``.
"""

import argparse
import csv
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import logit
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split

from sklearn_helmholtz import DensityMixture, HelmholtzMachine, compare_log_likelihood
from sklearn_helmholtz.machines.column_tree import maximum_tree, pair_information

from .baselines import IndependentBernoulli
from .simple_densities import ChowLiuTree, LogisticAutoregression

PATH = Path(__file__).parent / "results" / "one_hot.csv"
C = (0.1, 0.3, 1.0, 3.0, 10.0)  # inverse strengths of the penalty of the fully visible net
ORDERED = {"autoregressive": True, "random_state": 0}
HEADER = [
    "Table", "rows", "columns", "independent", "tree", "fully visible net", "HelmholtzMachine()",
    "autoregressive=True", 'column_order="tree"', "begun as the tree", "early_stopping=False",
    "mixture of five",
    "standard error",
]  # fmt: skip


def levels(values, n_levels):
    """The level of each value of a column that is cut at quantiles, equal ones cut together."""
    cuts = np.unique(np.quantile(values, np.arange(1, n_levels) / n_levels))
    return np.searchsorted(cuts, values, side="right")


def at_quantiles(X, n_levels):
    """Levels of the columns of a table, cut at quantiles."""
    return np.column_stack([levels(column, n_levels) for column in X.T])


def of_grey(X, width):
    """Levels of grey, 0 to 16, of so many greys each."""
    return (X // width).astype(int)


TABLES = {
    "wine": (load_wine, partial(at_quantiles, n_levels=5)),
    "diabetes": (load_diabetes, partial(at_quantiles, n_levels=8)),
    "breast cancer": (load_breast_cancer, partial(at_quantiles, n_levels=5)),
    "digits": (load_digits, partial(of_grey, width=4.25)),
    "digits, uncut": (load_digits, partial(of_grey, width=1)),
}


def indicators(codes):
    """A column of zeros and ones for each level of each column of whole numbers, uint8."""
    parts = [(column[:, None] == np.unique(column)).astype(np.uint8) for column in codes.T]
    return np.concatenate(parts, axis=1)


def split(name):
    """Rows of a table for training, for choices and for the end, as a dictionary."""
    load, cut = TABLES[name]
    codes = cut(load().data)
    rest, test = train_test_split(indicators(codes), test_size=0.25, random_state=0)
    train, valid = train_test_split(rest, test_size=1 / 3, random_state=1)
    return {"train": train, "valid": valid, "test": test}


class BegunAsTree(HelmholtzMachine):
    """An autoregressive machine whose lateral weights begin as the tree whose order it has."""

    def _in_order(self, found, X, indices, weights, rng):
        encoding, units, intercept = super()._in_order(found, X, indices, weights, rng)
        rows = X[indices].astype(np.float64)
        self._tree = tree_logits(rows, *maximum_tree(pair_information(rows, np.arange(len(rows)))))
        return encoding, units, intercept

    def _new_machine(self, *arguments):
        machine = super()._new_machine(*arguments)
        intercepts, weights = self._tree
        machine.visible.map.intercept[:] = intercepts
        machine.visible.lateral.weights[:] = weights
        return machine


def tree_logits(X, order, parents):
    """Intercepts and lateral weights by which columns depend on their parents in a tree.

    Both in its order. Means given a parent are smoothed by one average row.
    """
    X, places = X[:, order], np.argsort(order)
    mean = (X.sum(axis=0) + 0.5) / (len(X) + 1)
    intercepts, weights = logit(mean), np.zeros((len(order), len(order)))
    for child in range(1, len(order)):
        parent = places[parents[order[child]]]
        given = [
            (X[own, child].sum() + mean[child]) / (own.sum() + 1)
            for own in (X[:, parent] == 0, X[:, parent] == 1)
        ]
        intercepts[child] = logit(given[0])
        weights[parent, child] = logit(given[1]) - logit(given[0])
    return intercepts, weights


def models(rows):
    """The models, fitted to training rows, in the order of the table."""
    train = rows["train"]
    visible = [LogisticAutoregression(c).fit(train) for c in C]
    machines = [
        HelmholtzMachine(random_state=0), HelmholtzMachine(**ORDERED),
        HelmholtzMachine(**ORDERED, column_order="tree"),
        BegunAsTree(**ORDERED, column_order="tree"),
        HelmholtzMachine(**ORDERED, early_stopping=False),
        DensityMixture(HelmholtzMachine(autoregressive=True), random_state=0),
    ]  # fmt: skip
    return [
        IndependentBernoulli().fit(train), ChowLiuTree(0.25).fit(train),
        max(visible, key=lambda model: model.score(rows["valid"])),
        *(machine.fit(train) for machine in machines),
    ]  # fmt: skip


def line(name, part):
    """A line of the table; part : of the rows that are scored."""
    rows = split(name)
    X, found = rows[part], models(rows)
    scores = [model.score(X) for model in found]
    best = found[int(np.argmax(scores[:3]))]
    error = compare_log_likelihood(found[4], best, X).standard_error
    n, d = rows["train"].shape
    return [name, n, d, *(f"{score:.2f}" for score in scores), f"{error:.2f}"]


def main():
    """Make the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="test", choices=("valid", "test"))
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    arguments = parser.parse_args()
    lines = [HEADER]
    for name in arguments.tables:
        lines.append(line(name, arguments.rows))
        print(*lines[-1], flush=True)
    if arguments.rows == "test" and len(lines) == len(TABLES) + 1:
        with PATH.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)


if __name__ == "__main__":
    main()
