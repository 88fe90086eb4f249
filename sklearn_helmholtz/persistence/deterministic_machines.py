"""Deterministic machines in archives: belief nets, and what their training lowered."""

from .belief_nets import RECORDS as TRAINED
from .belief_nets import read_belief_net, write_belief_net

RECORDS = TRAINED | {"objective_"}


def write_deterministic_net(part, estimator):
    """Write what a fitted `DeterministicHelmholtzMachine` has learnt."""
    write_belief_net(part, estimator)
    if hasattr(estimator, "objective_"):
        part.number("objective", estimator.objective_)
    else:
        part.nothing("objective")


def read_deterministic_net(part, estimator, n_features, feature_names):
    """Let an estimator become the fitted one that was written."""
    read_belief_net(part, estimator, n_features, feature_names)
    if not part.is_nothing("objective"):
        estimator._publish({"objective_": part.number("objective")})
