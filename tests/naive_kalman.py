"""Slow twins of the kernels of Kalman's filter and smoother, by inverses, step by step."""

import numpy as np


def kalman_filter(persistence, information, numbers, begins, evidence):
    """Predicted and filtered covariances and means of each step, and log p of what it shows."""
    k = len(persistence)
    found = {name: [] for name in ("predicted", "filtered", "before", "after")}
    move, log_probs = np.diag(persistence), []
    for t, r in enumerate(evidence):
        if begins[t]:
            mean, covariance = np.zeros(k), np.eye(k)
        else:
            mean = move @ found["after"][-1]
            covariance = move @ found["filtered"][-1] @ move + np.eye(k) - move @ move
        J = information[numbers[t]]
        precision = np.linalg.inv(covariance) + J
        given = np.linalg.inv(precision)
        point = np.linalg.inv(covariance) @ mean + r
        for name, value in zip(found, (covariance, given, mean, given @ point), strict=True):
            found[name].append(value)
        _, volume = np.linalg.slogdet(np.eye(k) + covariance @ J)
        fit = point @ given @ point - mean @ np.linalg.inv(covariance) @ mean
        log_probs.append((fit - volume) / 2)
    return {**{name: np.array(values) for name, values in found.items()}, "log_probs": log_probs}


def kalman_smoother(persistence, begins, found):
    """Covariances, gains and means given whole sequences; found : of `kalman_filter`."""
    n = len(begins)
    covariances, means = found["filtered"].copy(), found["after"].copy()
    gains = np.zeros_like(covariances)
    for t in range(n - 2, -1, -1):
        if begins[t + 1]:
            continue
        P = found["predicted"][t + 1]
        G = found["filtered"][t] @ np.diag(persistence) @ np.linalg.inv(P)
        gains[t] = G
        means[t] += G @ (means[t + 1] - found["before"][t + 1])
        covariances[t] += G @ (covariances[t + 1] - P) @ G.T
    return covariances, gains, means
