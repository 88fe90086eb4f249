"""Density models of binarised digits, a classifier on features, and a picture.

Run with ``make demo`` or ``python -m benchmarks.digits`` (a minute and a half on two cores). All
models learn from the same 1,197 rows, with settings that ``python -m benchmarks.digits_search``
chose on 300 others; one restricted Boltzmann machine has scikit-learn's default settings. Scores
are those of a third set of 300 rows. Those of Helmholtz machines are lower bounds in expectation;
those of Boltzmann machines, by annealed importance sampling, err on the high side. The picture is
saved as ``digits.png`` in the working directory.
"""

import time

import numpy as np
from matplotlib.figure import Figure
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
from sklearn_helmholtz import HelmholtzMachine, RestrictedBoltzmannMachine
from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay, SamplesDisplay

PICTURE = "digits.png"
BEST, MACHINE = "RestrictedBoltzmannMachine", "HelmholtzMachine"


def models():
    """Models to compare, by name, the best by validation rows first."""
    return {
        BEST: RestrictedBoltzmannMachine(
            100, learning_rate=0.2, n_steps=5, centred=False, random_state=0
        ),
        MACHINE: HelmholtzMachine(
            (100, 50, 20), learning_rate="cosine", learning_rate_init=0.01, max_iter=1000,
            random_state=0,
        ),
        "BernoulliRBM, tuned": BernoulliRBM(
            128, learning_rate=0.03, n_iter=3200, batch_size=200, random_state=0
        ),
        "HelmholtzMachine, lateral": HelmholtzMachine(
            (100, 50), autoregressive=True, learning_rate="cosine", learning_rate_init=0.01,
            max_iter=1000, random_state=0,
        ),
        "mixture of Bernoullis": BernoulliMixture(160, smoothing=1.0, n_init=3, random_state=0),
        "BernoulliRBM, defaults": BernoulliRBM(random_state=0),
        "independent pixels": IndependentBernoulli(smoothing=1.0),
    }  # fmt: skip


def log_likelihood(model, data):
    """Log-likelihood of each test row, in nats."""
    if isinstance(model, BernoulliRBM):
        base_rates = IndependentBernoulli().fit(data.X_train).means_
        log_partition, _ = rbm_log_partition_annealed(
            model, n_chains=200, n_temperatures=1000, base_rates=base_rates, random_state=0
        )
        return rbm_log_likelihood(model, data.X_test, log_partition)
    if isinstance(model, RestrictedBoltzmannMachine):
        return model.set_params(n_temperatures=10_000).score_samples(data.X_test)
    if isinstance(model, HelmholtzMachine):
        return model.log_likelihood(data.X_test, n_importance_samples=2000).per_sample
    return model.score_samples(data.X_test)


def compare(compared, data):
    """Fit the models and print what each thinks of the test rows, paired with the first."""
    print("Held-out log-likelihood of binarised digits, nats per image (higher is better)")
    print(f"{'':28}{'test':>15}{'  minus the first':>17}{'fit':>8}")
    of_first = None
    for name, model in compared.items():
        start = time.perf_counter()
        model.fit(data.X_train)
        seconds = time.perf_counter() - start
        rows, difference = log_likelihood(model, data), ""
        if of_first is None:
            of_first = rows
        else:
            difference = "{:+.2f} +- {:.2f}".format(*paired_difference(rows, of_first))
        error = rows.std(ddof=1) / np.sqrt(len(rows))
        print(f"{name:28}{rows.mean():8.2f} +- {error:.2f}{difference:>17}{seconds:>6.1f} s")


def classify(machine, boltzmann, data):
    """Print the accuracy of a classifier on pixels and on features, learnt and random."""
    machine.set_params(transform_layer="all")
    untrained = HelmholtzMachine(
        machine.hidden_layer_sizes,
        transform_layer="all",
        max_iter=1,
        learning_rate_init=1e-9,
        random_state=0,
    ).fit(data.X_train)
    inputs = {
        "pixels": "passthrough",
        f"features of {BEST}": FrozenEstimator(boltzmann),
        f"features of {MACHINE}": FrozenEstimator(machine),
        "features, untrained": FrozenEstimator(untrained),
    }
    print("\nAccuracy of logistic regression on held-out digits")
    for name, features in inputs.items():
        classifier = make_pipeline(features, LogisticRegression(max_iter=2000))
        classifier.fit(data.X_train, data.y_train)
        print(f"{name:40}{classifier.score(data.X_test, data.y_test):6.3f}")


def draw(model, data):
    """Save a picture of test rows, samples and receptive fields."""
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    axes = figure.subplots(1, 3)
    figure.get_layout_engine().set(wspace=0.05)
    SamplesDisplay(data.X_test[:64].reshape(-1, 8, 8)).plot(axes[0])
    axes[0].set_title("Held-out digits")
    SamplesDisplay.from_estimator(model, (8, 8), random_state=0, ax=axes[1])
    axes[1].set_title("Digits that the machine made up")
    ReceptiveFieldsDisplay.from_estimator(model, (8, 8), ax=axes[2])
    axes[2].set_title("What its hidden units stand for")
    figure.savefig(PICTURE, dpi=100)
    print(f"\nThe picture is in {PICTURE}.")


def main():
    """Compare the models, then look at the best."""
    data, compared = digits(), models()
    compare(compared, data)
    classify(compared[MACHINE], compared[BEST], data)
    draw(compared[BEST], data)


if __name__ == "__main__":
    main()
