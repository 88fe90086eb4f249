"""Parameters of estimators, beyond what scikit-learn checks of them."""

import numpy as np

from ._compat import Interval, InvalidParameterError


class CheckedParametersMixin:
    """Refuses True and False where a number is meant: Python counts them as 1 and 0."""

    def _validate_params(self):
        super()._validate_params()
        for name, constraints in self._parameter_constraints.items():
            value = getattr(self, name)
            if isinstance(value, bool | np.bool_) and _is_for_numbers(constraints):
                raise InvalidParameterError(
                    f"The {name!r} parameter of {type(self).__name__} must be a number or a word "
                    f"that it knows, got {value!r}."
                )


def _is_for_numbers(constraints):
    """Whether a parameter that obeys constraints can be a number, and no truth value."""
    words = {constraint for constraint in constraints if isinstance(constraint, str)}
    takes_numbers = any(isinstance(constraint, Interval) for constraint in constraints)
    return (takes_numbers or "random_state" in words) and not words & {"boolean", "array-like"}
