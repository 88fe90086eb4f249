"""Rows from a sigmoid belief net with random weights, which is known."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from ..estimators import SigmoidBeliefNet
from ..estimators._compat import Interval, validate_params
from ..estimators.checks import hidden_sizes


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "scale": [Interval(Real, 0, 1e6, closed="left")],
        "return_distribution": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_planted_net(
    n_samples=100,
    *,
    n_features=100,
    hidden_layer_sizes=(20,),
    scale=2.0,
    return_distribution=False,
    random_state=None,
):
    """Draw binary rows from a sigmoid belief net whose weights are random.

    The default is one of the nets by which Frey, Hinton & Dayan (1996) compared learning rules. The
    other one has ``hidden_layer_sizes=(20, 15, 10, 5)``; they drew 100,000 rows.

    Parameters
    ----------
    n_samples : int, default=100
        Rows.

    n_features : int, default=100
        Bits of a row.

    hidden_layer_sizes : int or tuple of int, default=(20,)
        Hidden units of each layer, from the data upward.

    scale : float, default=2.0
        Weights are uniform between minus and plus that; intercepts are zero.

    return_distribution : bool, default=False
        Whether to return the net, too.

    random_state : int, RandomState instance or None, default=None
        Determines the net and the draw. For other rows of the same net, let it `sample`, or draw
        all rows at once.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features) of uint8
        Rows.

    H : ndarray of shape (n_samples, n_hidden) of uint8
        The states of all hidden units, from the data upward, which made the rows.

    distribution : SigmoidBeliefNet
        The net, fitted: its scores are exact for at most 14 hidden units, `log_joint` for any.
        Only with ``return_distribution=True``.

    See Also
    --------
    SigmoidBeliefNet.from_parameters : Nets with given weights.

    References
    ----------
    Frey, Hinton & Dayan (1996), Does the wake-sleep algorithm produce good density estimators?,
    Advances in Neural Information Processing Systems 8, 661-667.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import make_planted_net
    >>> X, H, net = make_planted_net(
    ...     500, n_features=10, hidden_layer_sizes=(5, 2), return_distribution=True, random_state=0)
    >>> X.shape, H.shape
    ((500, 10), (500, 7))
    >>> round(net.score(X), 2)  # nats per row
    -5.5
    """
    rng = check_random_state(random_state)
    sizes = (int(n_features), *hidden_sizes(hidden_layer_sizes))
    shapes = zip(sizes[1:], sizes[:-1], strict=True)
    coefs = [rng.uniform(-scale, scale, shape) for shape in shapes]
    net = SigmoidBeliefNet.from_parameters(coefs, [np.zeros(size) for size in sizes])
    X, hidden = net.sample(n_samples, random_state=rng, return_latents=True)
    H = np.hstack(hidden)
    return (X, H, net) if return_distribution else (X, H)
