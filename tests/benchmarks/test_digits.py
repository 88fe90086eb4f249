"""The demonstration on digits has the settings that the search chose."""

import csv
import json

import pytest

from benchmarks.digits import models
from benchmarks.digits_search import RESULTS


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("RestrictedBoltzmannMachine", "RestrictedBoltzmannMachine"),
        ("HelmholtzMachine", "HelmholtzMachine"),
        ("BernoulliRBM, tuned", "BernoulliRBM"),
        ("HelmholtzMachine, lateral", "HelmholtzMachine, autoregressive"),
        ("mixture of Bernoullis", "BernoulliMixture"),
        ("independent pixels", "IndependentBernoulli"),
    ],
)
def test_settings_have_the_best_held_out_bound(name, family):
    with RESULTS.open(newline="") as file:
        tried = [record for record in csv.DictReader(file) if record["family"] == family]
    chosen = json.loads(max(tried, key=lambda record: float(record["valid"]))["settings"])
    given = models()[name].get_params()
    assert json.loads(json.dumps({setting: given[setting] for setting in chosen})) == chosen
