"""Rows with what `log_likelihood` says of each."""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from ..likelihood import Estimate


@dataclass(frozen=True)
class ScoredRows:
    """Rows with what `log_likelihood` says of each; arrays are (n_rows,) float64.

    estimate : an `Estimate` of log p; addresses : uint64, equal for rows that share their random
    numbers; method : by which it was found; weights : of the rows, or None; log_probability : of
    the rows as they are recorded; free_energy : both in nats; index : of a DataFrame of pandas, or
    None.
    """

    estimate: Estimate
    addresses: np.ndarray
    method: str
    weights: np.ndarray | None
    log_probability: np.ndarray
    free_energy: np.ndarray
    index: object = None

    @classmethod
    def of_all(cls, parts):
        """The rows of several chunks as one, in their order.

        Where methods differ, some rows are enumerated, and others are not.
        """
        methods = {part.method for part in parts}
        columns = (
            [getattr(part, name) for part in parts]
            for name in ("addresses", "weights", "log_probability", "free_energy")
        )
        addresses, weights, log_probability, energy = (
            None if column[0] is None else np.concatenate(column) for column in columns
        )
        return cls(
            Estimate.of_all([part.estimate for part in parts]), addresses,
            (methods - {"exact"} or methods).pop(), weights, log_probability, energy,
            _joined([part.index for part in parts]),
        )  # fmt: skip

    def with_weights(self, weights):
        """The same rows with other weights, (n_rows,) or None."""
        return replace(self, weights=weights)


def _joined(indices):
    """The indices of several DataFrames as one, or None where they have none."""
    if indices[0] is None:
        return None
    return reduce(lambda before, after: before.append(after), indices)
