"""Independent components in archives."""

import math

import numpy as np

from ..sources import KINDS, Several, Unmixing

RECORDS = frozenset(
    {"_model", "feature_names_in_", "n_features_in_", "n_iter_", "negentropy_", "objective_curve_",
     "shrinkage_", "whitening_"}
)  # fmt: skip
_LEAST = math.ulp(0.0)
_POSITIVE = frozenset({"weights", "variances", "scales", "df"})


def write_source_model(part, estimator):
    """Write what fitted independent components have learnt."""
    machine = estimator._model.machine
    part.array("mean", machine.mean)
    part.array("components", machine.components)
    part.number("rest_variance", machine.rest_variance)
    _write_density(part, machine.density)
    part.number("shrinkage", estimator.shrinkage_)
    part.array("objective_curve", np.array(estimator.objective_curve_, np.float64))
    part.whole("n_iter", estimator.n_iter_)
    part.flag("is_given", not hasattr(estimator, "whitening_"))
    if hasattr(estimator, "whitening_"):
        part.array("negentropy", estimator.negentropy_)
        part.array("whitening", estimator.whitening_)


def _write_density(part, density):
    part.flag("is_several", isinstance(density, Several))
    groups = [*_groups(density)]
    for (numbers, own), piece in zip(groups, part.parts("densities", len(groups)), strict=True):
        piece.word("kind", own.name)
        piece.array("numbers", numbers)
        for name, values in own.arrays().items():
            piece.array(name, values)


def _groups(density):
    if isinstance(density, Several):
        return density.groups()
    return [(np.arange(density.n_sources), density)]


def read_source_model(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    mean = part.array("mean", np.float64, (n_features,))
    components = part.array("components", np.float64, (None, n_features))
    n = len(components)
    if not 1 <= n <= n_features or np.linalg.matrix_rank(components) < n:
        raise ValueError("its array 'components' has no full rank")
    rest = part.number("rest_variance", low=_LEAST if n < n_features else 0.0)
    estimator._hold(Unmixing(mean, components, rest, _read_density(part, n)))
    estimator.n_features_in_ = n_features
    if feature_names is not None:
        estimator.feature_names_in_ = feature_names
    is_given = part.flag("is_given")
    records = {
        "negentropy_": _read_negentropy(part, n, is_given),
        "shrinkage_": part.number("shrinkage", 0.0, 1.0),
        "objective_curve_": part.array("objective_curve", np.float64, (None,)).tolist(),
        "n_iter_": part.whole("n_iter"),
    }
    if not is_given:
        records["whitening_"] = part.array("whitening", np.float64, (n, n_features))
    estimator._publish(records)


def _read_negentropy(part, n, is_given):
    if is_given:
        return np.full(n, np.nan)
    return part.array("negentropy", np.float64, (n,))


def _read_density(part, n):
    is_several, numbers, densities = part.flag("is_several"), [], []
    for piece in part.parts("densities"):
        kind = KINDS[piece.word("kind", tuple(KINDS))]
        numbers.append(piece.array("numbers", np.int64, (None,), 0, n - 1))
        densities.append(_read_kind(piece, kind, len(numbers[-1])))
    if not numbers or sorted(np.concatenate(numbers).tolist()) != list(range(n)):
        raise ValueError("its part 'densities' has no density for each source")
    if is_several:
        return Several(tuple(numbers), tuple(densities))
    return densities[0]


def _read_kind(piece, kind, n):
    """Densities of one kind, whose arrays agree in shape."""
    shape, arrays = (n, None) if kind.name == "mixture" else (n,), {}
    for name in kind.__dataclass_fields__:
        low = _LEAST if name in _POSITIVE else -math.inf
        arrays[name] = piece.array(name, np.float64, shape, low)
        shape = arrays[name].shape
    if kind.name == "mixture" and (np.abs(arrays["weights"].sum(axis=1) - 1) > 1e-8).any():
        raise ValueError("its array 'weights' holds no shares")
    return kind(**arrays)
