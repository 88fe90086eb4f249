"""Benchmarks of sparse coding: densities of their rivals, likeness of atoms, and their tables."""

import csv

import numpy as np
import pytest

from benchmarks import sparse_planted
from benchmarks.linear_densities import LaplaceICA, Normal
from benchmarks.sparse_patches import patches


def test_densities_of_independent_components_and_normals_integrate_to_one():
    rng = np.random.default_rng(0)
    X = rng.laplace(size=(500, 2)) @ rng.normal(size=(2, 2)) + 1
    for model in (LaplaceICA().fit(X), Normal().fit(X)):
        axis = np.linspace(-25, 27, 401)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        total = np.exp(model.score_samples(grid)).sum() * (axis[1] - axis[0]) ** 2
        assert total == pytest.approx(1, rel=0.03)


def test_atoms_are_matched_whatever_their_order_sign_and_length():
    atoms = np.random.default_rng(0).normal(size=(5, 3))
    assert sparse_planted.likeness(-3 * atoms[::-1], atoms) == pytest.approx(1)
    assert sparse_planted.likeness(np.eye(2), [[1, 1], [-1, 1]]) == pytest.approx(np.sqrt(0.5))


def test_patches_have_no_mean_and_are_not_flat():
    found = patches(20, (0.5, 1), 0)
    assert found.shape == (20, 64)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-12)
    assert (found.std(axis=1) > 0.06).all()


def test_cases_that_are_measured_again_take_their_place(tmp_path):
    path = tmp_path / "table.csv"
    rest = [""] * (len(sparse_planted.HEADS) - 3)
    sparse_planted.write(path, [["overcomplete", "0", "a", *rest]])
    sparse_planted.write(path, [["complete", "1", "b", *rest], ["complete", "1", "c", *rest]])
    sparse_planted.write(path, [["overcomplete", "0", "d", *rest]])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == sparse_planted.HEADS
    assert [row[2] for row in rows[1:]] == ["b", "c", "d"]
