"""What a fit found is for reading: parameters, records and names."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    OrdinalFactorAnalysis,
    SigmoidBeliefNet,
)


def fitted():
    """Estimators with every kind of published attribute."""
    frame = pd.DataFrame({"a": [0.5, 1.0, 2.5, 3.0] * 5, "b": [1.0, 0.0, 3.5, 2.0] * 5})
    labels = pd.DataFrame({"a": ["x", "y"] * 10, "b": frame["b"]}).astype({"a": "category"})
    few = {"max_iter": 1, "random_state": 0}
    return [
        FactorAnalysis(1, noise="isotropic").fit(frame),
        OrdinalFactorAnalysis(0, estimation="likelihood").fit(frame),
        HelmholtzMachine(2, early_stopping=True, **few).fit(frame > 1),
        HelmholtzMachine(2, autoregressive=True, **few).fit(labels),
        SigmoidBeliefNet(2, visible="gaussian", **few).fit(frame),
    ]


def test_records_and_names_cannot_be_changed():
    for model in fitted():
        own = {name for name in vars(model) if name.endswith("_") and name[0] != "_"}
        assert own - {"n_features_in_", "feature_names_in_"} <= model._published
        for name in model._published & vars(model).keys() | {"n_parameters_"}:
            value = getattr(model, name)
            for change in (lambda m, n=name: setattr(m, n, None), lambda m, n=name: delattr(m, n)):
                with pytest.raises(AttributeError, match=f"{name} of .*from_parameters"):
                    change(model)
            if isinstance(value, list):
                with pytest.raises(TypeError, match="from_parameters"):
                    value.clear()
            assert getattr(model, name) is value or not isinstance(value, list | np.ndarray)
        for form in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            with pytest.raises(ValueError, match="read-only"):
                form.feature_names_in_[0] = "c"
        with pytest.raises(ValueError, match="Invalid parameter"):
            model.set_params(n_iter_=3)


def test_clones_and_further_fits_are_free_of_what_was_found():
    for model in fitted():
        assert not vars(clone(model)).keys() & model._published
