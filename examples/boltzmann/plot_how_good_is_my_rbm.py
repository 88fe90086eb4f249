"""
How good is my restricted Boltzmann machine?
============================================

scikit-learn has restricted Boltzmann machines, and no way to tell how good one is: the likelihood
needs the partition function Z, a sum over more states than can be counted, and what it offers
instead is the pseudo-likelihood, which needs none. This example asks both, of machines of
handwritten digits.
"""

# %%
# What the old number tells
# -------------------------
# Three machines of scikit-learn, and one of this library that makes as many steps as
# ``n_iter="auto"`` asks for. The *pseudo-likelihood* is what each pixel is worth given all others.
# `from_sklearn` takes over a machine of scikit-learn, and `score` is the mean of log p of the test
# images, higher is better.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.plotting import SamplesDisplay

X = (load_digits().data >= 8).astype(np.uint8)
X_train, X_test = train_test_split(X, test_size=597, random_state=0)

machines = {}
for rate, n_iter in [(0.1, 10), (0.05, 50), (0.1, 100)]:
    rbm = BernoulliRBM(
        100, learning_rate=rate, n_iter=n_iter, random_state=0
    ).fit(X_train)
    machines[f"scikit-learn, rate {rate}, {n_iter} epochs"] = (
        RestrictedBoltzmannMachine.from_sklearn(rbm)
    )

# %%
# A monitor is called after every epoch with the machine as it is. Ours keeps, every 50 epochs, the
# log-likelihood of test images, and the *free-energy gap*: how much more the unnormalised
# probabilities say for images of the training than for others. It needs no Z, which is the same
# for both.

looks = []


def watch(machine, epoch, X_val):
    if epoch % 50 == 0:
        gap = machine.unnormalized_log_prob(X_train).mean()
        gap -= machine.unnormalized_log_prob(X_val).mean()
        looks.append((epoch, machine.score(X_val), gap))


own = RestrictedBoltzmannMachine(100, random_state=0)
machines["this library"] = own.fit(X_train, X_val=X_test, monitor=watch)

print(f"{'nats per test image':34} pseudo   log p")
for name, machine in machines.items():
    pseudo = machine.pseudo_log_likelihood(X_test).mean()
    print(f"{name:34} {pseudo:6.1f}  {machine.score(X_test):6.1f}")

# %%
# By the pseudo-likelihood, the third machine is better than the first. By log p it is worse by ten
# nats: nearly all of its probability has gone to a single digit, as its draws below show. Given all
# other pixels it still tells each one well, of any digit, and that is all that the
# pseudo-likelihood asks.
#
# Along the training
# ------------------
# The gap grows all along: the machine learns something of its training images that is not true of
# others. That alone is no reason to stop, since the others gain as well. It is log p that tells
# when it is enough. (Who chooses machines or epochs by it needs a third set of rows to report on.)

epochs, scores, gaps = np.transpose(looks)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
axes[0].plot(epochs, scores, "o-")
axes[0].set(xlabel="epoch", ylabel="log p of test images (nats)")
axes[1].plot(epochs, gaps, "o-", color="C1")
axes[1].set(xlabel="epoch", ylabel="free-energy gap (nats)", ylim=(0, None))

# %%
# Is log Z to be trusted?
# -----------------------
# Chains that are annealed from independent units to the machine put log Z too low if they miss
# states; chains that go back, from where those of training stand, put it too high.
# ``log_partition_`` has both, and takes as many temperatures as it needs for them to agree; here we
# prescribe how many. Annealing back from each test image bounds log p from below, whereas a score
# by an estimate of Z is too high in expectation: between the two lies the number.

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
steps = [10, 30, 100, 300, 1000, 3000]
sides = [own.set_params(n_temperatures=n).log_partition_ for n in steps]
ax.plot(steps, [side.lower for side in sides], "o-", label="lower")
ax.plot(steps, [side.upper for side in sides], "o-", label="upper")
ax.set(xscale="log", xlabel="temperatures", ylabel="log Z (nats)")
ax.legend()
own.set_params(n_temperatures="auto")
print(own.log_partition_)
print(own.log_likelihood_bounds(X_test))

# %%
# What do they dream?
# -------------------
# Digits beside independent draws of the first and the third machine of scikit-learn, and of ours.

names = list(machines)
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
SamplesDisplay(X_test[:49].reshape(-1, 8, 8)).plot(axes[0])
axes[0].set_title("Test digits")
for ax, name in zip(axes[1:], [names[0], names[2], names[3]], strict=True):
    SamplesDisplay(
        machines[name].sample(49, random_state=0).reshape(-1, 8, 8)
    ).plot(ax)
    ax.set_title(name, fontsize=9)
plt.show()

# sphinx_gallery_thumbnail_number = 3
