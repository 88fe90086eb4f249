"""Evidence: values that are given, from which the others are to be drawn."""

import numpy as np

from ..inference import missing_posterior
from ..layers import outer
from ..units import Missing

IMPOSSIBLE = 1e-12  # a probability
_SMALLEST_MEAN = 1e-6
_ALLOWANCE = 0.05  # nats for each given value: the more is given, the lower estimates of log p


def best_log_prob(machine, x):
    """Log-probability of each observed value under the states that suit it best; 0 if missing.

    Relative to the most probable value. Where units depend on those before them, given the values
    of these that are given. x : (n_features,), in the machine's units.
    """
    visible, units = machine.visible, machine.visible.units
    if not units.bounds_evidence:
        return np.zeros(len(x))
    if visible.lateral is not None and units.missing is Missing.INTEGRATED:
        return missing_posterior(visible).best_log_prob(x)
    return units.best_log_prob(x, *_extreme_inputs(machine, x))


def _extreme_inputs(machine, x):
    """The lowest and the highest inputs of the units of the data, (n_features,) each.

    Over all states and, where units depend on those before them, over all missing values.
    """
    visible, parents = machine.visible, machine.generation.conditionals[-2].units
    low, high = visible.map.extremes(*parents.limits)
    if visible.lateral is None:
        return low, high
    fixed = outer(visible.units.shown(np.nan_to_num(x)[None]), visible.lateral.doubles)[0]
    weights = visible.lateral.doubles[np.isnan(x)]
    if not visible.units.is_binary:  # what is missing may be as large as it likes
        weights = np.sign(weights) * np.where(weights, np.inf, 0)
    nade = visible.lateral.nade
    more = (0, 0) if nade is None else nade.extremes(x)
    return tuple(
        limit + fixed + find(weights, 0).sum(axis=0) + own
        for limit, own, find in ((low, more[0], np.minimum), (high, more[1], np.maximum))
    )


def is_improbable(evidence, means, log_p):
    """Whether given zeros and ones are far less probable than if the features were independent.

    And their log-probability if they were, nats. evidence, means : (n_features,); log_p : of the
    evidence under the model.
    """
    seen = ~np.isnan(evidence)
    mean = np.clip(means[seen], _SMALLEST_MEAN, 1 - _SMALLEST_MEAN)
    x = evidence[seen]
    independent = float((x * np.log(mean) + (1 - x) * np.log1p(-mean)).sum())
    return log_p < independent + np.log(IMPOSSIBLE) - _ALLOWANCE * len(x), independent
