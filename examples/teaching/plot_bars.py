"""
Which causes does a machine find in images of bars?
===================================================

Images of 4 x 4 pixels hold either vertical or horizontal bars, never both: first a direction is
chosen, vertical with probability 2/3, then each of its four bars is there with probability 0.2.
The pixels are all that a Helmholtz machine gets to see. This is the problem on which
Hinton, Dayan, Frey & Neal (1995) showed the wake-sleep algorithm.

A machine with 8 units for the bars and 1 unit above them could, in principle, describe the data
perfectly. It has so few hidden units that its likelihood is exact, so we can say how far
the machine is from the truth: by the Kullback-Leibler divergence of the model from the data, which
is zero for a perfect model.
"""

# %%
# The data
# --------
# There are only 30 different images, whose probabilities we know.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.datasets import make_bars

X, _, truth = make_bars(10_000, return_distribution=True, random_state=0)
images, probability = truth.table()
print(
    f"{len(images)} images, entropy {truth.entropy() / np.log(2):.2f} bits"
)

# %%
# Training
# --------
# Small steps on few rows at a time, at a rate that starts high and falls to zero, do better here
# than large batches: the noise helps the machine out of poor solutions. It does not always help
# enough, so we start from several random weights and keep the machine that explains its
# *training* rows best, which needs no knowledge of the truth.


def divergence(machine):
    """KL(data || model) in bits, exact: a sum over 512 hidden states."""
    surprise = np.log(probability) - machine.score_samples(images)
    return (probability * surprise).sum() / np.log(2)


machines = [
    HelmholtzMachine(
        (8, 1),
        solver="sgd",
        momentum=0,
        learning_rate="cosine",
        learning_rate_init=4.0,
        batch_size=10,
        max_iter=12,
        alpha=0,
        random_state=seed,
    ).fit(X)
    for seed in range(3)
]
for seed, machine in enumerate(machines):
    print(f"start {seed}: {divergence(machine):.2f} bits from the data")
machine = max(machines, key=lambda machine: machine.score(X[:2000]))
print(f"kept: {divergence(machine):.2f} bits")

independent = X.mean(axis=0)
log_p = images * np.log(independent) + (1 - images) * np.log(
    1 - independent
)
gap = (
    probability * (np.log(probability) - log_p.sum(axis=1))
).sum() / np.log(2)
print(f"independent pixels, for comparison: {gap:.2f} bits")

# %%
# What the units have learnt
# --------------------------
# Each picture shows the weights from one hidden unit to the 16 pixels: red makes a pixel likely,
# blue unlikely. The number is the weight from the single top unit. Some units draw a single bar, or
# forbid it; others mix several, or are hardly used. The machine finds a code of its own, not
# necessarily the one we had in mind.

fields = machine.generative_coefs_[0].reshape(-1, 4, 4)
from_top = machine.generative_coefs_[1][0]
limit = np.abs(fields).max()
fig, axes = plt.subplots(2, 4, figsize=(7, 4), layout="constrained")
for ax, j in zip(axes.flat, np.argsort(from_top), strict=True):
    ax.imshow(fields[j], cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set(xticks=[], yticks=[], title=f"from the top: {from_top[j]:+.1f}")

# %%
# Does it believe in the right images?
# ------------------------------------
# The probability of each image under the data and under the machine. What is missing from the
# machine's column goes to images that never occur.

order = np.argsort(-probability)
model = np.exp(machine.score_samples(images))
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.semilogy(probability[order], "k_", markersize=9, label="data")
ax.semilogy(model[order], "o", markersize=4, label="machine")
ax.set(
    xlabel="image, from the most to the least frequent",
    ylabel="probability",
)
ax.legend()
print(
    f"images that never occur have probability {1 - model.sum():.3f} under"
    " the machine"
)

# %%
# Dreams
# ------
# A dozen images drawn from the machine. Most are proper images of bars.

dreams = machine.sample(12, random_state=1).reshape(-1, 4, 4)
fig, axes = plt.subplots(2, 6, figsize=(7, 2.5), layout="constrained")
for ax, dream in zip(axes.flat, dreams, strict=True):
    ax.imshow(dream, cmap="gray_r", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])

plt.show()

# sphinx_gallery_thumbnail_number = 1
