"""
What do two latents know of a digit?
====================================

A Helmholtz machine with Gaussian latents, better known as a variational autoencoder, puts every row
at a place of a space with few dimensions, and turns every place into a row. With two latents the
whole space can be looked at: here that of handwritten digits. What can be looked at is not what
describes the data best, so a machine with twenty latents stands beside it.
"""

# %%
# Data and machines
# -----------------
# 1,397 digits to learn from and 400 for the test. Pixels are on or off. The grey values, divided by
# 16, would be taken as well, as probabilities of pixels to be on; but then the score is no longer
# the logarithm of a probability of the images, and compares with nothing else.
#
# Both machines have the same layers between data and latents, and learn equally long.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Ellipse
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_helmholtz import GaussianHelmholtzMachine
from sklearn_helmholtz.plotting import SamplesDisplay

ink, classes = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(
    (ink >= 8).astype(np.uint8),
    classes,
    test_size=400,
    stratify=classes,
    random_state=0,
)
settings = {
    "hidden_layer_sizes": (100, 50),
    "learning_rate_init": 0.01,
    "max_iter": 150,
}
two, twenty = (
    GaussianHelmholtzMachine(n, random_state=0, **settings).fit(X_train)
    for n in (2, 20)
)

# %%
# Two latents are for looking at
# ------------------------------
# The score falls by two nats: two numbers do not say what many say of the strokes of a
# digit. Latents whose posterior is the same for all rows, that of the prior, are not active: about
# half of the twenty say nothing at all, and do no harm.

warnings.filterwarnings(
    "ignore", message="This log-likelihood"
)  # the last column says so
print("Held-out log-likelihood, nats per image (higher is better)")
for machine in (two, twenty):
    result = machine.log_likelihood(X_test, n_importance_samples=1000)
    print(
        f"{machine.n_components:3} latents, {machine.active_units_.sum()}"
        f" of them active: {result.mean:.2f} +-"
        f" {result.standard_error:.2f},"
        f" {'reliable' if result.reliable else 'not reliable'}"
    )

# %%
# A map of digits
# ---------------
# The prior is normal, so that equal steps of its quantiles cut the plane into cells of the same
# probability. Left, the expected image in the middle of each cell. Right, the test digits where the
# encoder expects them; ellipses around every tenth reach one standard deviation of what it guesses
# in each direction. Neighbours look alike, and most classes have a region of their own, although
# nobody told the machine of classes. Between regions lie images that are no digits: the map has to
# be continuous.

n_side = 12
quantiles = norm.ppf((np.arange(n_side) + 0.5) / n_side)
across, up = np.meshgrid(quantiles, quantiles[::-1])
images = two.inverse_transform(
    np.stack([across.ravel(), up.ravel()], axis=1)
)
Z, std = two.transform(X_test, return_std=True)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 6.6), layout="constrained"
)
tiles = np.pad(
    images.reshape(n_side, n_side, 8, 8), [(0, 0), (0, 0), (1, 1), (1, 1)]
)
mosaic = tiles.swapaxes(1, 2).reshape(10 * n_side, 10 * n_side)
left.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1)
places = 10 * (np.arange(n_side) + 0.5) - 0.5
ticks = slice(0, n_side, 2)
left.set_xticks(places[ticks], [f"{q:.1f}" for q in quantiles[ticks]])
left.set_yticks(places[ticks], [f"{q:.1f}" for q in quantiles[::-1][ticks]])
left.set(
    title="Expected images", xlabel="first latent", ylabel="second latent"
)
colours = plt.get_cmap("tab10").colors
for place, scale, digit in zip(
    Z[::10], std[::10], y_test[::10], strict=True
):
    ellipse = Ellipse(
        place, *(2 * scale), color=colours[digit], alpha=0.25, linewidth=0
    )
    right.add_patch(ellipse)
for digit in range(10):
    right.scatter(
        *Z[y_test == digit].T,
        marker=f"${digit}$",
        color=colours[digit],
        s=45,
        linewidth=0.3,
    )
right.set(
    title="Test digits at their posterior means", xlabel="first latent"
)
right.set_aspect("equal")

# %%
# There and back
# --------------
# What is left of a digit that goes through the latents? `inverse_transform` of `transform` is the
# expected image at the posterior mean. Two latents keep what kind of digit it is, and at times not
# even that; twenty keep how it was written.

shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
digits = X_test[shown]
rows = {"digit": digits} | {
    f"{machine.n_components} latents": machine.inverse_transform(
        machine.transform(digits)
    )
    for machine in (two, twenty)
}


def draw_rows(rows, title, height):
    """Draw images in a line for each name."""
    figure, axes = plt.subplots(
        len(rows), 10, figsize=(10, height), layout="constrained"
    )
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images.reshape(-1, 8, 8), strict=True):
            ax.imshow(
                image,
                cmap=plt.get_cmap("gray_r").with_extremes(bad="tab:orange"),
                vmin=0,
                vmax=1,
            )
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    figure.suptitle(title)


draw_rows(
    rows, "Digits, and their expected images at their posterior means", 3.4
)

# %%
# What the upper half says of the lower
# -------------------------------------
# The lower half of the digits is hidden from the machine with twenty latents. Means are blurred
# where several digits go on differently from the same upper half; draws decide, each for one way
# to go on. Many draws tell how sure the machine is: black in the last line is a standard deviation
# of a half, as of a coin.

halves = digits.astype(float)
halves[:, 32:] = np.nan
twenty.set_params(n_importance_samples=500)
draws = twenty.impute(halves, "sample", n_imputations=100, random_state=0)
rows = {
    "digit": digits,
    "what is seen": halves,
    "mean": twenty.impute(halves),
}
rows |= {f"draw {number}": draw for number, draw in enumerate(draws[:3], 1)}
rows["2 x deviation"] = 2 * draws.std(axis=0)
draw_rows(
    rows, "Lower halves in orange, and what the machine makes of them", 7
)

# %%
# New digits
# ----------
# `sample` draws latents from the prior and pixels given these.

figure, axes = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
figure.get_layout_engine().set(wspace=0.1)
for ax, machine in zip(axes, (two, twenty), strict=True):
    SamplesDisplay(
        machine.sample(36, random_state=0).reshape(-1, 8, 8)
    ).plot(ax)
    ax.set_title(f"Samples, {machine.n_components} latents")
plt.show()

# sphinx_gallery_thumbnail_number = 1
