"""
=======================================
How well does a machine explain digits?
=======================================

A Helmholtz machine learns small binarised images of handwritten digits. Its held-out
log-likelihood is compared with that of independent pixels, a mixture of Bernoullis and restricted
Boltzmann machines; its features are given to a classifier; and its samples and receptive fields
are drawn.

Run it with ``make demo``, or ``python -m examples.plot_digits`` from the root of the repository.
"""

# %%
# The models
# ----------
# Settings were chosen on 300 validation rows from stated grids by
# ``python -m benchmarks.digits_search``; all models learn from the same 1,197 training rows. One
# restricted Boltzmann machine has scikit-learn's default settings.

import os
import time

import matplotlib

if "DISPLAY" not in os.environ:
    matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

from benchmarks.baselines import (
    BernoulliMixture,
    IndependentBernoulli,
    digits,
    paired_difference,
    rbm_log_likelihood,
    rbm_log_partition_annealed,
)
from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay, SamplesDisplay

data = digits()
machine = HelmholtzMachine(
    (100, 50, 20), learning_rate="cosine", learning_rate_init=0.01, max_iter=1000, random_state=0
)
models = {
    "Helmholtz machine": machine,
    "RBM, tuned": BernoulliRBM(
        128, learning_rate=0.03, n_iter=3200, batch_size=200, random_state=0
    ),
    "mixture of Bernoullis": BernoulliMixture(160, smoothing=1.0, n_init=3, random_state=0),
    "RBM, defaults": BernoulliRBM(random_state=0),
    "independent pixels": IndependentBernoulli(smoothing=1.0),
}


def log_likelihood(model):
    """Log-likelihood of each test row, nats, and the error of a term that all rows share."""
    if isinstance(model, BernoulliRBM):
        base_rates = IndependentBernoulli().fit(data.X_train).means_
        log_z, error = rbm_log_partition_annealed(
            model, n_chains=200, n_temperatures=1000, base_rates=base_rates, random_state=0
        )
        return rbm_log_likelihood(model, data.X_test, log_z), error
    if isinstance(model, HelmholtzMachine):
        result = model.log_likelihood(data.X_test, n_importance_samples=2000)
        return result.per_sample, result.monte_carlo_error
    return model.score_samples(data.X_test), 0.0


# %%
# Held-out log-likelihood
# -----------------------
# In nats per image, with the standard error over the 300 test images, and the paired difference
# from the machine. The machine's figure is a lower bound in expectation; those of the restricted
# Boltzmann machines, by annealed importance sampling, err on the high side.

print("Held-out log-likelihood of binarised digits, nats per image (higher is better)")
print(f"{'':22}{'test':>15}{'  minus the machine':>19}{'fit':>8}")
rows = {}
for name, model in models.items():
    start = time.perf_counter()
    model.fit(data.X_train)
    seconds = time.perf_counter() - start
    rows[name], _ = log_likelihood(model)
    mean, error = rows[name].mean(), rows[name].std(ddof=1) / np.sqrt(len(rows[name]))
    difference = ""
    if model is not machine:
        difference = "{:+.2f} +- {:.2f}".format(
            *paired_difference(rows[name], rows["Helmholtz machine"])
        )
    print(f"{name:22}{mean:8.2f} +- {error:.2f}{difference:>19}{seconds:>6.1f} s")

# %%
# Features for a classifier
# -------------------------
# Logistic regression on the pixels, on the recognition probabilities of all hidden layers, and on
# those of a machine whose weights are still random.

machine.set_params(transform_layer="all")
untrained = HelmholtzMachine(
    machine.hidden_layer_sizes, transform_layer="all", max_iter=1, learning_rate_init=1e-9,
    random_state=0,
).fit(data.X_train)  # fmt: skip
classifiers = {
    "pixels": LogisticRegression(max_iter=2000),
    "features of the machine": make_pipeline(
        FrozenEstimator(machine), LogisticRegression(max_iter=2000)
    ),
    "features, untrained": make_pipeline(
        FrozenEstimator(untrained), LogisticRegression(max_iter=2000)
    ),
}
print("\nAccuracy of logistic regression on held-out digits")
for name, model in classifiers.items():
    accuracy = model.fit(data.X_train, data.y_train).score(data.X_test, data.y_test)
    print(f"{name:24}{accuracy:6.3f}")

# %%
# Samples and receptive fields
# ----------------------------

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
figure.get_layout_engine().set(wspace=0.05)
SamplesDisplay(data.X_test[:64].reshape(-1, 8, 8)).plot(axes[0])
axes[0].set_title("Held-out digits")
SamplesDisplay.from_estimator(machine, (8, 8), random_state=0, ax=axes[1])
axes[1].set_title("Samples of the machine")
ReceptiveFieldsDisplay.from_estimator(machine, (8, 8), ax=axes[2])
axes[2].set_title("Receptive fields, first hidden layer")
figure.savefig("digits.png", dpi=100)
print("\nThe picture is in digits.png.")
