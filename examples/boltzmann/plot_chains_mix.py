"""
Do the chains mix?
==================

Draws from a Boltzmann machine come from Markov chains, and so does the half of the gradient that
is the model's own. Where the data fall into groups with nothing between them, chains stay in the
group where they are. This example is the smallest of that kind: rows of 16 values that are nearly
all 0, or, one time in ten, nearly all 1.
"""

# %%
# Two groups
# ----------
# Each value is turned around with probability 0.05. The machine is small enough for everything to
# be exact: all 65,536 rows can be scored, and `mass` sums up those with more ones than zeros.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_helmholtz import RestrictedBoltzmannMachine

rng = np.random.default_rng(0)
is_one = rng.random((5000, 1)) < 0.1
X = (is_one ^ (rng.random((5000, 16)) < 0.05)).astype(np.uint8)
every_row = (np.arange(2**16)[:, None] >> np.arange(16) & 1).astype(
    np.uint8
)


def mostly_one(rows):
    return rows.mean(axis=1) > 0.5


def mass(machine):
    return np.exp(machine.score_samples(every_row))[
        mostly_one(every_row)
    ].sum()


machine = RestrictedBoltzmannMachine(
    4, alpha=0, n_iter=60, n_chains=1000, random_state=0
).fit(X)
print(
    f"mostly ones: {mostly_one(X).mean():.3f} of the rows,"
    f" {mass(machine):.3f} of the machine"
)

# %%
# Watching chains
# ---------------
# Twelve chains, half of them from each group. `gibbs` makes steps from given rows, here 300 of
# them, and hardly any chain crosses: whoever takes these for draws finds groups in the shares that
# were put in. `sample` draws independent rows, here exactly, and finds both groups by their masses.

n_steps = 300
rows = np.repeat([[0] * 16, [1] * 16], 6, axis=0).astype(np.uint8)
paths = [rows.mean(axis=1)]
for step in range(n_steps):
    rows = machine.gibbs(rows, random_state=step)
    paths.append(rows.mean(axis=1))

draws = machine.sample(5000, random_state=0)
in_chains, in_draws = mostly_one(rows).mean(), mostly_one(draws).mean()
print(
    f"mostly ones: {in_chains:.2f} of the chains, {in_draws:.3f} of draws"
)

figure, (left, right) = plt.subplots(
    1,
    2,
    figsize=(9, 3.6),
    width_ratios=(2, 1),
    sharey=True,
    layout="constrained",
)
left.plot(np.array(paths), linewidth=0.7)
left.set(
    xlabel="step",
    ylabel="share of ones in the row",
    title="Twelve Gibbs chains",
)
bins = np.arange(18) / 16 - 1 / 32
share = {"data": X, "draws of sample": draws}
for (name, each), colour in zip(share.items(), ("0.7", "C0"), strict=True):
    style = (
        {"histtype": "stepfilled"}
        if name == "data"
        else {"histtype": "step", "linewidth": 2}
    )
    right.hist(
        each.mean(axis=1),
        bins,
        density=True,
        orientation="horizontal",
        color=colour,
        label=name,
        **style,
    )
right.set(xlabel="density", title="What there is")
right.legend()

# %%
# What becomes of training
# ------------------------
# Persistent chains hardly cross either, once the machine has learnt that groups are apart. How much
# each weighs is then a matter of balance: where too many chains are in a group, training takes
# probability from it until some leave. With a thousand chains that comes out about right; with a
# hundred, the default, it depends on the start, and with ten a share of one in ten is hardly to be
# had. *Contrastive divergence* starts its chains in the rows, and never sees that they would not
# stay in that proportion: it learns what groups look like, and nothing of how much they weigh.
# Chains at several temperatures (``negative_phase="tempered"``) change places, and hot ones cross:
# they come near the share from every start here, and take several times as long for an epoch.

ways = {
    "persistent, 10 chains": {"n_chains": 10},
    "persistent, 100 chains": {},
    "persistent, 1000 chains": {"n_chains": 1000},
    "contrastive divergence": {"negative_phase": "cd"},
    "tempered, 100 chains": {"negative_phase": "tempered"},
}
masses, scores = {}, {}
for name, params in ways.items():
    found = [
        RestrictedBoltzmannMachine(
            4, alpha=0, n_iter=40, random_state=seed, **params
        ).fit(X)
        for seed in range(3)
    ]
    masses[name] = [mass(each) for each in found]
    scores[name] = np.mean([each.score(X) for each in found])
    print(
        f"{name:24} mass {np.round(masses[name], 3)}, score"
        f" {scores[name]:.2f} nats"
    )

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for place, values in enumerate(masses.values()):
    ax.plot(values, [place] * len(values), "o", color="C0")
ax.axvline(
    mostly_one(X).mean(), color="gray", linestyle=":", label="of the rows"
)
ax.set_yticks(range(len(masses)), list(masses))
ax.invert_yaxis()
ax.set(
    xlabel="mass of rows with more ones than zeros, three starts",
    xlim=(-0.02, 1.02),
)
ax.legend()
plt.show()

# sphinx_gallery_thumbnail_number = 1
