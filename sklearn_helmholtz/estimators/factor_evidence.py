"""Evidence on the parameters of a fitted factor model: its rows, or the moments that it keeps."""

from dataclasses import dataclass

import numpy as np

from ..factors import (
    Parameters,
    Pattern,
    Uncertainty,
    observed_columns,
    patterns_of,
    squared_slopes,
)
from ..models import named
from ..rows import has_missing
from .notices import notify
from .results import Result
from .validation import validated

NOTABLE = 0.1  # of twice the log-likelihood, that another step would gain
_NO_LOADINGS = 1e-6  # of a factor, on standardised features


@dataclass(frozen=True)
class Standardised:
    """Parameters of the features that are kept, divided by their standard deviations.

    kept : (n_features,) bool; mean, scale : (n_kept,); parameters : `Parameters`; free :
    (n_features,) bool, features whose noise variances are not at their bound; shared : whether all
    features have one noise variance.
    """

    kept: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    parameters: Parameters
    free: np.ndarray
    shared: bool

    @classmethod
    def of(cls, machine, kept, free, shared):
        """Those of a `LinearGaussian`, or a ValueError where a factor has no loadings."""
        loads, noise = machine.loadings[:, kept].T, machine.noise[kept]
        scale = np.sqrt((loads**2).sum(axis=1) + noise)
        loads = loads / scale[:, None]
        if (np.abs(loads).max(axis=0, initial=0) < _NO_LOADINGS).any():
            raise ValueError(
                "Some factors have no loadings, which have no standard errors. Take fewer "
                f"components than {loads.shape[1]}."
            )
        remainder = np.broadcast_to(machine.remainder, kept.shape)[kept]
        mean = machine.mean[kept] + remainder
        return cls(kept, mean, scale, Parameters(loads, noise / scale**2), free, shared)

    def standardise(self, x):
        """Rows (n_rows, n_features) in the units of the parameters."""
        return (x[:, self.kept] - self.mean) / self.scale

    @property
    def basis(self):
        """Noise variances by those that are free, (n_kept, n_free)."""
        if self.shared:
            return (1 / self.scale**2)[:, None][:, : int(self.free.all())]
        return np.eye(len(self.scale))[:, self.free[self.kept]]

    def check_identified(self):
        """Refuse more parameters than a covariance has entries."""
        p, k = self.parameters.loadings.shape
        n_parameters = p * k - k * (k - 1) // 2 + self.basis.shape[1]
        if n_parameters > p * (p + 1) // 2:
            raise ValueError(
                f"{k} components make {n_parameters} parameters of a covariance that has "
                f"{p * (p + 1) // 2} entries: they are not unique, and have no standard errors."
            )

    def restore(self, derivatives):
        """The same derivatives of what is published in the user's units, of all features.

        NaN for features that are left out, and for what is at its bound.
        """
        scale, free = self.scale, self.free[self.kept]
        result = dict(derivatives)
        result["loadings"] = result["loadings"] * scale[:, None, None]
        result["mean"] = result["mean"] * scale[:, None]
        result["communalities"] = np.where(free[:, None], result["communalities"], np.nan)
        noise = np.full((len(scale), result["mean"].shape[1]), np.nan)
        if not self.shared:
            noise[free] = result["noise_variance"] * scale[free, None] ** 2
        elif free.all():
            noise[:] = result["noise_variance"]
        result["noise_variance"] = noise
        for name in (
            "loadings",
            "standardized_loadings",
            "noise_variance",
            "mean",
            "communalities",
        ):
            of_all = np.full((len(self.kept), *result[name].shape[1:]), np.nan)
            of_all[self.kept] = result[name]
            result[name] = of_all
        if self.shared:
            result["noise_variance"] = result["noise_variance"][:1]
        return result


@dataclass(frozen=True)
class TrainingRows:
    """Rows that were learnt from, an array or a CSR matrix X, and their weights (n_rows,)."""

    X: object
    weights: np.ndarray
    is_weighted: bool

    def constant(self):
        """Features that do not vary."""
        return observed_columns(self.X, self.weights).constant

    def choose(self, method):
        """The method that "auto" stands for, or a ValueError where one is not right."""
        gaps = has_missing(self.X)
        if method == "auto":
            return "sandwich" if self.is_weighted else "observed" if gaps else "expected"
        if method == "expected" and gaps:
            raise ValueError(
                "method='expected' needs complete rows, but X holds missing values (NaN): what is "
                "expected depends on why they are missing. Use method='observed'."
            )
        return method

    def uncertainty(self, units, method):
        """The `Uncertainty` of standardised parameters."""
        patterns = list(patterns_of(self.X, self.weights, units.standardise))
        found = _by_information(units, method, patterns, self.weights.sum())
        if method != "sandwich":
            return found
        products = squared_slopes(units.parameters, self.X, self.weights, units.standardise)
        return found.sandwich(products)


@dataclass(frozen=True)
class TrainingMoments:
    """`SecondMoments` of the rows that were learnt from."""

    moments: object
    is_weighted: bool

    def constant(self):
        """Features that do not vary."""
        return self.moments.columns().constant

    def choose(self, method):
        """The method that "auto" stands for, or a ValueError where it needs rows."""
        if method == "sandwich":
            raise ValueError("method='sandwich' needs the training rows: give X.")
        if method == "auto" and self.is_weighted:
            raise ValueError(
                "The model was fitted with sample_weight. Give X and sample_weight for standard "
                "errors with weights of any kind, or method='expected' if they count equal rows."
            )
        return "expected" if method == "auto" else method

    def uncertainty(self, units, method):
        """The `Uncertainty` of standardised parameters."""
        kept, scale, weight = units.kept, units.scale, self.moments.weight
        columns = self.moments.columns()
        mean = (columns.mean[kept] - units.mean + columns.remainder[kept]) / scale
        S = self.moments.covariance()[np.ix_(kept, kept)] / scale / scale[:, None]
        second = weight * (S + np.outer(mean, mean))
        pattern = Pattern(np.arange(len(scale)), weight, weight * mean, second)
        return _by_information(units, method, [pattern], weight)


def _by_information(units, method, patterns, weight):
    """The `Uncertainty` by the inverse of the information of all rows."""
    units.check_identified()
    parameters = units.parameters
    if method == "expected":
        information = weight * parameters.expected()
    else:
        information = parameters.observed(patterns)
    found = Uncertainty.of(parameters, units.basis, information)
    slopes = sum((parameters.slopes(pattern) for pattern in patterns), np.zeros(parameters.size))
    if not found.gain(slopes) < NOTABLE:
        notify(
            "The parameters are not those of the highest likelihood of these rows, at which "
            "standard errors are known: give X and sample_weight as in fit, and see that it has "
            "converged."
        )
    return found


def evidence_of(model, X, sample_weight):
    """The `TrainingRows` given, or the `TrainingMoments` that a model keeps."""
    if X is not None:
        given, X = X, validated(model, X, reset=False)
        X, weights = model._weighted(X, sample_weight, given)
        is_weighted = weights is not None
        return TrainingRows(X, weights if is_weighted else np.ones(X.shape[0]), is_weighted)
    if sample_weight is not None:
        raise ValueError("sample_weight needs the rows that it is for: give X.")
    if model._moments is None:
        raise ValueError(
            "standard_errors needs the training rows X: a fit to missing values, to fewer rows "
            "than features, or from given parameters keeps no moments."
        )
    is_weighted = model._weights is not None and model._weights.total is not None
    return TrainingMoments(model._moments, is_weighted)


def errors_of(found, derivatives, method, return_covariance):
    """A `Result` of standard errors by name, given an `Uncertainty` and derivatives."""
    errors = {name: found.errors(slopes) for name, slopes in derivatives.items()}
    result = Result(**errors, method=method)
    if return_covariance:
        flat = [slopes.reshape(-1, slopes.shape[-1]) for slopes in derivatives.values()]
        ends = np.cumsum([len(part) for part in flat])
        starts = ends - [len(part) for part in flat]
        everything = np.concatenate(flat)
        result.covariance = everything @ found.covariance @ everything.T
        places = zip(derivatives, map(slice, starts.tolist(), ends.tolist()), strict=True)
        result.places = dict(places)
    return result


def warn_of_bounds(at_bound, names):
    """Warn of noise variances that are held at their bound; at_bound : (n_features,) bool."""
    if at_bound.any():
        columns = ", ".join(named(column, names) for column in np.flatnonzero(at_bound))
        notify(
            f"Heywood case: noise variances at their bound (columns {columns}) are held there. "
            "Standard errors are those of a model that knows them, and theirs are NaN."
        )
