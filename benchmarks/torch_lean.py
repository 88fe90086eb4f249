"""Wake-sleep in the fewest calls of PyTorch: plain gradient steps in place, and no bound.

The rules are those of `torch_plain_machines`, but for what a program may leave out that does
nothing but learn: log-probabilities that are not needed, the penalty, and Adam. ``addmm_`` moves
weights without a gradient of its own. This library computes all of these, so that the ratio says
what a lean program is worth and not what the same work costs.
"""

import itertools

import torch

LEAN = "PyTorch, lean"


class LeanWakeSleep:
    """Plain steps of wake-sleep for a `PlainNet`."""

    def __init__(self, net):
        self.net = net

    @torch.no_grad()
    def step(self, data, indices):
        """Move along the gradient of some rows of the data, and of as many dreams."""
        net, values, rate = self.net, [data[indices]], self.net.rate / len(indices)
        for w, b in zip(net.up, net.up_bias, strict=True):
            values.append(torch.bernoulli(torch.addmm(b, values[-1], w).sigmoid_()))
        dreamt = net.dream(len(indices))
        for i, (below, above) in enumerate(itertools.pairwise(values)):
            _teach(net.down[i], net.down_bias[i], above, below, rate)
        prior = net.down_bias[-1]
        prior.add_(values[-1].sub(prior.sigmoid()).sum(0), alpha=rate)
        _teach_dreams(net, dreamt, rate)


class LeanReweighted:
    """Plain steps of reweighted wake-sleep for a `PlainNet`, which need both log-probabilities."""

    def __init__(self, net, n_particles):
        self.net, self.n_particles = net, n_particles

    @torch.no_grad()
    def step(self, data, indices):
        """Move along the gradient of some rows of the data, and of as many dreams."""
        net, x, rate = self.net, data[indices], self.net.rate / len(indices)
        values, probabilities, log_q = net.recognise(x.unsqueeze(1), (len(x), self.n_particles))
        inputs = net.explain(values)
        weights = net.log_joint(values, inputs).sub_(log_q).softmax(1).unsqueeze(-1)
        dreamt = net.dream(len(x))
        for i, (child, eta) in enumerate(zip(values, inputs, strict=False)):
            error = torch.sub(child, eta.sigmoid_(), out=eta).mul_(weights)
            _move(net.down[i], net.down_bias[i], values[i + 1], error, rate)
        prior = net.down_bias[-1]
        prior.add_(values[-1].sub(prior.sigmoid()).mul_(weights).sum((0, 1)), alpha=rate)
        _teach_dreams(net, dreamt, rate / 2)
        for i, (h, p) in enumerate(zip(values[1:], probabilities, strict=True)):
            error = h.sub(p).mul_(weights)
            error = error if i else error.sum(1, keepdim=True)  # particles of a row share it
            _move(net.up[i], net.up_bias[i], values[i], error, rate / 2)


def _teach_dreams(net, dreamt, rate):
    for i, (below, above) in enumerate(itertools.pairwise(dreamt)):
        _teach(net.up[i], net.up_bias[i], below, above, rate)


def _teach(weights, intercept, parents, children, rate):
    """Move along the gradient of ``sum log p(child | parents)``."""
    error = children.sub(torch.addmm(intercept, parents, weights).sigmoid_())
    _move(weights, intercept, parents, error, rate)


def _move(weights, intercept, parents, error, rate):
    """Move along ``parents.T @ error`` and the sum of the errors, over rows and particles."""
    error = error.flatten(0, -2)
    weights.addmm_(parents.flatten(0, -2).T, error, alpha=rate)
    intercept.add_(error.sum(0), alpha=rate)
