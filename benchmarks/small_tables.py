"""Imputers, classifiers and detectors of odd rows on scikit-learn's own tables, beside others.

    python -m benchmarks.small_tables

Tables of measurements: wine (178 rows, 13 columns), breast cancer (569, 30) and diabetes (442, 10).
All models have their default settings, and each figure is the mean over five random splits into
two thirds training and one third test rows. One entry in five is missing, at random.

* Imputers: training and test rows have gaps. Root mean squared error of missing entries of test
  rows, in standard deviations of the training rows. Others see standardised columns.
* Classifiers: mean negative log-probability of the class of a test row. Training rows are complete,
  test rows as they are and with gaps. Others see standardised columns and column means in gaps,
  except boosted trees, which take gaps as they are.
* Odd rows: models of two thirds of the benign rows of the breast cancer data; area under the ROC
  curve of malignant test rows among benign ones, complete and with four entries in five missing in
  a random half of the rows. The isolation forest sees column means in gaps.

The tables are ``benchmarks/results/small_tables_imputers.csv``, ``..._classifiers.csv`` and
``..._odd_rows.csv``.
"""

import csv
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    FactorAnalysis,
    GenerativeClassifier,
    LatentAnomalyDetector,
    LatentClassifier,
    LatentImputer,
)

FOLDER = Path(__file__).parent / "results"
SEEDS, SHARE, MANY = range(5), 0.2, 0.8
LOADERS = {"wine": load_wine, "breast cancer": load_breast_cancer, "diabetes": load_diabetes}


def standardised(estimator):
    """An estimator behind a scaler."""
    return make_pipeline(StandardScaler(), estimator)


def with_means(estimator):
    """An estimator behind a scaler and column means in the place of gaps."""
    return make_pipeline(StandardScaler(), SimpleImputer(), estimator)


def imputers(seed):
    """Imputers by name."""
    return {
        "LatentImputer()": LatentImputer(random_state=seed),
        "LatentImputer(FactorAnalysis(3))": LatentImputer(FactorAnalysis(3)),
        "IterativeImputer": standardised(IterativeImputer(random_state=seed)),
        "KNNImputer": standardised(KNNImputer()),
        "SimpleImputer": standardised(SimpleImputer()),
    }


def classifiers(seed):
    """Classifiers by name."""
    return {
        "LatentClassifier()": LatentClassifier(),
        "GenerativeClassifier(FactorAnalysis(3))": GenerativeClassifier(FactorAnalysis(3)),
        "LogisticRegression": with_means(LogisticRegression()),
        "HistGradientBoostingClassifier": HistGradientBoostingClassifier(random_state=seed),
    }


def detectors(seed):
    """Detectors of odd rows by name."""
    return {
        "LatentAnomalyDetector(FactorAnalysis(3))": LatentAnomalyDetector(
            FactorAnalysis(3), random_state=seed
        ),
        "FactorAnalysis(3).score_samples": FactorAnalysis(3),
        "IsolationForest": with_means(IsolationForest(random_state=seed)),
    }


def with_gaps(X, share, seed):
    """The rows, with a share of their entries missing."""
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.nan, X)


def imputation_error(imputer, X, seed):
    """Root mean squared error of missing entries of test rows, in training deviations."""
    train, test = train_test_split(X, test_size=1 / 3, random_state=seed)
    scale = train.std(axis=0)
    gaps = with_gaps(test, SHARE, seed + 100)
    filled = imputer.fit(with_gaps(train, SHARE, seed)).transform(gaps)
    if isinstance(imputer[0] if hasattr(imputer, "steps") else None, StandardScaler):
        filled = imputer[0].inverse_transform(filled)
    return np.sqrt(np.mean(((filled - test) / scale)[np.isnan(gaps)] ** 2))


def classification_losses(classifier, X, y, seed):
    """Mean negative log-probability of the class of a test row, complete and with gaps."""
    train, test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, random_state=seed)
    classifier.fit(train, y_train)
    tables = test, with_gaps(test, SHARE, seed)
    return [log_loss(y_test, classifier.predict_proba(table)) for table in tables]


def detection_areas(detector, X, is_odd, seed):
    """Areas under the ROC curve: of complete rows, and of which half lack most entries."""
    usual = X[~is_odd]
    train, test = train_test_split(usual, test_size=1 / 3, random_state=seed)
    rows = np.concatenate([test, X[is_odd]])
    odd = np.arange(len(rows)) >= len(test)
    few = np.random.default_rng(seed).random((len(rows), 1)) < 0.5
    detector.fit(train)
    tables = rows, np.where(few, with_gaps(rows, MANY, seed), rows)
    return [roc_auc_score(odd, -detector.score_samples(table)) for table in tables]


def mean(function, make, name, *data):
    """Mean over splits of what a function says of the estimator of a name."""
    return np.mean([function(make(seed)[name], *data, seed) for seed in SEEDS], axis=0)


def imputation_table():
    """Lines of the first table."""
    tables = {name: load().data for name, load in LOADERS.items()}
    yield ["Imputer", *tables]
    for name in imputers(0):
        yield [
            f"``{name}``",
            *(f"{mean(imputation_error, imputers, name, X):.2f}" for X in tables.values()),
        ]


def classification_table():
    """Lines of the second table."""
    names = [name for name in LOADERS if name != "diabetes"]
    yield ["Classifier", *(f"{name}{gaps}" for name in names for gaps in ("", ", gaps"))]
    for classifier in classifiers(0):
        found = []
        for name in names:
            X, y = LOADERS[name](return_X_y=True)
            found += list(mean(classification_losses, classifiers, classifier, X, y))
        yield [f"``{classifier}``", *(f"{loss:.3f}" for loss in found)]


def detection_table():
    """Lines of the third table."""
    X, y = load_breast_cancer(return_X_y=True)
    yield ["Detector", "complete rows", "half with few values"]
    for name in detectors(0):
        yield [
            f"``{name}``",
            *(f"{a:.2f}" for a in mean(detection_areas, detectors, name, X, y == 0)),
        ]


def main():
    """Make, print and write all tables."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # IterativeImputer, with default rounds
    warnings.simplefilter("ignore", UserWarning)  # Heywood cases: settings are the same for all
    for name, lines in (
        ("imputers", imputation_table()),
        ("classifiers", classification_table()),
        ("odd_rows", detection_table()),
    ):
        path = FOLDER / f"small_tables_{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            for line in lines:
                print(*line, sep="  ", flush=True)
                csv.writer(file, lineterminator="\n").writerow(line)


if __name__ == "__main__":
    main()
