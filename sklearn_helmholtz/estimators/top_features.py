"""The features that hidden units drive most, by name."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .checks import check_choice, check_count
from .public import public
from .results import Result

_ORDERS = {"both": np.abs, "up": np.positive, "down": np.negative}


class TopFeaturesMixin:
    """Reads hidden units by the features that they drive; see `top_features`."""

    @public
    def top_features(self, unit=None, n=10, *, layer=1, direction="both"):
        """The features that a hidden unit, or a factor, drives most, and how far.

        Parameters
        ----------
        unit : int or None, default=None
            Number of the unit in its layer, the latent or the factor; None means all of them.

        n : int, default=10
            Features of each unit, most important first; all if there are fewer.

        layer : int, default=1
            The hidden layer, 1 being next to the data. Factor models have one.

        direction : {"both", "up", "down"}, default="both"
            Whether the features come first that a unit moves most either way, that it raises most,
            or that it lowers most.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields, of shape (n,), or of shape (n_units, n) for all units

            features : ndarray
                Names of the features, or their numbers where they have none.
            weights : ndarray
                How far the unit moves each when it is turned on, other units having their expected
                values: the change of the log-odds of Bernoulli features, of the log-rate of
                counts, of the mean of real ones, in the user's units. In the first layer it is the
                entry of ``generative_coefs_[0]``. A Gaussian latent is moved from 0 to 1, its
                standard deviation, the others being 0: where the decoder bends, other moves have
                other effects. Loadings of a factor model.
            importance : ndarray
                What the order goes by: the symmetric Kullback-Leibler divergence, in nats, of the
                distributions of the feature with the unit on and off. It is the change of the
                log-odds times that of the probability, so that a rare word which stays rare counts
                for little, however large its weight, and so does a frequent one that hardly
                changes. Of a factor model the size of the loading of the standardised feature.

        Raises
        ------
        ValueError
            Where there is no such unit or layer, and for mixed columns, of which each has several
            inputs: read ``generative_coefs_[0]``, ``decoder_coefs_[0]`` or ``components_`` by
            ``input_names_``.

        Notes
        -----
        Effects are direct: in autoregressive machines what a feature passes on to later ones is
        not part of them.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> words = pd.DataFrame(
        ...     [[1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 1, 1]] * 25,
        ...     columns=["goal", "match", "tax", "the"])
        >>> net = SigmoidBeliefNet(1, inference="exact", batch_size=10, random_state=0).fit(words)
        >>> sorted(net.top_features(0, 3).features)
        ['goal', 'match', 'tax']
        >>> net.top_features(n=2).weights.shape  # of all units, here one
        (1, 2)
        """
        check_is_fitted(self)
        n = check_count("n", n)
        check_choice("direction", direction, tuple(_ORDERS))
        if self._has_mixed_units:
            raise ValueError(
                "top_features has no order of mixed columns, whose inputs are of several kinds. "
                "Read generative_coefs_[0], decoder_coefs_[0] or components_ by input_names_."
            )
        layer = _existing("layer", layer, 1, len(self._model.hidden_sizes))
        effects = self._model.effects(layer)
        signed = np.sign(effects.changes) * effects.importance
        order = np.argsort(-_ORDERS[direction](signed), axis=1, kind="stable")[:, :n]
        names = np.arange(signed.shape[1]) if self._names is None else np.asarray(self._names)
        found = Result(
            features=names[order],
            weights=np.take_along_axis(effects.changes, order, axis=1),
            importance=np.take_along_axis(effects.importance, order, axis=1),
        )
        if unit is None:
            return found
        unit = _existing("unit", unit, 0, len(order) - 1)
        return Result(**{name: values[unit] for name, values in found.items()})


def _existing(name, value, lowest, highest):
    """A number as an int, or a ValueError if nothing has it."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not lowest <= value <= highest:
        raise ValueError(f"{name} must be an integer from {lowest} to {highest}, got {value!r}.")
    return int(value)
