"""
Is a Helmholtz machine a good density model of digits?
======================================================

A good density model finds rows probable that it has not seen. Here five models learn from the same
small images of handwritten digits: independent pixels, a mixture of Bernoullis, a restricted
Boltzmann machine, and two Helmholtz machines, one of which lets pixels see each other. They are
compared by the log-likelihood of other images, and by what they draw.
"""

# %%
# The data
# --------
# scikit-learn's digits of 8 by 8 pixels. A pixel is on where the ink is 8 or more of 16. All models
# learn from 1,197 images and are scored on 300. (300 others are left out: they are those by which
# ``benchmarks/digits_search.py`` chose the settings of the plain machine and of the mixture.)

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import BernoulliNB

from sklearn_helmholtz import HelmholtzMachine, RestrictedBoltzmannMachine
from sklearn_helmholtz.plotting import (
    LikelihoodComparisonDisplay,
    SamplesDisplay,
)

ink, y = load_digits(return_X_y=True)
X = (ink >= 8).astype(np.uint8)
X_rest, X_test, y_rest, _ = train_test_split(
    X, y, test_size=300, stratify=y, random_state=0
)
X_train, _ = train_test_split(
    X_rest, test_size=300, stratify=y_rest, random_state=0
)

# %%
# Three machines
# --------------
# The plain Helmholtz machine has three layers of binary causes, and pixels are independent given
# these. In the autoregressive one, with its defaults, a pixel also sees those before it. Both have
# a likelihood of their own, estimated by importance sampling, a lower bound in expectation. The
# Boltzmann machine needs its partition function, which is estimated by annealing: its scores are
# rather too high.

plain = HelmholtzMachine(
    (100, 50, 20),
    learning_rate="cosine",
    learning_rate_init=0.01,
    max_iter=1000,
    random_state=0,
).fit(X_train)
ordered = HelmholtzMachine(50, autoregressive=True, random_state=0).fit(
    X_train
)
boltzmann = RestrictedBoltzmannMachine(100, random_state=0).fit(X_train)
for machine in (plain, ordered):
    machine.set_params(n_importance_samples=2000)
    result = machine.log_likelihood(X_test)
    print(
        f"{result.mean:.2f} +- {result.standard_error:.2f} nats per image,"
        f" Monte Carlo error {result.monte_carlo_error:.3f},"
        f" reliable: {result.reliable}"
    )
print(boltzmann.log_likelihood_bounds(X_test))

# %%
# Independent pixels and a mixture
# --------------------------------
# scikit-learn's naive Bayes takes the pixels of each class to be independent, and is a density
# model as well: the sum over its classes. With one class, all pixels are independent. With the
# clusters of k-means for classes, it is a mixture of Bernoullis.


def naive_bayes(classes, alpha):
    """A mixture of independent pixels, one component for each class."""
    return BernoulliNB(alpha=alpha).fit(X_train, classes)


def draw(model, n_samples, rng):
    """Rows whose pixels are independent, given the component."""
    chances = np.exp(model.class_log_prior_)
    chosen = rng.choice(len(chances), n_samples, p=chances / chances.sum())
    means = np.exp(model.feature_log_prob_[chosen])
    return rng.random(means.shape) < means


naive = {
    "independent pixels": naive_bayes(np.zeros(len(X_train)), 1.0),
    "mixture": naive_bayes(
        KMeans(100, random_state=0).fit_predict(X_train), 0.2
    ),
}
machines = {
    "Boltzmann machine": boltzmann,
    "Helmholtz machine": plain,
    "autoregressive": ordered,
}

# %%
# The answer
# ----------
# Images that are hard for one model are hard for the others, so the difference between two models
# is much better known than their scores. The Helmholtz machine and the Boltzmann machine are about
# level, and ahead of the others. Letting pixels see each other does not pay here: 1,197 images are
# few, and three layers of causes, trained ten times as long, say it better. (On most public tables
# of binary data it does: :doc:`/benchmarks/density`.)

log_p = {
    name: logsumexp(model.predict_joint_log_proba(X_test), axis=1)
    for name, model in naive.items()
}
log_p |= {
    name: machine.score_samples(X_test)
    for name, machine in machines.items()
}
display = LikelihoodComparisonDisplay.from_predictions(
    log_p, reference="Helmholtz machine"
)
differences = zip(
    display.differences_, display.difference_errors_, strict=True
)
print(
    "Log-likelihood of held-out digits, nats per image, and minus the plain"
    " machine"
)
for name, mean, (difference, error) in zip(
    log_p, display.means_, differences, strict=True
):
    print(f"{name:>18}: {mean:.2f}{difference:+8.2f} +- {error:.2f}")

# %%
# What the models draw
# --------------------
# The likelihood asks whether a model expects digits. Samples show whether it expects anything else:
# independent pixels expect hardly anything that is a digit, and the mixture frays the edges of
# digits, since it tosses the pixels of a component one by one.

rng = np.random.default_rng(0)
pictures = {"held-out digits": X_test[:36]}
pictures |= {name: draw(model, 36, rng) for name, model in naive.items()}
pictures |= {
    name: machine.sample(36, random_state=0)
    for name, machine in machines.items()
}
figure, axes = plt.subplots(2, 3, figsize=(9, 6.4), layout="constrained")
figure.get_layout_engine().set(wspace=0.06, hspace=0.04)
for ax, (name, rows) in zip(axes.flat, pictures.items(), strict=True):
    SamplesDisplay(np.reshape(rows, (-1, 8, 8))).plot(ax)
    ax.set_title(name)

# %%
# What a pixel sees
# -----------------
# The lateral weights of the autoregressive machine into three pixels (marked), as a picture of
# where they come from: red makes the pixel more likely, blue less. The large ones come from just
# before it, above and to the left; the rest is left to the causes. No pixel sees one after it: who
# knows causes and effects should put causes first.

weights = ordered.generative_lateral_coefs_[0]
figure, axes = plt.subplots(1, 3, figsize=(7, 2.5), layout="constrained")
for ax, (row, column) in zip(axes, [(3, 3), (5, 2), (6, 5)], strict=True):
    ax.imshow(
        weights[:, 8 * row + column].reshape(8, 8),
        cmap="RdBu_r",
        vmin=-3,
        vmax=3,
    )
    ax.plot(column, row, "ks", markersize=9, fillstyle="none")
    ax.set(xticks=[], yticks=[], title=f"row {row}, column {column}")

# %%
# Half an image
# -------------
# A density can be asked for any part of a row given another. The upper half is given, the lower
# drawn: `sample` weighs and moves draws until they fit.

given = np.where(np.arange(64) < 32, X_test[7], np.nan)
completed = ordered.sample(17, given=given, random_state=0)
rows = np.concatenate([X_test[7][None], completed])
figure, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
SamplesDisplay(rows.reshape(-1, 8, 8)).plot(ax, n_columns=9)
ax.set_title("a held-out digit, and its lower half drawn 17 times")
plt.show()

# sphinx_gallery_thumbnail_number = 2
