"""Rotation of the factors of a fitted model."""

import copy

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..factors import METHODS, Rotation, rotate
from ..factors.pattern_tables import towards
from .checks import check_choice
from .factor_parameters import real_array, shaped
from .public import public


class RotatedMixin:
    """Turns the factors of a model into others that explain the same."""

    @public
    def rotate(self, rotation):
        """The same model with its factors rotated in another way; this one stays as it is.

        Parameters
        ----------
        rotation : str, None or array-like of shape (n_features, n_components)
            A word of the parameter ``rotation``; None, for factors in the order of what they
            explain; or a target, to which the standardised loadings come as near as an orthogonal
            rotation takes them (Procrustes: least squares).

        Returns
        -------
        model : FactorAnalysis
            A fitted estimator of the same likelihood, with the parameter ``rotation``, which a
            further fit uses; None after a target.

        See Also
        --------
        FactorAnalysis : With the parameter ``rotation``, rotates when it is fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn_helmholtz import FactorAnalysis
        >>> X = load_wine().data
        >>> plain = FactorAnalysis(2).fit(X)
        >>> turned = plain.rotate("oblimin")
        >>> turned.factor_correlation_.round(2)
        array([[ 1.  , -0.04],
               [-0.04,  1.  ]])
        >>> bool(abs(turned.score(X) - plain.score(X)) < 1e-9)
        True
        """
        check_is_fitted(self)
        model, moments = copy.copy(self), self._moments
        if rotation is None or isinstance(rotation, str):
            if rotation is not None:
                check_choice("rotation", rotation, tuple(METHODS))
            model.rotation = rotation
            seed = check_random_state(self.random_state).randint(2**31)
            machine = self._model.machine.canonical()
            converged = model._publish_rotated(machine, rotation, seed)
        else:
            model.rotation = None
            converged = model._publish_towards(rotation)
        model._moments = moments
        model._publish({"noise_variance_": self.noise_variance_})  # whatever ``noise`` is by now
        if not converged:
            model._warn_of_rotation()
        return model

    def _publish_rotated(self, machine, rotation, seed):
        """Set the attributes of a machine with rotated factors; whether the rotation converged.

        rotation : a word or None; seed : of its starts.
        """
        loadings = machine.loadings.T
        if rotation is None:
            turn = np.diag(_signs(loadings))
            found, scale = Rotation(loadings @ turn, turn, np.eye(len(turn)), True), 1.0
        else:
            scale = _deviations(machine)
            found = rotate(loadings / scale, rotation, rng=seed)
        return self._publish_found(machine, found, scale)

    def _publish_towards(self, target):
        """The same for a target of the standardised loadings."""
        machine = self._model.machine
        shape = machine.loadings.T.shape
        target = shaped("rotation", real_array("rotation", target), shape)
        scale = _deviations(machine)
        return self._publish_found(machine, towards(machine.loadings.T / scale, target), scale)

    def _publish_found(self, machine, found, scale):
        pattern = found.loadings * scale
        self._hold(machine, pattern.T, found.transformation, found.factor_correlation)
        return found.converged


def _deviations(machine):
    """Standard deviations of the features of a machine, (n_features, 1)."""
    return np.sqrt((machine.loadings**2).sum(axis=0) + machine.noise)[:, None]


def _signs(loadings):
    """Signs that make the sum of the loadings (n_features, n_factors) on each factor positive."""
    return np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
