"""The model that an application has where users name none."""

import numpy as np
import scipy.sparse

from ..estimators import HelmholtzMachine
from ..estimators.frames import is_mixed_frame

N_HIDDEN = 5  # states are few enough for enumeration: expectations without noise


def default_model(X):
    """An autoregressive Helmholtz machine with the units that a table asks for, not yet fitted.

    Its lateral weights have what columns say of each other line by line, like a multivariate normal
    distribution, and its hidden units what remains, such as groups of rows. A prior on both
    adapts to the size of the table. Real columns are Gaussian even where their training values
    happen to lie in [0, 1], as those of later rows need not.

    X : DataFrame with columns of categories, or array or CSR matrix of numbers, NaN where missing.
    """
    visible = "gaussian"
    if is_mixed_frame(X):
        visible = "mixed"
    elif _is_binary(X):
        visible = "bernoulli"
    return HelmholtzMachine(N_HIDDEN, autoregressive=True, visible=visible)


def _is_binary(X):
    """Whether numbers are 0 or 1 wherever they are known."""
    values = X.data if scipy.sparse.issparse(X) else X
    return bool(((values == 0) | (values == 1) | np.isnan(values)).all())
