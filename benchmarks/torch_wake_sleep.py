"""Wake-sleep in PyTorch as a good engineer would write it: no autograd, in-place updates.

With PyTorch's own Bernoulli numbers and softplus. `torch_machines` is what comes of measuring
every call and replacing the slow ones.
"""

import itertools

import torch


class TorchWakeSleep:
    """One wake-sleep step with Adam for a net of binary units, on float32 tensors.

    n_units : units of each layer from the data upward.
    """

    def __init__(self, n_units, rate=3e-3, decay=1e-4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        pairs = list(itertools.pairwise(n_units))
        self.down = [self._uniform(above, below, generator) for below, above in pairs]
        self.up = [self._uniform(below, above, generator) for below, above in pairs]
        self.down_bias = [torch.zeros(n) for n in n_units]
        self.up_bias = [torch.zeros(n) for n in n_units[1:]]
        self.rate, self.decay, self.t = rate, decay, 0
        self.weights = self.down + self.up
        self.parameters = self.weights + self.down_bias + self.up_bias
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]

    @staticmethod
    def _uniform(n_in, n_out, generator):
        limit = (6 / (n_in + n_out)) ** 0.5
        return torch.empty(n_in, n_out).uniform_(-limit, limit, generator=generator)

    @torch.no_grad()
    def step(self, x):
        """One step on a batch (n_rows, n_features); returns the mean negative bound, nats."""
        values, log_q = self._recognise(x)
        down_error, up_bias_error, log_p = self._wake(values)
        dreamt = self._dream(len(x))
        up_error = [
            h.sub(torch.addmm(b, below, w).sigmoid_())
            for below, h, w, b in zip(dreamt, dreamt[1:], self.up, self.up_bias, strict=False)
        ]
        n = len(x)
        gradients = [above.T @ e for above, e in zip(values[1:], down_error, strict=True)]
        gradients += [below.T @ e for below, e in zip(dreamt, up_error, strict=False)]
        gradients += [e.sum(0) for e in down_error] + [up_bias_error]
        gradients += [e.sum(0) for e in up_error]
        self._adam(gradients, 1 / n)
        return float((log_q - log_p).mean())

    def _recognise(self, x):
        values, log_q = [x], 0
        for w, b in zip(self.up, self.up_bias, strict=True):
            eta = torch.addmm(b, values[-1], w)
            h = torch.bernoulli(eta.sigmoid())
            log_q = log_q + (h * eta - torch.nn.functional.softplus(eta)).sum(1)
            values.append(h)
        return values, log_q

    def _wake(self, values):
        errors, log_p = [], 0
        for child, parent, w, b in zip(values, values[1:], self.down, self.down_bias, strict=False):
            eta = torch.addmm(b, parent, w)
            log_p = log_p + (child * eta - torch.nn.functional.softplus(eta)).sum(1)
            errors.append(child.sub(eta.sigmoid_()))
        top, b = values[-1], self.down_bias[-1]
        log_p = log_p + (top * b - torch.nn.functional.softplus(b)).sum(1)
        return errors, (top - b.sigmoid()).sum(0), log_p

    def _dream(self, n):
        h = torch.bernoulli(self.down_bias[-1].sigmoid().expand(n, -1))
        dreamt = [h]
        for w, b in zip(reversed(self.down), reversed(self.down_bias[:-1]), strict=True):
            dreamt.append(torch.bernoulli(torch.addmm(b, dreamt[-1], w).sigmoid_()))
        return dreamt[::-1]

    def _adam(self, gradients, scale):
        self.t += 1
        torch._foreach_mul_(gradients, scale)
        torch._foreach_add_(gradients[: len(self.weights)], self.weights, alpha=-self.decay)
        torch._foreach_lerp_(self.first, gradients, 0.1)
        torch._foreach_mul_(self.second, 0.999)
        torch._foreach_addcmul_(self.second, gradients, gradients, 0.001)
        step = self.rate * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t)
        roots = torch._foreach_sqrt(self.second)
        torch._foreach_add_(roots, 1e-8)
        torch._foreach_addcdiv_(self.parameters, self.first, roots, step)
