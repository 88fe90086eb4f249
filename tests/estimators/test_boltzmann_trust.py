"""What the judgement of a Boltzmann machine's partition function rests on."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    RestrictedBoltzmannMachine,
    load,
    save,
)
from sklearn_helmholtz.inference import MAX_AUTOMATIC_SIDE

N_HIDDEN = MAX_AUTOMATIC_SIDE + 2


def rows(n_rows=60):
    return (np.random.default_rng(0).random((n_rows, 24)) < 0.3).astype(np.uint8)


def learnt(**params):
    settings = {"n_iter": 2, "n_temperatures": 20, "random_state": 0} | params
    return RestrictedBoltzmannMachine(N_HIDDEN, **settings).fit(rows())


@pytest.fixture(scope="module")
def machine():
    return learnt()


def test_chains_of_training_bear_witness(machine):
    known = machine.log_partition_
    assert known.reversed_from == "training"
    found = machine._model.partition(100, 20, 1)
    assert (known.lower, known.upper) == (
        min(found.value, found.back),
        max(found.value, found.back),
    )
    assert_array_equal(machine._model.chains, machine.h_samples_)


@pytest.mark.parametrize("params", [{"negative_phase": "cd"}, {"n_chains": 19}])
def test_without_such_chains_annealing_is_its_own_judge(params):
    assert learnt(**params).log_partition_.reversed_from == "annealing"


def test_parameters_have_no_chains_and_exact_values_need_none(machine):
    arrays = machine.components_, machine.intercept_hidden_, machine.intercept_visible_
    found = RestrictedBoltzmannMachine.from_parameters(*arrays, n_temperatures=20).log_partition_
    assert found.reversed_from == "annealing"
    few = [array[:3] for array in arrays[:2]]
    exact = RestrictedBoltzmannMachine.from_parameters(*few, arrays[2]).log_partition_
    assert exact.reversed_from is None


def test_the_coldest_of_tempered_chains_bear_witness():
    machine = learnt(negative_phase="tempered", n_tempered=3)
    assert machine.log_partition_.reversed_from == "training"
    assert_array_equal(machine._model.chains, machine.h_samples_)


def test_real_data_have_witnesses():
    X = np.random.default_rng(0).normal(size=(60, 4))
    machine = RestrictedBoltzmannMachine(N_HIDDEN, n_iter=2, n_temperatures=20).fit(X)
    assert machine.log_partition_.reversed_from == "training"


def test_more_training_has_new_witnesses(machine):
    again = pickle.loads(pickle.dumps(machine)).partial_fit(rows())
    assert (again.h_samples_ != machine.h_samples_).any()
    assert_array_equal(again._model.chains, again.h_samples_)


def test_copies_judge_alike(machine, tmp_path):
    save(machine, tmp_path / "machine.zip")
    for copy in (pickle.loads(pickle.dumps(machine)), load(tmp_path / "machine.zip")):
        assert copy.log_partition_ == machine.log_partition_
        assert_array_equal(copy._model.chains, machine.h_samples_)


def test_scores_do_not_depend_on_what_else_was_asked(machine):
    copy, X = pickle.loads(pickle.dumps(machine)), rows()
    before = vars(copy).copy()
    alone = copy.score_samples(X[:3])
    assert_array_equal(copy.score_samples(X)[:3], alone)
    assert_array_equal(copy.score_samples(X[:3]), machine.score_samples(X[:3]))
    assert vars(copy).keys() == before.keys()
    assert all(vars(copy)[name] is value for name, value in before.items())


def test_chains_of_scikit_learn_bear_witness_and_go_on():
    rbm = BernoulliRBM(N_HIDDEN, batch_size=30, n_iter=2, random_state=0).fit(rows())
    machine = RestrictedBoltzmannMachine.from_sklearn(rbm, n_temperatures=20)
    assert_array_equal(machine.h_samples_, rbm.h_samples_)
    assert machine.log_partition_.reversed_from == "training"
    assert machine.partial_fit(rows()).h_samples_.shape == rbm.h_samples_.shape


def test_what_both_ways_found_is_told_of_scores_that_are_not_reliable():
    rng = np.random.default_rng(0)
    arrays = rng.normal(0, 3, (N_HIDDEN, 24)), np.zeros(N_HIDDEN), np.zeros(24)
    machine = RestrictedBoltzmannMachine.from_parameters(*arrays, n_temperatures=3)
    with pytest.warns(UserWarning, match="ends of its own chains") as caught:
        result = machine.log_likelihood(rows())
    assert not result.reliable
    known = machine._model.partition(100, 3, 1)
    told = f"log Z at {known.value:.2f}, and its reverse, from the ends of its own chains, at "
    assert f"{told}{known.back:.2f}." in str(caught[0].message)


@pytest.mark.parametrize(
    "model",
    [
        DeepBeliefNet((22, 21), max_iter=2, pretrain_max_iter=2, n_chains=30, random_state=0),
        DeepBoltzmannMachine((22, 3), n_iter=2, n_chains=30, random_state=0),
    ],
    ids=["belief net", "Boltzmann machine"],
)
def test_chains_of_deep_models_bear_witness_and_are_kept_in_files(model, tmp_path):
    rows = np.random.default_rng(0).integers(0, 2, (60, 22))
    known = model.set_params(n_temperatures=20).fit(rows).log_partition_
    assert (known.method, known.reversed_from) == ("annealed", "training")
    save(model, tmp_path / "model.npz")
    assert load(tmp_path / "model.npz").log_partition_ == known
