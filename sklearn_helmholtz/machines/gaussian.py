"""The Helmholtz machine with Gaussian latents: a nonlinear factor model and its recognition net."""

import itertools
from dataclasses import dataclass

import numpy as np

from ..layers import Affine, Conditional, Origin, Perceptron
from ..rows import Coded, Lists
from ..units import DiagonalNormal, FullNormal, StandardNormal
from .belief_net import glorot
from .chain import Chain
from .helmholtz import Helmholtz

POSTERIORS = {"diag": DiagonalNormal, "full": FullNormal}


@dataclass(frozen=True)
class GaussianHelmholtz(Helmholtz):
    """Latents z ~ N(0, 1), data x given f(z), and recognition q(z | x) = N(mu(x), L(x) L(x)').

    f, and mu and L together, are perceptrons, the *decoder* and the *encoder*.

    sees_gaps : whether the encoder sees what is missing of a row, besides what takes its place.

    References
    ----------
    Kingma & Welling (2014), Auto-encoding variational Bayes, ICLR.
    """

    sees_gaps: bool = False

    @property
    def decoder(self):
        """The map from latents to the inputs of the units of the data."""
        return self.visible.map

    @property
    def encoder(self):
        """The map from data to the inputs of the units of recognition."""
        return self.recognition.conditionals[0].map

    @property
    def n_connections(self):
        """Weights of both nets."""
        return self.decoder.n_products + self.encoder.n_products

    @property
    def n_parameters(self):
        """Free parameters of p(x): rotations of latents and scales of rectifiers change nothing.

        They are at most those of any distribution of the data, which through an affine decoder and
        with normal noise is one of a mean and a covariance.
        """
        decoder, units, n = self.decoder, self.visible.units, self.visible.n_units
        k, n_first = decoder.n_inputs, decoder.maps[0].n_outputs
        idle = max(k - n_first, 0)
        turns = (k * (k - 1) - idle * (idle - 1)) // 2
        free = self.visible.n_parameters - turns - decoder.n_scales
        is_normal = units.has_noise and len(decoder.maps) == 1
        return min(free, n * (n + 3) // 2 if is_normal else units.most_parameters(n))

    def seen(self, x):
        """A `Block` of data as the encoder sees it."""
        seen = super().seen(x)
        return self._with_gaps(seen, x) if self.sees_gaps else seen

    def seen_dreams(self, x, dreamt):
        """Dreamt data as the encoder sees them: missing what the rows of x miss."""
        seen = super().seen_dreams(x, dreamt)
        return self._with_gaps(seen, x) if self.sees_gaps else seen

    def _with_gaps(self, seen, x):
        """Columns that are seen, and 1 for each value that a row of x misses, otherwise 0."""
        if isinstance(seen, Coded):
            seen = seen.code
        seen = seen.toarray() if isinstance(seen, Lists) else seen
        gaps = np.isnan(x.toarray()).astype(seen.dtype)  # of columns, of which codes may be several
        return np.concatenate([seen, gaps], axis=1)


def assemble_gaussian(decoder, encoder, visible, covariance, sees_gaps=False):
    """A machine of its two maps and the units of the data; covariance : see `POSTERIORS`."""
    prior = Conditional(Origin(decoder.n_inputs), StandardNormal())
    generation = Chain((prior, Conditional(decoder, visible)), (1, 0))
    recognition = Chain((Conditional(encoder, POSTERIORS[covariance]()),), (1,))
    return GaussianHelmholtz(generation, recognition, sees_gaps)


def initialise_gaussian(n_columns, n_components, hidden, visible, intercept, rng, **kind):
    """A machine with small random weights, as in `initialise_net`, and scales of the prior.

    hidden : sizes of the deterministic layers of both nets, from the data upward; visible :
    units of the data; intercept : (n_inputs,), of these; kind : activation, covariance, sees_gaps.
    """
    covariance, sees_gaps = kind["covariance"], kind["sees_gaps"]
    n_seen = visible.n_shown(n_columns) + (n_columns if sees_gaps else 0)
    up = (n_seen, *hidden, POSTERIORS[covariance]().n_inputs(n_components))
    down = (n_components, *hidden[::-1], visible.n_inputs(n_columns))
    decoder, encoder = (random_perceptron(sizes, kind["activation"], rng) for sizes in (down, up))
    decoder.maps[-1].intercept[:] = intercept
    # Scales that differ from row to row by chance make a few rows' derivatives huge.
    encoder.maps[-1].weights[:, n_components:] = 0
    return assemble_gaussian(decoder, encoder, visible, covariance, sees_gaps)


def random_perceptron(sizes, activation, rng):
    """A perceptron with small random weights; sizes : of all its layers, the parents' first."""
    maps = [
        Affine(glorot(below, above, rng), np.zeros(above, np.float32))
        for below, above in itertools.pairwise(sizes)
    ]
    return Perceptron(tuple(maps), activation)
