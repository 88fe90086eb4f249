"""Classifiers of public tables of mixed columns: one density of all columns, beside others.

    python -m benchmarks.mixed_classifiers FOLDER

FOLDER as for `benchmarks.mixed`. Of each table one column with levels is the class, and rows
without one are left out. Training rows are the first 1,500 of the training part, test rows those of
the test part, as they are and with two entries in five missing at random. `LatentClassifier` has
its default machine, told the kinds of the columns, and the others their default settings. Logistic
regression sees one-hot levels and standardised numbers, gaps filled by means and modes, and boosted
trees take gaps as they are. Each cell is the mean negative log-probability of the class
of a test row, lower is better. The table is ``benchmarks/results/mixed_classifiers.csv``.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_helmholtz import HelmholtzMachine, LatentClassifier

from .mixed_tables import load

RESULTS = Path(__file__).parent / "results" / "mixed_classifiers.csv"
CLASSES = {"credit": "Status", "attrition": "Attrition", "chile": "vote"}
MOST_ROWS, SHARE = 1500, 0.4


def logistic():
    """Logistic regression of tables with levels and gaps."""
    is_level = make_column_selector(dtype_include="category")
    is_number = make_column_selector(dtype_include="number")
    levels = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encoder = make_column_transformer((levels, is_level), (numbers, is_number))
    return make_pipeline(encoder, LogisticRegression(max_iter=1000))


def latent(kinds):
    """Our classifier, for columns of given kinds."""
    machine = HelmholtzMachine(50, autoregressive=True, visible=kinds, random_state=0)
    return LatentClassifier(machine)


def classifiers(kinds):
    """Classifiers by name."""
    return {
        "LatentClassifier": latent(kinds),
        "LogisticRegression": logistic(),
        "HistGradientBoostingClassifier": HistGradientBoostingClassifier(random_state=0),
    }


def rows_with_class(frame, name):
    """Rows whose class is known: the other columns, and the class as text."""
    frame = frame[frame[name].notna()]
    return frame.drop(columns=name), frame[name].astype(str).to_numpy()


def with_gaps(frame, share=SHARE):
    """The table, with a share of its entries missing."""
    return frame.mask(np.random.default_rng(0).random(frame.shape) < share)


def losses(classifier, train, y_train, test, y_test):
    """Mean negative log-probability of the class of a test row, complete and with gaps."""
    classifier.fit(train, y_train)
    return [
        log_loss(y_test, classifier.predict_proba(rows), labels=classifier.classes_)
        for rows in (test, with_gaps(test))
    ]


def lines(tables):
    """The lines of the table; tables : `Table` of each name."""
    yield ["Classifier", *(f"{name}{gaps}" for name in tables for gaps in ("", ", gaps"))]
    parts = {}
    for name, table in tables.items():
        train, y_train = rows_with_class(table.frame(table.train), CLASSES[name])
        test, y_test = rows_with_class(table.frame(table.test), CLASSES[name])
        parts[name] = train[:MOST_ROWS], y_train[:MOST_ROWS], test, y_test
    kinds = {
        name: {column: kind for column, kind in table.visible.items() if column != CLASSES[name]}
        for name, table in tables.items()
    }
    for who in classifiers({}):
        found = [losses(classifiers(kinds[name])[who], *parts[name]) for name in tables]
        yield [f"``{who}``", *(f"{loss:.3f}" for pair in found for loss in pair)]


def main():
    """Make, print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="of the tables")
    folder = parser.parse_args().folder
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        for line in lines({name: load(folder, name) for name in CLASSES}):
            print(*line, sep="  ", flush=True)
            csv.writer(file, lineterminator="\n").writerow(line)


if __name__ == "__main__":
    main()
