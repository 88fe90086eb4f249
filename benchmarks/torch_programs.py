"""The PyTorch programs without autograd behind the same names, for the table and its checks."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from .torch_machines import Reweighted, WakeSleep
from .torch_net import Net
from .torch_plain_machines import PlainReweighted, PlainWakeSleep
from .torch_plain_net import PlainNet
from .torch_plain_scoring import plain_sample, plain_score
from .torch_scoring import Scorer, sample


@dataclass(frozen=True)
class Programs:
    """All that one style of PyTorch offers.

    net : of the units of each layer; wake_sleep : a machine of (net, n_rows); reweighted : one of
    (net, n_rows, n_particles); scorer : a function of rows, of (net, n_particles); sample : rows,
    of (net, n_samples).
    """

    name: str
    net: Callable
    wake_sleep: Callable
    reweighted: Callable
    scorer: Callable
    sample: Callable


TUNED = Programs(
    "PyTorch, tuned",
    net=Net,
    wake_sleep=WakeSleep,
    reweighted=Reweighted,
    scorer=lambda net, n_particles: Scorer(net, n_particles).score,
    sample=sample,
)
BY_HAND = Programs(
    "PyTorch by hand",
    net=PlainNet,
    wake_sleep=lambda net, n_rows: PlainWakeSleep(net),
    reweighted=lambda net, n_rows, n_particles: PlainReweighted(net, n_particles),
    scorer=lambda net, n_particles: functools.partial(plain_score, net, n_particles=n_particles),
    sample=plain_sample,
)
