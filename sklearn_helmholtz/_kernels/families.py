"""Families of the data's units, for the kernels that go from unit to unit.

These kernels hold a *family* as a number and its parameters as a flat float32 array, see
``kernel_parameters`` of the classes in `units`; all that they do by family is here. A family enters
with a number, and a branch in each function below. Hidden units are Bernoulli units.

Parameters of one kind lie side by side, those of a unit at its place among the data; so do values
and inputs eta. NaN stands for a value that is missing, or is none of those that are asked for: it
adds nothing. Mixed data have values and inputs of different numbers, see `flat_mixed`: of them only
whole rows are scored, for Gibbs sampling of the layers above.
"""

import math

import numpy as np
from numba import float32, float64

from . import flat_bernoulli, flat_gaussian, flat_mixed, poisson
from .borrowing import borrowing_routine
from .kernel import helper

BERNOULLI, GAUSSIAN, POISSON, SOFTMAX, ORDERED, MIXED = range(6)


@helper
def is_binary(family):
    """Whether data are like hidden units: 0 or 1, moved by flips, with means in [0, 1]."""
    return family == BERNOULLI


# Values one by one


@helper
def n_uniforms(family):
    """Number of uniform numbers that the draw of a value takes."""
    return 1 if family == BERNOULLI else 2


@helper
def prepare_draws(family, numbers):
    """Turn the uniform numbers of all units, in place, into those that `draw_value` takes."""
    if family == BERNOULLI:
        flat_bernoulli.make_thresholds(numbers)


@helper
def draw_value(family, parameters, i, eta, numbers, place, stride):
    """Value of unit i under one input, float32.

    numbers : prepared; the unit's first is at ``place``, each further one ``stride`` behind.
    """
    if family == GAUSSIAN:
        return flat_gaussian.draw(parameters, i, eta, numbers, place, stride)
    if family == POISSON:
        high, low = float64(numbers[place]), float64(numbers[place + stride])
        return float32(poisson.draw(poisson.rate(eta), high, low))
    if eta > numbers[place]:
        return float32(1)
    return float32(0)


@helper
def mean_value(family, parameters, i, eta):
    """Expected value of unit i under one input, float32."""
    if family == GAUSSIAN:
        return eta
    if family == POISSON:
        return float32(poisson.rate(eta))
    return flat_bernoulli.mean(eta)


@helper
def shown(family, value):
    """A value as later units of the layer see it."""
    if family == POISSON:
        return math.log1p(value)
    return value


# Gibbs sampling


def log_constants(family, parameters, values):
    """Terms of each row's log-probability that `moved_log_prob` leaves out, float64, nats.

    values : (n_rows, n_features), NaN where missing.
    """
    if family == GAUSSIAN:
        return flat_gaussian.log_constants(parameters, values)
    if family == POISSON:
        return poisson.log_constants(values)
    if family == MIXED:
        return flat_mixed.log_constants(parameters, values)
    return np.zeros(len(values))


@borrowing_routine
def moved_log_prob(family, parameters, values, place, n, eta, weights, w0, step):
    """Log-probability, nats, of n values under the inputs ``eta + step * weights``.

    Without what no input changes. place : of the first unit; w0 : of its weight. Of mixed data
    always of a whole row.
    """
    if family == GAUSSIAN:
        return flat_gaussian.moved_log_prob(parameters, values, place, n, eta, weights, w0, step)
    if family == POISSON:
        return poisson.moved_log_prob(values, place, n, eta, weights, w0, step)
    if family == MIXED:
        return flat_mixed.moved_log_prob(parameters, values, eta, weights, w0, step)
    return flat_bernoulli.moved_log_prob(values, place, n, eta, weights, w0, step)


@borrowing_routine
def step_of_missing(
    family, parameters, u, children, seen, free, beta, weights, eta, numbers, place, stride
):  # fmt: skip
    """Way from the value of unit u, which is missing, to its next given all others, float32.

    Not asked for binary families, nor for those whose missing values are drawn otherwise. The
    target is ``p(free) p(seen | free)^beta`` of the data.

    children : the place of the first of the later units that depend on u, that of its weight, and
    their number; seen, free : values that are observed, and that are missing (as they are); numbers
    : uniform, at places as of `draw_value`.
    """
    return flat_gaussian.step_of_missing(
        parameters, u, children, seen, free, beta, weights, eta, numbers, place, stride
    )


# Mean field. Free unit u is on with probability m_u, independently of all others; all is float64.
#
# Units are *closed* if their expected log-probability has a closed form, data that are not binary.
# Moments are what it takes besides E[eta]: of Gaussian units the expected squares of x - eta,
# of Poisson units the expected rates.
# Arrays : values, present (1 or 0), expected (E[eta]), means and base (inputs without what free
# units add) of all units; weights, growth (exp of the weights) and children as in `free_units`.


@helper
def n_closed(family, n_features):
    """Number of closed units: all data, which come first, or none."""
    return 0 if is_binary(family) else n_features


@borrowing_routine
def expect(
    family, parameters, values, present, means, base, expected, weights, growth, children, moments
):  # fmt: skip
    """Write the moments of closed units, (n_closed,)."""
    if family == GAUSSIAN:
        flat_gaussian.expect(values, present, means, expected, weights, children, moments)
    if family == POISSON:
        poisson.expect(present, means, base, growth, children, moments)


@borrowing_routine
def expected_log_prob(family, parameters, values, present, expected, moments):
    """Expected log-probability of closed units, nats, constants and all."""
    if family == GAUSSIAN:
        return flat_gaussian.expected_log_prob(parameters, present, moments)
    if family == POISSON:
        return poisson.expected_log_prob(values, present, expected, moments)
    return 0.0


@borrowing_routine
def pull(
    family, parameters, m, values, present, expected, moments, weights, growth, start, w0, n
):  # fmt: skip
    """Log-odds that a unit gets from its closed children: the slope of their terms by its m.

    The terms are linear in m. m : of the unit as it is; start, w0, n : of the children, as in
    `free_units`.
    """
    if family == POISSON:
        return poisson.pull(m, values, present, moments, weights, growth, start, w0, n)
    return flat_gaussian.pull(parameters, m, values, present, expected, weights, start, w0, n)


@borrowing_routine
def follow(family, parameters, m, moved, moments, weights, growth, start, w0, n):
    """Keep up to date, where a unit goes from m to ``moved``, the moments that `pull` reads.

    Those of Gaussian units it does not read; `expect` makes them anew.
    """
    if family == POISSON:
        poisson.follow(m, moved, moments, growth, start, w0, n)


@borrowing_routine
def write_errors(family, parameters, values, present, expected, moments, errors):
    """Write the derivatives of the terms of closed units by their intercepts."""
    if family == GAUSSIAN:
        flat_gaussian.write_errors(parameters, values, present, expected, errors)
    if family == POISSON:
        poisson.write_errors(values, present, moments, errors)


@borrowing_routine
def add_slopes(
    family, parameters, m, values, present, errors, moments, weights, growth, start, w0, n, slopes
):  # fmt: skip
    """Add the derivatives of the terms of closed children by the weights of a free unit."""
    if family == POISSON:
        poisson.add_slopes(m, values, present, moments, growth, start, w0, n, slopes)
        return
    flat_gaussian.add_slopes(parameters, m, present, errors, weights, start, w0, n, slopes)
