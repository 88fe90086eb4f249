r"""
What does the free energy say about the likelihood?
===================================================

The variational free energy :math:`F(x)` of a row is what wake-sleep's wake phase lowers. It is
never below :math:`-\log p(x)`; their difference is the divergence of the recognition net's guess
:math:`q(h \mid x)` from the true posterior :math:`p(h \mid x)`:

.. math:: F(x) = -\log p(x) + \mathrm{KL}\bigl(q(h \mid x) \,\|\, p(h \mid x)\bigr).

On a machine small enough to enumerate we can watch all three while it learns, under both
algorithms.
"""

# %%
# A small machine learns epoch by epoch
# -------------------------------------
# 9 pixels of 3 x 3 images with vertical or horizontal bars, 6 and 2 hidden units: 256 hidden
# states. With so few, `score_samples` and `free_energy` are exact. One call of `partial_fit` is one
# pass over the rows.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.datasets import make_bars

X, _ = make_bars(1500, size=3, p_bar=0.3, random_state=0)
X_train, X_test = X[:1000], X[1000:]


def learn(algorithm, n_epochs=120):
    """Mean free energy and -log p of test rows after each epoch, nats."""
    machine = HelmholtzMachine(
        (6, 2),
        algorithm=algorithm,
        averaging=False,  # the course of training itself
        batch_size=20,
        random_state=0,
    )
    history = []
    for _ in range(n_epochs):
        machine.partial_fit(X_train)
        history.append(
            (machine.free_energy(X_test).mean(), -machine.score(X_test))
        )
    return np.array(history).T


curves = {
    name: learn(name) for name in ("wake-sleep", "reweighted-wake-sleep")
}

# %%
# The shaded band is the divergence. The wake phase of wake-sleep lowers the free energy, the band
# included, and so prefers posteriors that the recognition net can express. Reweighted wake-sleep
# raises a bound that is closer to the likelihood, from five guesses for each row, and gets further
# here in as many epochs.

fig, axes = plt.subplots(
    1, 2, figsize=(8, 3.6), sharey=True, layout="constrained"
)
for ax, (name, (free_energy, surprise)) in zip(
    axes, curves.items(), strict=True
):
    epochs = np.arange(1, len(surprise) + 1)
    ax.plot(epochs, free_energy, label="free energy $F$")
    ax.plot(epochs, surprise, label=r"$-\log p$")
    ax.fill_between(
        epochs,
        surprise,
        free_energy,
        alpha=0.2,
        label="KL (recognition, posterior)",
    )
    ax.set(title=name, xlabel="epoch")
axes[0].set_ylabel("nats per test row")
axes[0].legend()

for name, (free_energy, surprise) in curves.items():
    print(
        f"{name:>21}: F = {free_energy[-1]:.3f}, -log p ="
        f" {surprise[-1]:.3f}, KL = {free_energy[-1] - surprise[-1]:.3f}"
        " nats"
    )

# %%
# This is why models should be compared by `score`, not by their free energy: the free energy mixes
# the quality of the model with that of the recognition net.

plt.show()

# sphinx_gallery_thumbnail_number = 1
