"""Results of `posterior`."""

import numpy as np

from ...likelihood import RELIABLE_SAMPLE_SIZE, RELIABLE_SHARE
from .figures import counted
from .headline import HeadlineResult

_METHODS = {
    "exact": "exact",
    "recognition": "recognition net",
    "mean-field": "mean field",
    "importance": "importance sampling",
    "gibbs": "Gibbs sampling",
    "elliptical": "elliptical slice sampling",
}


class PosteriorResult(HeadlineResult):
    """Hidden layers given some rows: means, and draws.

    What `HelmholtzMachine.posterior` returns: a :class:`~sklearn.utils.Bunch`, whose fields are
    attributes and items. It prints in a few lines, and is a table in notebooks.

    Attributes
    ----------
    mean : list of ndarray of shape (n_rows, n_units)
        Expected states of each hidden layer, from the data upward: exact, or the mean over the
        particles or samples; of Gaussian latents under ``"recognition"`` those of the
        recognition net. Of factor models and sparse coding the factors.

    covariance : list of ndarray of shape (n_rows, n_units, n_units)
        Covariances of the factors; only of factor models.

    standard_deviation : list of ndarray of shape (n_rows, n_units)
        Standard deviations of the factors; only of sparse coding.

    samples : list of ndarray of shape (n_rows, n_samples, n_units), uint8
        Draws of each hidden layer (of Gaussian latents float32, of factors float64). Those of one
        row are independent where exact, from recognition, or from Markov chains as far as their
        sweeps take them; from importance sampling they are drawn from one pool of particles.

    effective_sample_size : ndarray of shape (n_rows,)
        Of the particles of each row: where it is small, few of them carry the answer. Infinite
        where no weights are involved.

    method : str
        The method used, for at least one row.

    See Also
    --------
    HelmholtzMachine.posterior : Makes such results.

    Examples
    --------
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> machine = HelmholtzMachine.from_parameters(
    ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
    >>> result = machine.posterior([[1, 1], [0, 1]])
    >>> result
    PosteriorResult: 2 rows, hidden units by layer: 1
      method   exact
      samples  10 for each row
    >>> result.to_frame().round(3)
       layer1_0
    0     0.982
    1     0.500
    """

    _names = None  # of the units, a list for each layer

    def _headline(self):
        sizes = ", ".join(str(layer.shape[1]) for layer in self.mean)
        return f"{counted(self._n_rows(), 'row')}, hidden units by layer: {sizes}"

    def _facts(self):
        n_samples = self.samples[0].shape[1]
        facts = [("method", _METHODS[self.method]), ("samples", f"{n_samples:,} for each row")]
        sizes = self.effective_sample_size
        if not np.isfinite(sizes).any():
            return facts
        text = f"median {np.median(sizes):.1f}, lowest {sizes.min():.1f}"
        facts.append(("effective sample size", text))
        enough = sizes >= RELIABLE_SAMPLE_SIZE
        if self.method == "importance" and enough.mean() < RELIABLE_SHARE:  # sweeps mend it
            facts.append(("reliable", f"NO: {self._trouble((~enough).sum())}"))
        return facts

    @staticmethod
    def _trouble(n_poor):
        return (
            f"few particles carry the answer of {counted(n_poor, 'row')}, with an effective sample "
            f"size below {RELIABLE_SAMPLE_SIZE}. Raise n_importance_samples, or use another method."
        )

    def _n_rows(self):
        return len(self.mean[0])

    def _columns(self):
        """Means of all units, side by side from the data upward."""
        names = self._names or [
            [f"layer{layer}_{unit}" for unit in range(mean.shape[1])]
            for layer, mean in enumerate(self.mean, start=1)
        ]
        return {
            name: mean[:, unit]
            for layer, mean in zip(names, self.mean, strict=True)
            for unit, name in enumerate(layer)
        }
