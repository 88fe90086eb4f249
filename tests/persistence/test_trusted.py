"""Files of skops need to trust the types that the package names, all of them and no others."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import TRUSTED_TYPES, GenerativeClassifier, TransformedDensity
from tests.persistence.fitted import CASES, CLASSIFIERS, HOLDERS, SEQUENCES, difference
from tests.shells import real_rows

io = pytest.importorskip("skops.io", reason="skops is not installed")


TRANSFORMED = {
    "densities behind transformers": (
        lambda: GenerativeClassifier(TransformedDensity()), real_rows(), np.arange(60) % 2,
    ),
}  # fmt: skip


def fit(make, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs, and Heywood cases
        return make().fit(*data)


def test_models_come_back_and_no_other_types_are_trusted():
    seen = set()
    held = {**HOLDERS, **TRANSFORMED}
    for name, (make, *data) in {**CASES, **CLASSIFIERS, **SEQUENCES, **held}.items():
        model = fit(make, *data)
        text = io.dumps(model)
        seen |= set(io.get_untrusted_types(data=text))
        loaded = io.loads(text, trusted=TRUSTED_TYPES)
        assert difference(model, loaded) is None, name
        for method in {"score_samples", "predict"} & set(dir(model)):
            answers = [getattr(one, method)(data[0]) for one in (model, loaded)]
            assert_array_equal(*answers)
    assert seen == set(TRUSTED_TYPES)


def test_tables_have_their_types_again():
    make, X = CASES["mixed"]
    model = fit(make, X)
    loaded = io.loads(io.dumps(model), trusted=TRUSTED_TYPES)
    drawn = loaded.sample(3, random_state=0)
    assert drawn.equals(model.sample(3, random_state=0))
