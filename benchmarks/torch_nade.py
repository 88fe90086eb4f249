"""Neural autoregressive estimators of zeros and ones in PyTorch, by hand: no autograd, fused Adam.

Inputs are ``b + x @ triu(A) + U . sigmoid(a)``. Of `Nade` every column has sums of its own, a_i = c
+ sum_{j < i} x_j V_j, made for all columns at once (`Nade`) or column by column (`LoopedNade`). Of
`Made` (Germain, Gregor, Murray & Larochelle 2015) a hidden unit belongs to one place in the order,
and columns after it see it: two masked products, and a smaller model of as many units.
"""

import torch


class Nade:
    """Parameters, and steps of Adam on the mean log-probability of minibatches.

    n_columns : D; n_between : H, deterministic units.
    """

    def __init__(self, n_columns, n_between, rate=1e-3, seed=0):
        generator = torch.Generator().manual_seed(seed)
        limit = (6 / (n_columns + n_between)) ** 0.5
        draw = torch.rand((n_columns, n_between), generator=generator)
        self.into, self.out = (2 * draw - 1) * limit, torch.zeros((n_columns, n_between))
        self.c, self.b = torch.zeros(n_between), torch.zeros(n_columns)
        self.lateral = torch.zeros((n_columns, n_columns))
        self.all = [self.into, self.out, self.c, self.b, self.lateral]
        for parameter in self.all:
            parameter.grad = torch.zeros_like(parameter)
        self._adam = torch.optim.Adam(self.all, lr=rate, fused=True)

    def step(self, x):
        """Move along the gradient of a minibatch, (n_rows, D) float32; its loss, nats per row."""
        with torch.no_grad():
            linear = self.b + x @ self.lateral
            eta, kept = self.inputs(x)
            eta += linear
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                eta, x, reduction="sum"
            ) / len(x)
            error = (eta.sigmoid_() - x) / len(x)
            torch.sum(error, 0, out=self.b.grad)
            torch.mm(x.T, error, out=self.lateral.grad)
            self.lateral.grad.triu_(1)
            self.learn(x, error, kept)
            self._adam.step()
            return loss

    def inputs(self, x):
        """What the units between add to inputs, and what `learn` needs of that."""
        steps = x[:, :, None] * self.into
        states = (steps.cumsum(1) - steps + self.c).sigmoid_()
        return torch.einsum("ndh,dh->nd", states, self.out), states

    def learn(self, x, error, states):
        """Write derivatives by what leads to and from the units between."""
        self.out.grad.copy_(torch.einsum("nd,ndh->dh", error, states))
        by_sums = error[:, :, None] * self.out
        by_sums *= states * (1 - states)
        later = by_sums.flip(1).cumsum_(1).flip(1)
        torch.sum(later[:, 0], 0, out=self.c.grad)
        later -= by_sums
        self.into.grad.copy_(torch.einsum("nd,ndh->dh", x, later))

    def sample(self, n):
        """Draw n rows, column by column."""
        with torch.no_grad():
            x, sums = torch.zeros((n, len(self.b))), self.c.repeat(n, 1)
            eta = self.b.repeat(n, 1)
            for i in range(len(self.b)):
                log_odds = eta[:, i] + sums.sigmoid() @ self.out[i]
                drawn = torch.bernoulli(log_odds.sigmoid_())
                x[:, i] = drawn
                sums.addr_(drawn, self.into[i])
                eta.addr_(drawn, self.lateral[i])
            return x


class LoopedNade(Nade):
    """The same, column by column: less memory is gone through, by more calls."""

    def inputs(self, x):
        """As of `Nade`."""
        sums, eta, kept = self.c.repeat(len(x), 1), torch.empty_like(x), []
        columns = x.T.contiguous()
        for i in range(x.shape[1]):
            states = sums.sigmoid()
            kept.append(states)
            torch.mv(states, self.out[i], out=eta[:, i])
            sums.addr_(columns[i], self.into[i])
        return eta, kept

    def learn(self, x, error, kept):
        """As of `Nade`."""
        later = torch.zeros((len(x), len(self.c)))
        columns, errors = x.T.contiguous(), error.T.contiguous()
        for i in range(x.shape[1] - 1, -1, -1):
            states = kept[i]
            torch.mv(later.T, columns[i], out=self.into.grad[i])
            torch.mv(states.T, errors[i], out=self.out.grad[i])
            later.addcmul_(torch.outer(errors[i], self.out[i]), states - states * states)
        torch.sum(later, 0, out=self.c.grad)


class Made(Nade):
    """One hidden unit to a place in the order."""

    def __init__(self, n_columns, n_between, rate=1e-3, seed=0):
        super().__init__(n_columns, n_between, rate, seed)
        places = torch.linspace(0, n_columns - 1, n_between).long()
        order = torch.arange(n_columns)[:, None]
        self._before, self._after = (order < places).float(), (order >= places).float()

    def inputs(self, x):
        """As of `Nade`."""
        states = (self.c + x @ (self.into * self._before)).sigmoid_()
        return states @ (self.out * self._after).T, states

    def learn(self, x, error, states):
        """As of `Nade`."""
        torch.mm(error.T, states, out=self.out.grad)
        self.out.grad *= self._after
        by_sums = (error @ (self.out * self._after)) * (states - states * states)
        torch.sum(by_sums, 0, out=self.c.grad)
        torch.mm(x.T, by_sums, out=self.into.grad)
        self.into.grad *= self._before
