"""The benchmark on scikit-learn's own tables: what it hides, and in which units it counts."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer

from benchmarks import how_long, mixed_classifiers, small_tables
from sklearn_helmholtz import FactorAnalysis, LatentAnomalyDetector
from tests.mixed_frames import table


def test_errors_are_in_standard_deviations_whatever_the_imputer_sees():
    X = np.random.default_rng(0).normal(size=(3000, 3)) * [1, 10, 100]
    for imputer in (SimpleImputer(), small_tables.standardised(SimpleImputer())):
        assert small_tables.imputation_error(imputer, X, 0) == pytest.approx(1, abs=0.05)


def test_odd_rows_are_found_and_the_others_are_not_learnt_from():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(200, 4)), rng.normal(5, 1, size=(50, 4))])
    is_odd = np.arange(250) >= 200
    detector = LatentAnomalyDetector(FactorAnalysis(1), random_state=0)
    complete, gaps = small_tables.detection_areas(detector, X, is_odd, 0)
    assert complete > 0.99
    assert 0.8 < gaps < complete


def test_seconds_have_two_digits_and_tables_the_kinds_they_are_named_after():
    assert [how_long.rounded(each) for each in (0.01234, 5.678, 123.4)] == ["0.012", "5.7", "120"]
    assert list(how_long.mixed(50, 4, 0).dtypes.astype(str)) == [
        "category", "float64", "float64", "category",
    ]  # fmt: skip
    assert set(np.unique(how_long.items(500, 2))) == {0, 1, 2, 3, 4}
    assert how_long.words(100, 1000).nnz == 500


def test_classes_of_mixed_tables_are_learnt_without_being_seen():
    own = table(n_rows=400)
    frame = own.frame(own.train)
    name = own.levels and next(iter(own.levels))
    rows, classes = mixed_classifiers.rows_with_class(frame, name)
    assert name not in rows
    complete, gaps = mixed_classifiers.losses(
        mixed_classifiers.logistic(), rows, classes, rows, classes
    )
    assert 0 < complete < gaps
    missing = mixed_classifiers.with_gaps(rows).isna().to_numpy().mean()
    assert missing == pytest.approx(mixed_classifiers.SHARE, abs=0.1)
