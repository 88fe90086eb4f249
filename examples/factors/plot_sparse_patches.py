"""
What are photographs made of?
=============================

Small patches of photographs are made of few edges at a time, out of many that
there could be (Olshausen & Field, 1997). Sparse coding finds them; here it is
a density, so that the number of atoms is a matter of the likelihood of
patches that it has not seen, on one scale with a normal distribution and a
mixture of such.
"""

# %%
# Patches
# -------
#
# From a picture that comes with scikit-learn: the left for learning, the right
# for the likelihood. The mean grey of each patch is taken off, flat patches
# are left out, and 30 principal components are scaled to variance 1.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from sklearn_helmholtz import SparseCoding

SIDE, FLAT = 8, 0.06


def patches(n, start, stop, seed):
    rng, grey = np.random.default_rng(seed), load_sample_image("china.jpg")
    grey = grey.mean(axis=2) / 255
    corners = zip(
        rng.integers(0, grey.shape[0] - SIDE, n),
        rng.integers(start, stop - SIDE, n),
        strict=True,
    )
    found = [grey[i : i + SIDE, j : j + SIDE].ravel() for i, j in corners]
    found = np.array(found)
    found -= found.mean(axis=1, keepdims=True)
    return found[found.std(axis=1) > FLAT]


left = patches(6000, 0, 420, 0)
pca = PCA(30, whiten=True).fit(left)
X = pca.transform(left)
X_test = pca.transform(patches(500, 430, 640, 1))[:200]
print(len(X), "patches to learn from")

# %%
# The atoms
# ---------
#
# Twice as many atoms as components. Shown as patches of pixels, most are
# edges and bars at a place, of one direction and one width.

model = SparseCoding(60, max_iter=120, random_state=0).fit(X)
pictures = (
    model.components_ * np.sqrt(pca.explained_variance_) @ pca.components_
)

figure, axes = plt.subplots(5, 12, figsize=(9, 4))
for ax, picture in zip(axes.flat, pictures, strict=True):
    limit = np.abs(picture).max()
    ax.imshow(
        picture.reshape(SIDE, SIDE), cmap="gray", vmin=-limit, vmax=limit
    )
    ax.set_axis_off()
figure.suptitle("Atoms, those that explain most first")
plt.show()

# %%
# As a density
# ------------
#
# `score` is the log-likelihood of patches from the other side of the
# pictures, in nats: estimated by annealing for sparse coding, exact for the
# others. 20 chains and 300 temperatures would be the default; a few chains
# will do for a figure.

square = SparseCoding(30, max_iter=120, random_state=0).fit(X)
for each in (model, square):
    each.set_params(n_importance_samples=8)
mixture = GaussianMixture(10, reg_covar=1e-3, random_state=0).fit(X)
scores = {
    "normal": GaussianMixture(1).fit(X).score(X_test),
    "sparse coding, 30": square.score(X_test),
    "sparse coding, 60": model.score(X_test),
    "mixture of 10 normals": mixture.score(X_test),
}
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
bars = ax.barh(
    list(scores), [value - scores["normal"] for value in scores.values()]
)
ax.bar_label(bars, fmt="%.1f", padding=3)
ax.set(xlabel="nats per patch over the normal distribution")
ax.margins(x=0.12)
plt.show()

# %%
# Patches differ in contrast as a whole: where one atom is strong, others are.
# Independent factors know nothing of it, but a mixture has components for
# flat patches and for strong ones. A likelihood shows what a picture of atoms
# does not.
#
# Codes
# -----
#
# Many of the most probable codes of a patch are zero. The data say less: dots
# are expected codes, and bars their standard deviations. With so little noise
# and more atoms than components, chains move slowly from one explanation of a
# patch to another; the effective sample size says how many of them count.

size = (X_test**2).sum(axis=1)
patch = X_test[[np.argsort(size)[len(size) // 2]]]
found = model.posterior(patch, n_importance_samples=100, random_state=0)
print("effective sample size", found.effective_sample_size.round(1))
mean, deviation = found.mean[0][0], found.standard_deviation[0][0]
codes = model.transform(patch)[0]
order = np.argsort(-np.abs(mean))[:25]

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
place = np.arange(len(order))
ax.errorbar(place, mean[order], deviation[order], fmt="o", label="expected")
ax.plot(place, codes[order], "x", label="most probable")
ax.axhline(0, color="gray", lw=0.5)
ax.set(xlabel="atoms, strongest first", ylabel="code")
ax.legend()
plt.show()

# %%
# See :ref:`sparse_coding` for dictionaries that scikit-learn has learnt, for
# missing values, and for what a score costs.

# sphinx_gallery_thumbnail_number = 1
