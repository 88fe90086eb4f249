"""Wake-sleep and reweighted wake-sleep in PyTorch as most people would write them: with autograd.

Inputs of units, detached samples, `binary_cross_entropy_with_logits`, ``loss.backward()`` and
`torch.optim.Adam` as it comes.
"""

import itertools

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, linear


class AutogradMachine(torch.nn.Module):
    """A generative and a recognition net of binary units, and losses to train them by.

    down, up : lists of parameters from the data upward, stored (n_out, n_in) as PyTorch does.
    """

    def __init__(self, n_units, rate=3e-3, decay=1e-4):
        super().__init__()
        pairs = list(itertools.pairwise(n_units))
        self.down = self._weights([(below, above) for below, above in pairs])
        self.up = self._weights([(above, below) for below, above in pairs])
        self.down_bias = self._biases(n_units)
        self.up_bias = self._biases(n_units[1:])
        weights, biases = [*self.down, *self.up], [*self.down_bias, *self.up_bias]
        groups = [{"params": weights, "weight_decay": decay}, {"params": biases}]
        self.optimizer = torch.optim.Adam(groups, lr=rate)

    @staticmethod
    def _weights(shapes):
        made = [torch.nn.Parameter(torch.empty(shape)) for shape in shapes]
        return torch.nn.ParameterList([torch.nn.init.xavier_uniform_(w) for w in made])

    @staticmethod
    def _biases(sizes):
        return torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(n)) for n in sizes])

    @torch.no_grad()
    def recognise(self, x):
        """The layers (x, h_1, ..., h_L), sampled upward from the data."""
        values = [x]
        for w, b in zip(self.up, self.up_bias, strict=True):
            values.append(torch.bernoulli(torch.sigmoid(linear(values[-1], w, b))))
        return values

    @torch.no_grad()
    def dream(self, n_rows):
        """The layers (x, h_1, ..., h_L), sampled downward from the prior."""
        values = [torch.bernoulli(torch.sigmoid(self.down_bias[-1]).expand(n_rows, -1))]
        for w, b in zip(reversed(self.down), reversed(self.down_bias[:-1]), strict=True):
            values.insert(0, torch.bernoulli(torch.sigmoid(linear(values[0], w, b))))
        return values

    def log_joint(self, values):
        """Log p(x, h_1, ..., h_L) of each row, nats."""
        log_p = _log_prob(values[-1], self.down_bias[-1].expand_as(values[-1]))
        for child, parent, w, b in zip(
            values, values[1:], self.down, self.down_bias[:-1], strict=False
        ):
            log_p = log_p + _log_prob(child, linear(parent, w, b))
        return log_p

    def log_recognition(self, values):
        """Log q(h_1, ..., h_L | x) of each row, nats."""
        log_q = 0
        for below, h, w, b in zip(values, values[1:], self.up, self.up_bias, strict=False):
            log_q = log_q + _log_prob(h, linear(below, w, b))
        return log_q

    def wake_sleep_loss(self, values, dreamt):
        """Minus the sum over rows of log p(x, h) and of log q of the dreams, and the bounds."""
        log_p = self.log_joint(values)
        loss = -(log_p.sum() + self.log_recognition(dreamt).sum())
        with torch.no_grad():
            bound = log_p - self.log_recognition(values)
        return loss, bound

    def reweighted_loss(self, values, dreamt, n_particles):
        """The loss of reweighted wake-sleep, a sum over rows, and the bounds of the rows.

        values : layers with ``n_particles`` rows side by side for each row of the data, x too.
        """
        log_p, log_q = self.log_joint(values), self.log_recognition(values)
        log_weights = (log_p - log_q).detach().view(-1, n_particles)
        weights = torch.softmax(log_weights, 1).flatten()
        wake = (weights * (log_p + 0.5 * log_q)).sum()
        bound = torch.logsumexp(log_weights, 1) - torch.log(torch.tensor(n_particles))
        return -(wake + 0.5 * self.log_recognition(dreamt).sum()), bound

    def wake_sleep_step(self, x):
        """One step of wake-sleep; returns the mean bound before it, nats."""
        loss, bound = self.wake_sleep_loss(self.recognise(x), self.dream(len(x)))
        return self._descend(loss / len(x), bound)

    def reweighted_step(self, x, n_particles):
        """One step of reweighted wake-sleep; returns the mean bound before it, nats."""
        values = self.recognise(x.repeat_interleave(n_particles, 0))
        loss, bound = self.reweighted_loss(values, self.dream(len(x)), n_particles)
        return self._descend(loss / len(x), bound)

    def _descend(self, loss, bound):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return bound.mean().item()


def _log_prob(states, eta):
    """Log-probability of each row of binary states under inputs eta, nats."""
    return -binary_cross_entropy_with_logits(eta, states, reduction="none").sum(1)
