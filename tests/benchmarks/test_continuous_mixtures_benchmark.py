"""Continuous mixtures against loops over points and columns, a tree of counts, and enumeration."""

import csv
import itertools
import math
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks import continuous_mixtures  # noqa: E402
from benchmarks import torch_continuous_mixtures as model  # noqa: E402
from benchmarks.simple_densities import ChowLiuTree  # noqa: E402

PARENTS = [2, 0, -1, 2]
STRUCTURES = {"S_F": lambda: model.Independent(4), "S_CLT": lambda: model.Tree(PARENTS)}
ALL_ROWS = np.array(list(itertools.product([0, 1], repeat=4)), dtype=np.uint8)

both_structures = pytest.mark.parametrize("name", STRUCTURES)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(rows):
    return torch.from_numpy(np.asarray(rows, np.float32))


def mixture_of(name):
    """A mixture whose decoder depends much on the latents."""
    mixture = model.ContinuousMixture(STRUCTURES[name](), seed=1)
    with torch.no_grad():
        for parameter in mixture.decoder.parameters():
            parameter += torch.randn_like(parameter)
    return mixture


def correlated(n, seed=0):
    """Rows of four columns in pairs that mostly agree."""
    rng = np.random.default_rng(seed)
    X = np.repeat(rng.random((n, 2)) < [0.3, 0.6], 2, axis=1)
    return (X ^ (rng.random((n, 4)) < 0.1)).astype(np.uint8)


def by_loops(name, outputs, x):
    """p(x | z) for a row and the outputs at a point, column by column."""
    product = 1.0
    for i, value in enumerate(x):
        has_parent_on = name == "S_CLT" and PARENTS[i] >= 0 and x[PARENTS[i]]
        p = 1 / (1 + math.exp(-outputs[4 + i if has_parent_on else i]))
        product *= p if value else 1 - p
    return product


@both_structures
def test_probabilities_are_those_of_loops_and_sum_to_one(name):
    mixture, z = mixture_of(name), model.fixed_lattice(8)
    found = mixture.score_samples(tensor(ALL_ROWS), z).double().exp().numpy()
    outputs = mixture.decoder.eval()(z).tolist()
    expected = [np.mean([by_loops(name, of_one, x) for of_one in outputs]) for x in ALL_ROWS]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-9)
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert np.ptp(expected) > 0.05


def test_a_constant_decoder_of_counts_is_the_tree_of_counts():
    X = correlated(300)
    tree = ChowLiuTree(continuous_mixtures.SMOOTHING).fit(X)
    mixture = model.ContinuousMixture(continuous_mixtures.structure_of("S_CLT", X))
    log_odds = np.zeros((2, 4))
    log_odds[:, tree.edges_[1]] = tree.log_conditional_[:, 1] - tree.log_conditional_[:, 0]
    log_odds[:, 0] = [tree.log_root_[1] - tree.log_root_[0], 99]  # the second is not looked at
    with torch.no_grad():
        mixture.decoder[-1].weight.zero_()
        mixture.decoder[-1].bias.copy_(tensor(log_odds.ravel()))
    found = mixture.score_samples(tensor(ALL_ROWS), model.fixed_lattice(16))
    np.testing.assert_allclose(found, tree.score_samples(ALL_ROWS), atol=1e-5)


def test_points_are_a_shifted_lattice_of_normal_quantiles():
    z = model.lattice(64, torch.Generator().manual_seed(3))
    uniform = torch.special.ndtr(z.double())
    for of_latent in uniform.T:
        np.testing.assert_allclose(np.diff(np.sort(of_latent)), 1 / 64, atol=1e-6)
    steps = (uniform[1:] - uniform[:-1]) * 64 - torch.tensor(model.GENERATOR)
    np.testing.assert_allclose(torch.cos(2 * math.pi * steps / 64), 1, atol=1e-6)
    other = model.lattice(64, torch.Generator().manual_seed(4))
    assert (z - other).abs().min() > 0
    assert torch.equal(model.fixed_lattice(64), model.fixed_lattice(64))


def test_widths_are_those_of_the_original():
    widths = [layer.out_features for layer in model.net(69) if isinstance(layer, torch.nn.Linear)]
    assert widths == [14, 24, 34, 44, 54, 69]


def climb(scores, **limits):
    """Parameters that were scored, those that are kept, and the course, where scores are told."""
    points, seen = model.Points(torch.zeros(1, 4)), []

    def score():
        seen.append(points.z.detach().clone())
        return scores[len(seen) - 1]

    course = model._climb(
        points, lambda x: x @ points.z[0], score, torch.ones(300, 4),
        model.Limits(**{"n_epochs": len(scores), "patience": 2} | limits), torch.Generator(),
    )  # fmt: skip
    return seen, points.z.detach(), course


def test_the_best_epoch_is_kept_and_patience_ends():
    seen, kept, course = climb([-3.0, -1.0, -2.0, -1.5, 0.0])
    assert course == model.Course(4, False)
    assert torch.equal(kept, seen[1])
    assert (np.diff([float(z[0, 0]) for z in seen]) > 0).all()  # Adam goes up
    assert climb([-3.0, -1.0, -2.0, 0.0, 1.0])[2].n_epochs == 5


def test_time_ends_a_course_after_an_epoch_at_least():
    seen, kept, course = climb([-1.0, -2.0, 0.0], deadline=time.process_time() - 1)
    assert course == model.Course(2, True)
    assert torch.equal(kept, seen[0])


@both_structures
def test_points_are_learnt_on_a_decoder_that_stays(name):
    X, mixture = correlated(256), mixture_of(name)
    train, z = tensor(X), model.fixed_lattice(8)
    before = {key: value.clone() for key, value in mixture.decoder.state_dict().items()}
    points, course = model.learn_points(mixture, train, train, 8, model.Limits(5, 5))
    assert all(torch.equal(before[key], v) for key, v in mixture.decoder.state_dict().items())
    gain = mixture.score_samples(train, points) - mixture.score_samples(train, z)
    assert gain.mean() > 0
    assert course == model.Course(5, False)


@both_structures
def test_decoders_reach_what_dependences_are_worth(name):
    X = correlated(2000)
    mixture = model.ContinuousMixture(continuous_mixtures.structure_of(name, X))
    train, z = tensor(X), model.fixed_lattice(64)
    model.learn_decoder(mixture, train, train, 64, model.Limits(60, 60))
    counts = np.bincount(X @ [8, 4, 2, 1], minlength=16) / len(X)
    best = (counts[counts > 0] * np.log(counts[counts > 0])).sum()
    assert best - 0.05 < mixture.score_samples(train, z).mean() <= best + 1e-4


def test_a_row_has_the_best_of_four_by_valid(monkeypatch):
    for name, value in {"N_POINTS": 16, "N_SCORED_POINTS": 32, "EPOCHS": 3, "LO_EPOCHS": 2}.items():
        monkeypatch.setattr(continuous_mixtures, name, value)
    splits = {part: correlated(200, i) for i, part in enumerate(("train", "valid", "test"))}
    row = continuous_mixtures.compare("pairs", splits, 1)
    row = dict(zip(continuous_mixtures.HEADS, row, strict=True))
    valid = {name: float(row[f"{name}, valid"]) for name in continuous_mixtures.ENDS}
    assert float(row["Valid"]) == max(valid.values()) == valid[row["Chosen"]]
    assert (row["Columns"], row["Rows"], row["Epochs"]) == (4, 200, 3)
    assert row["LO epochs"] == (2 if row["Chosen"].endswith("LO") else "")
    assert row["Stopped"] == ""
    assert continuous_mixtures.compare("pairs", splits, 0)[-1] == " + ".join(valid)


def test_a_run_that_is_cut_off_goes_on(monkeypatch, tmp_path):
    path, asked = tmp_path / "table.csv", []

    def compare(name, splits, minutes):
        asked.append(name)
        if asked.count("plants") == 1 and name == "plants":
            raise KeyboardInterrupt
        return (name, *range(len(continuous_mixtures.HEADS) - 1))

    monkeypatch.setattr(continuous_mixtures, "compare", compare)
    monkeypatch.setattr(continuous_mixtures, "load", lambda folder, name: None)
    names = ["nltcs", "plants", "dna"]
    with pytest.raises(KeyboardInterrupt):
        continuous_mixtures.run("nowhere", names, 1, path)
    continuous_mixtures.run("nowhere", names, 1, path)
    assert asked == ["nltcs", "plants", "plants", "dna"]
    with path.open(newline="") as file:
        assert [row["Data"] for row in csv.DictReader(file)] == names
