"""The Boltzmann machine of rows and their class labels: one softmax group beside the data."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_softmax

from ..layers import Affine
from ..units import Bernoulli
from .boltzmann import Boltzmann, initialise_boltzmann, log_sum
from .normal_boltzmann import NormalBoltzmann


@dataclass(frozen=True)
class LabelledBoltzmann:
    """``p(x, y, h) = exp(E(x, h) + d_y + U_y'h) / Z`` for rows x, labels y and hidden states h.

    E is minus the energy of a `Boltzmann` machine, and y is exactly one of the classes. Summed
    over h, with the inputs ``eta_j = c_j + x'W_j`` of the hidden units,

        log p*(x, y) = b'x + d_y + sum_j softplus(eta_j + U_yj),

    so that ``p(y | x)``, the softmax of this over y, is exact and knows neither b nor Z.

    boltzmann : of the data; labels : U and d, which lead from hidden units to classes, an `Affine`
    map with weights (n_hidden, n_classes).

    References
    ----------
    Larochelle & Bengio (2008), Classification using discriminative restricted Boltzmann machines,
    ICML, equations 1 to 4.
    """

    boltzmann: Boltzmann
    labels: Affine

    hidden_units = Bernoulli()

    @property
    def n_units(self):
        """Units of the data and hidden ones."""
        return self.boltzmann.n_units

    @property
    def n_classes(self):
        """Number of classes."""
        return self.labels.n_outputs

    @property
    def n_weights(self):
        """The products that a row makes on its way up and down."""
        return self.boltzmann.n_weights + 2 * self.labels.weights.size

    @property
    def n_parameters(self):
        """Parameters: of a softmax all but one intercept are free."""
        n_visible, n_hidden = self.n_units
        weights = self.boltzmann.n_connections + self.labels.weights.size
        return weights + n_visible + n_hidden + self.n_classes - 1

    def hidden_eta(self, values, work=np, out=None):
        """``c + x'W``, (n_rows, n_hidden) float32: inputs of the hidden units without a label."""
        return self.boltzmann.hidden_eta(values, work, out)

    def class_scores(self, eta, work=np):
        """``d_y + sum_j softplus(eta_j + U_yj)``, (n_rows, n_classes) float64 nats."""
        scores, moved = np.empty((len(eta), self.n_classes)), work.empty(eta.shape, np.float32)
        for number, weights in enumerate(self.labels.weights.T):
            np.add(eta, weights, out=moved)
            scores[:, number] = log_sum(moved)
        return scores + self.labels.intercept

    def explain(self, eta, work=np):
        """Scores as of `class_scores`, and p(h | x, y) of each class.

        The latter is (n_classes, n_rows, n_hidden) float32.
        """
        scores = np.zeros((self.n_classes, len(eta)))
        means = work.empty((self.n_classes, *eta.shape), np.float32)
        nothing = np.zeros((1, eta.shape[1]), np.uint8)
        for number, weights in enumerate(self.labels.weights.T):
            np.add(eta, weights, out=means[number])
            self.hidden_units.score(nothing, means[number], scores[number])  # -p(h | x, y)
        np.negative(means, out=means)
        return self.labels.intercept - scores.T, means

    def log_posterior(self, eta, work=np):
        """Log p(y | x), (n_rows, n_classes) float64."""
        return log_softmax(self.class_scores(eta, work), axis=1)

    def label_eta(self, hidden, work=np):
        """``d + U h``, (n_rows, n_classes), given hidden states."""
        return self.labels.forward(hidden, work)

    def of_class(self, number):
        """The `Boltzmann` machine of the rows of a class, whose log Z lacks the intercept d_y.

        A `GaussianBoltzmann` of real rows.
        """
        upward = self.boltzmann.upward
        moved = upward.intercept + self.labels.weights[:, number]
        machine = replace(self.boltzmann, upward=Affine(upward.weights, moved))
        return machine.as_gaussian() if isinstance(machine, NormalBoltzmann) else machine


def initialise_labelled(n_visible, n_hidden, log_shares, intercept, is_binary, rng):
    """A machine with small random weights that begins at the shares of the classes.

    log_shares : (n_classes,), logarithms of smoothed shares; intercept : (n_visible,), of the data.
    """
    boltzmann = initialise_boltzmann(n_visible, n_hidden, intercept, rng)
    drawn = initialise_boltzmann(len(log_shares), n_hidden, log_shares, rng)
    labels = drawn.weights.T, drawn.visible_intercept
    return assemble_labelled(boltzmann, *labels, is_binary)


def assemble_labelled(boltzmann, label_weights, label_intercept, is_binary):
    """A machine of a `Boltzmann` machine and of U' (n_hidden, n_classes) and d.

    is_binary : whether data are zeros and ones, or real and standardised.
    """
    weights, intercept = (
        np.ascontiguousarray(array, np.float32) for array in (label_weights, label_intercept)
    )
    if not is_binary:
        parts = boltzmann.upward, boltzmann.visible_intercept, boltzmann.base
        boltzmann = NormalBoltzmann(*parts)
    return LabelledBoltzmann(boltzmann, Affine(weights, intercept))
