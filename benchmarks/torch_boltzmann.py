"""A restricted Boltzmann machine in PyTorch by hand: persistent contrastive divergence in place.

Chains keep their hidden states, so that the negative phase takes two products, as it does in
scikit-learn and here. Products add to the weights where they are (`addmm_`), probabilities and
states are written to buffers that are allocated once.
"""

import torch


class TorchBoltzmann:
    """Steps of PCD-1 on minibatches of as many rows as there are chains, float32.

    weights : (n_visible, n_hidden); hidden : (n_chains, n_hidden), states of the chains; moved :
    (n_chains, n_visible), their data at the last step; of_rows, of_chains : p(h | v) of both.
    """

    def __init__(self, n_visible, n_hidden, n_chains, decay=1e-3, seed=0):
        self._random = torch.Generator().manual_seed(seed)
        self.weights = 0.01 * torch.randn(n_visible, n_hidden, generator=self._random)
        self.visible_intercept, self.hidden_intercept = (
            torch.zeros(n_visible),
            torch.zeros(n_hidden),
        )
        self.decay, self.hidden = decay, torch.zeros(n_chains, n_hidden)
        self.moved = torch.empty(n_chains, n_visible)
        self.of_rows, self.of_chains = torch.empty(2, n_chains, n_hidden)
        self._noise_of_data, self._noise = (
            torch.empty_like(self.moved),
            torch.empty_like(self.hidden),
        )

    @torch.no_grad()
    def step(self, x, rate):
        """One step on some rows, (n_chains, n_visible)."""
        torch.addmm(self.visible_intercept, self.hidden, self.weights.t(), out=self.moved)
        self._fire(self.moved.sigmoid_(), self._noise_of_data, self.moved)
        for data, out in ((x, self.of_rows), (self.moved, self.of_chains)):
            torch.addmm(self.hidden_intercept, data, self.weights, out=out).sigmoid_()
        self._fire(self.of_chains, self._noise, self.hidden)
        self.ascend(x, rate)

    def _fire(self, means, noise, out):
        noise.uniform_(generator=self._random)
        torch.lt(noise, means, out=out)

    @torch.no_grad()
    def ascend(self, x, rate):
        """Move along the difference between the rows and the chains."""
        share = rate / len(x)
        self.weights.mul_(1 - rate * self.decay)
        self.weights.addmm_(x.t(), self.of_rows, alpha=share)
        self.weights.addmm_(self.moved.t(), self.of_chains, alpha=-share)
        self.visible_intercept.add_(x.sum(0).sub_(self.moved.sum(0)), alpha=share)
        self.hidden_intercept.add_(self.of_rows.sum(0).sub_(self.of_chains.sum(0)), alpha=share)
