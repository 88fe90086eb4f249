"""Weights of a deep belief net in a multilayer perceptron, which goes on from them."""

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from ._compat import initialise_perceptron
from .checks import hidden_sizes
from .public import public


class PerceptronMixin:
    """Sets the weights of perceptrons; see `to_mlp`."""

    @public
    def to_mlp(self, mlp, y):
        """Let a perceptron of scikit-learn begin with the weights of recognition.

        Its hidden layers get the weights and intercepts by which this net infers its own, and the
        output layer random ones, as without pretraining. Its `fit` goes on from there: hidden
        layers that were trained without labels can help where few rows have one (Hinton &
        Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science 313).

        Parameters
        ----------
        mlp : MLPClassifier or MLPRegressor
            Not yet fitted, with the same ``hidden_layer_sizes``, ``activation="logistic"`` and
            ``warm_start=True``. It is changed.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets that it is going to be fitted to: which classes, or how many outputs there are.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            The same object. scikit-learn takes it for a fitted one, whose predictions mean nothing
            before its `fit`.

        Raises
        ------
        TypeError
            Where it is no perceptron of scikit-learn.
        ValueError
            Where it is fitted, or has other settings.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.neural_network import MLPClassifier
        >>> from sklearn_helmholtz import DeepBeliefNet
        >>> X, y = load_digits(return_X_y=True)
        >>> X = (X >= 8).astype(float)
        >>> net = DeepBeliefNet(
        ...     (30, 20), fine_tune=None, pretrain_max_iter=20, random_state=0).fit(X)
        >>> mlp = MLPClassifier(
        ...     (30, 20), activation="logistic", warm_start=True, learning_rate_init=0.01,
        ...     max_iter=500, random_state=0)
        >>> mlp = net.to_mlp(mlp, y[:200]).fit(X[:200], y[:200])
        >>> mlp.score(X[1000:], y[1000:]) > 0.6
        True
        """
        check_is_fitted(self)
        self._check_perceptron(mlp)
        placeholder = np.zeros((len(y), self.n_features_in_))
        initialise_perceptron(mlp, placeholder, y)
        top = self._model.machine.top
        coefs = [*self.recognition_coefs_, top.weights]
        intercepts = [*self.recognition_intercepts_, top.hidden_intercept]
        for layer, (weights, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
            mlp.coefs_[layer][...] = weights
            mlp.intercepts_[layer][...] = intercept
        names = self._names
        if names is not None:
            mlp.feature_names_in_ = names
        return mlp

    def _check_perceptron(self, mlp):
        """Refuse what cannot begin with the weights of this net."""
        if not isinstance(mlp, MLPClassifier | MLPRegressor):
            raise TypeError(
                f"mlp must be an MLPClassifier or MLPRegressor of scikit-learn, got {mlp!r}."
            )
        if hasattr(mlp, "coefs_"):
            raise ValueError(
                "mlp has weights already, which would be lost: give an unfitted one, such as "
                "sklearn.base.clone(mlp)."
            )
        sizes = self._model.hidden_sizes
        if hidden_sizes(mlp.hidden_layer_sizes) != sizes:
            raise ValueError(
                f"mlp must have hidden_layer_sizes={sizes}, as this net has, got "
                f"{mlp.hidden_layer_sizes!r}."
            )
        if mlp.activation != "logistic":
            raise ValueError(
                "mlp must have activation='logistic', the probabilities of the units of this net, "
                f"got {mlp.activation!r}."
            )
        if not mlp.warm_start:
            raise ValueError(
                "mlp must have warm_start=True, or its fit begins anew with random weights, got "
                f"{mlp.warm_start!r}."
            )
