"""
What moves slowly in a video that is mostly noise?
==================================================

Every pixel of a moving scene changes from frame to frame, but what the scene is about changes
slowly: where a thing is, not what of it a pixel happens to see. Slow feature analysis looks for
functions of the pixels that change as little as possible. Here a small camera sees a lantern that
wanders in front of a restless city, first well, then through noise much stronger than the picture,
and for a while not at all. In noise the model behind slow features, which has a likelihood, knows
what a closed form cannot: that the lantern cannot jump.
"""

# %%
# The scene
# ---------
# Both textures are scikit-learn's sample images: the lantern is a bright window on one, the city a
# dark window on the other, and both windows shake. The light flickers. The lantern drifts from side
# to side. The camera has 8 x 12 pixels.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA

from sklearn_helmholtz import FactorAnalysis, SlowFeatureAnalysis

N_FRAMES, N_TRAINED, HEIGHT, WIDTH, ZOOM, SIZE = 3000, 2000, 8, 12, 6, 24


def wander(pace, seed):
    """A smooth path between 0 and 1; pace: frames in which it changes."""
    path = np.random.default_rng(seed).normal(size=N_FRAMES + 8 * pace)
    path = gaussian_filter1d(path, pace)[4 * pace :][:N_FRAMES]
    return (path - path.min()) / (path.max() - path.min())


def window(image, height, width, seed):
    """Windows on an image that shake, one for each frame."""
    room = image.shape[0] - height, image.shape[1] - width
    rows, columns = (wander(1, seed + i) * room[i] for i in (0, 1))
    for i, j in zip(rows.astype(int), columns.astype(int), strict=True):
        yield image[i : i + height, j : j + width]


def film(place):
    """Frames of the scene, with the lantern at some places."""
    city = load_sample_image("china.jpg").mean(axis=2)[::2, ::2] / 510
    petals = load_sample_image("flower.jpg").mean(axis=2)[::3, ::3] / 510
    size, frames = (HEIGHT * ZOOM, WIDTH * ZOOM), []
    top = (size[0] - SIZE) // 2
    left = (place * (size[1] - SIZE)).astype(int)
    windows = window(city, *size, 3), window(petals, SIZE, SIZE, 5)
    scenes = zip(*windows, left, wander(1, 9), strict=True)
    for behind, lantern, j, light in scenes:
        frame = behind.copy()
        frame[top : top + SIZE, j : j + SIZE] = 0.5 + lantern
        frame *= 0.5 + light
        blocks = frame.reshape(HEIGHT, ZOOM, WIDTH, ZOOM)
        frames.append(blocks.mean(axis=(1, 3)).ravel())
    return np.array(frames)


place = wander(60, 1)
clear = film(place)
noisy = clear + np.random.default_rng(7).normal(size=clear.shape)
train, test = slice(0, N_TRAINED), slice(N_TRAINED, None)

figure, axes = plt.subplots(2, 4, figsize=(8, 3), layout="constrained")
moments = [2000, 2040, 2080, 2120]
for line, video, name in zip(
    axes, (clear, noisy), ("scene", "seen"), strict=True
):
    for axis, moment in zip(line, moments, strict=True):
        axis.imshow(video[moment].reshape(HEIGHT, WIDTH), cmap="gray")
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"{name}, frame {moment}", fontsize=9)

# %%
# In closed form
# --------------
# How well does anything in the pixels follow the lantern, on frames that were not learnt from? The
# camera sees well at first. The first principal component is what varies most, the slowest feature
# what changes least.


def likeness(feature):
    """Absolute correlation of a feature with the place."""
    return abs(np.corrcoef(feature, place[test])[0, 1])


def compare(video):
    """Print how like the place the best pixel and first features are."""
    best = max(likeness(pixel) for pixel in video[test].T)
    print(f"best pixel       {best:.2f}")
    models = {
        "first component": PCA(1),
        "slowest feature": SlowFeatureAnalysis(1),
    }
    for name, model in models.items():
        features = model.fit(video[train]).transform(video[test])
        print(f"{name}  {likeness(features[:, 0]):.2f}")


compare(clear)

# %%
# In noise
# --------
# Noise of seven times the pixels' own spread hides it from all three: each of them is a filter of
# single frames.

compare(noisy)

# %%
# ``noise="diagonal"`` learns the features as slow causes of what is seen through noise, by maximum
# likelihood. A frame by itself tells no more than before; `smooth` has what all frames together
# say, and how sure that is.

model = SlowFeatureAnalysis(2, noise="diagonal").fit(noisy[train])
single = model.transform(noisy[test])[:, 0]
print(f"frame by frame  {likeness(single):.2f}")
print(f"smoothed        {likeness(model.smooth(noisy[test])[:, 0]):.2f}")
print("autocorrelations:", model.autocorrelations_.round(3))

# %%
# Likelihoods of held-out frames compare it with a model that takes frames for rows without an
# order, and numbers of features with each other.

static = FactorAnalysis(2).fit(noisy[train])
print(f"FactorAnalysis(2)  {static.score(noisy[test]):.3f} nats per frame")
for n in (1, 2, 3, 4):
    each = SlowFeatureAnalysis(n, noise="diagonal").fit(noisy[train])
    print(f"{n} slow features    {each.score(noisy[test]):.3f}")

# %%
# While nothing is seen
# ---------------------
# Somebody holds a hand in front of the camera for 60 frames. What is missing (NaN) is left out, and
# the features go on as slow ones do, with growing doubt.

hidden = noisy[test].copy()
hidden[400:460] = np.nan
means, doubts = model.smooth(hidden, return_std=True)
h, std = means[:, 0], doubts[:, 0]
scale, shift = np.polyfit(h, place[test], 1)  # to draw both on one axis
frames = np.arange(N_TRAINED, N_FRAMES)

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(
    frames, shift + scale * single / single.std() * h.std(), ".",
    color="0.75", markersize=3, label="frame by frame",
)  # fmt: skip
middle, width = shift + scale * h, 2 * abs(scale) * std
axis.fill_between(
    frames, middle - width, middle + width, alpha=0.3, color="C0"
)
axis.plot(frames, middle, "C0", label="smoothed, two standard deviations")
axis.plot(frames, place[test], "k--", lw=1, label="where the lantern is")
axis.axvspan(2400, 2460, color="0.9", zorder=0)
axis.set(xlabel="frame", ylabel="place", ylim=(-0.1, 1.4))
axis.legend(loc="upper left", ncols=3, fontsize=8)
plt.show()

# %%
# Slow features are linear here. Quadratic ones, such as those by which Wiskott & Sejnowski (2002)
# made models of complex cells, are those of a pipeline with `PolynomialFeatures`: see the
# :ref:`user guide <slow_features>`.

# sphinx_gallery_thumbnail_number = 2
