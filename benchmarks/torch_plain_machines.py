"""Wake-sleep and reweighted wake-sleep on a `PlainNet`, with gradients written by hand.

`torch_machines` is what comes of measuring every call and replacing the slow ones.
"""

import math

import torch


class Steps:
    """Steps of a rule, which has a `net` and the method `gradient`."""

    @torch.no_grad()
    def step(self, data, indices):
        """One step on some rows of the data; returns their mean bound before it, nats."""
        bound = self.gradient(data, indices)
        self.net.ascend()
        return float(bound.mean())


class PlainWakeSleep(Steps):
    """Steps of wake-sleep for a `PlainNet`.

    values, dreamt : the layers, from the data upward, of the last wake and the last sleep phase.
    """

    def __init__(self, net):
        self.net = net

    @torch.no_grad()
    def gradient(self, data, indices):
        """Give the net the mean gradient of some rows; returns their bounds, nats."""
        net, x = self.net, data[indices]
        self.values, _, log_q = net.recognise(x, x.shape[:1])
        inputs = net.explain(self.values)
        log_p = net.log_joint(self.values, inputs)
        down, down_bias = teach_generation(net, self.values, inputs)
        self.dreamt = net.dream(len(x))
        up, up_bias = teach_dreams(net, self.dreamt)
        torch._foreach_mul_([*down, *up, *down_bias, *up_bias], 1 / len(x))
        net.gradient = {"down": down, "up": up, "down_bias": down_bias, "up_bias": up_bias}
        return log_p.sub_(log_q)


class PlainReweighted(Steps):
    """Steps of reweighted wake-sleep for a `PlainNet`; the rule is that of `Reweighted`.

    values, dreamt : the layers, from the data upward, of the last wake and the last sleep phase.
    """

    def __init__(self, net, n_particles):
        self.net, self.n_particles = net, n_particles

    @torch.no_grad()
    def gradient(self, data, indices):
        """Give the net the mean gradient of some rows; returns their bounds, nats."""
        net, x = self.net, data[indices]
        shape = (len(x), self.n_particles)
        self.values, probabilities, log_q = net.recognise(x.unsqueeze(1), shape)
        inputs = net.explain(self.values)
        log_weights = net.log_joint(self.values, inputs).sub_(log_q)
        weights = log_weights.softmax(1).unsqueeze(-1)
        down, down_bias = teach_generation(net, self.values, inputs, weights)
        wake, wake_bias = teach_recognition(self.values, probabilities, weights)
        self.dreamt = net.dream(len(x))
        up, up_bias = teach_dreams(net, self.dreamt)
        torch._foreach_lerp_(up, wake, 0.5)
        torch._foreach_lerp_(up_bias, wake_bias, 0.5)
        torch._foreach_mul_([*down, *up, *down_bias, *up_bias], 1 / len(x))
        net.gradient = {"down": down, "up": up, "down_bias": down_bias, "up_bias": up_bias}
        return log_weights.logsumexp(1).sub_(math.log(self.n_particles))


def teach_generation(net, values, inputs, weights=None):
    """Gradients of sum w log p(x, h) by generative weights and intercepts; overwrites inputs."""
    pairs = zip(values, inputs, strict=False)
    errors = [torch.sub(child, eta.sigmoid_(), out=eta) for child, eta in pairs]
    errors.append(values[-1].sub(net.down_bias[-1].sigmoid()))
    if weights is not None:
        errors = [error.mul_(weights) for error in errors]
    return _gradients(values[1:], errors)


def teach_recognition(values, probabilities, weights):
    """Gradients of sum w log q(h | x) by recognition weights and intercepts.

    All particles of a row have the same x: their errors are summed before the product with it.
    """
    pairs = zip(values[1:], probabilities, strict=True)
    errors = [h.sub(p).mul_(weights) for h, p in pairs]
    errors[0] = errors[0].sum(1, keepdim=True)
    return _gradients(values, errors)


def teach_dreams(net, dreamt):
    """Gradients of the log q of dreams by recognition weights and intercepts."""
    layers = zip(dreamt, dreamt[1:], net.up, net.up_bias, strict=False)
    errors = [h.sub(torch.addmm(b, below, w).sigmoid_()) for below, h, w, b in layers]
    return _gradients(dreamt, errors)


def _gradients(sides, errors):
    """``side.T @ error`` for each layer of weights, and the sum of every error, over particles."""
    errors = [error.flatten(0, -2) for error in errors]
    weights = [side.flatten(0, -2).T @ e for side, e in zip(sides, errors, strict=False)]
    return weights, [error.sum(0) for error in errors]
