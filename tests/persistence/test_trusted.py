"""Files of skops need to trust the types that the package names, all of them and no others."""

import warnings

import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import TRUSTED_TYPES
from tests.persistence.fitted import CASES, difference

io = pytest.importorskip("skops.io", reason="skops is not installed")


def fit(make, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs, and Heywood cases
        return make().fit(X)


def test_models_come_back_and_no_other_types_are_trusted():
    seen = set()
    for name, (make, X) in CASES.items():
        model = fit(make, X)
        text = io.dumps(model)
        seen |= set(io.get_untrusted_types(data=text))
        loaded = io.loads(text, trusted=TRUSTED_TYPES)
        assert difference(model._model, loaded._model) is None, name
        assert_array_equal(loaded.score_samples(X), model.score_samples(X))
    assert seen == set(TRUSTED_TYPES)


def test_tables_have_their_types_again():
    make, X = CASES["mixed"]
    model = fit(make, X)
    loaded = io.loads(io.dumps(model), trusted=TRUSTED_TYPES)
    drawn = loaded.sample(3, random_state=0)
    assert drawn.equals(model.sample(3, random_state=0))
