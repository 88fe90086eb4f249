"""
What do autoregressive layers add to hidden causes?
===================================================

In a plain Helmholtz machine the pixels of an image are independent once the hidden causes are
known. Whatever two neighbouring pixels have to do with each other has to go through a cause. An
autoregressive machine adds the short way: each pixel also sees those before it.
"""

# %%
# Two machines
# ------------
# Handwritten digits in black and white: 8 x 8 pixels, read line by line. Both machines have the
# same hidden layer. The plain one gets a learning rate that falls; the autoregressive one takes an
# average of its last parameters instead, and a penalty whose strength it learns: those are its
# defaults.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood
from sklearn_helmholtz.plotting import SamplesDisplay

X = (load_digits().data >= 8).astype(np.uint8)
X = X[np.random.default_rng(0).permutation(len(X))]
train, test = X[:1400], X[1400:]

plain = HelmholtzMachine(50, learning_rate="cosine", random_state=0).fit(train)
autoregressive = HelmholtzMachine(50, autoregressive=True, random_state=0).fit(train)

for name, machine in {"plain": plain, "autoregressive": autoregressive}.items():
    result = machine.log_likelihood(test)
    print(f"{name:>14}: {result.mean:.2f} +- {result.standard_error:.2f} nats per test image")
print(compare_log_likelihood(autoregressive, plain, test).summary)

# %%
# Samples
# -------
# Drawn pixel by pixel, given hidden causes that were drawn from their prior: strokes hold together
# better where a pixel knows its neighbours.

fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
images = {
    "data": test[:36],
    "plain": plain.sample(36, random_state=1),
    "autoregressive": autoregressive.sample(36, random_state=1),
}
for ax, (name, rows) in zip(axes, images.items(), strict=True):
    SamplesDisplay(rows.reshape(-1, 8, 8)).plot(ax)
    ax.set_title(name)

# %%
# What a pixel sees
# -----------------
# The lateral weights into three pixels (marked), as a picture of where they come from: red makes
# the pixel more likely, blue less. The large ones come from the pixels just before it, above and to
# the left; the rest is left to the causes. The weights are strictly upper triangular: no pixel sees
# one after it.

weights = autoregressive.generative_lateral_coefs_[0]
fig, axes = plt.subplots(1, 3, figsize=(7, 2.5), layout="constrained")
for ax, (row, column) in zip(axes, [(3, 3), (5, 2), (6, 5)], strict=True):
    pixel = 8 * row + column
    ax.imshow(weights[:, pixel].reshape(8, 8), cmap="RdBu_r", vmin=-3, vmax=3)
    ax.plot(column, row, "ks", markersize=9, fillstyle="none")
    ax.set(xticks=[], yticks=[], title=f"row {row}, column {column}")

sees_later = np.tril(weights).any()
print("Does any pixel see a later one?", bool(sees_later))

# %%
# Half an image
# -------------
# What is missing is drawn given all that is known, before or after it: `sample` weighs and moves
# draws until they fit.

given = np.where(np.arange(64) < 32, test[7], np.nan).astype(float)
completed = autoregressive.sample(17, given=given, random_state=0)
rows = np.concatenate([test[7][None], completed])
fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
SamplesDisplay(rows.reshape(-1, 8, 8)).plot(ax, n_columns=9)
ax.set_title("an image, and the lower half of it drawn 17 times")
plt.show()
