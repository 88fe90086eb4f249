"""Results: how they print, what they keep, and the DataFrames that they make."""

import copy
import html.parser
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.mixture import GaussianMixture

from sklearn_helmholtz import (
    FactorAnalysis,
    HeldOutLikelihood,
    HelmholtzMachine,
    compare_log_likelihood,
)
from sklearn_helmholtz.estimators.results import Result
from sklearn_helmholtz.estimators.results.figures import rounded, with_error
from tests.shells import BINARY, REAL, binary_rows, real_rows

pytestmark = pytest.mark.filterwarnings("ignore:This log-likelihood")
SHELLS = {**{f"real {k}": (v, real_rows) for k, v in REAL.items()}}
SHELLS |= {name: (BINARY[name], binary_rows) for name in ("machine", "large", "gibbs")}
LABELS = [f"row {number}" for number in range(60)]
ANSWERS = "log_likelihood", "log_likelihood_bounds", "posterior", "compare_log_likelihood", "look"


@pytest.fixture(scope="module", params=SHELLS)
def fitted(request):
    make, rows = SHELLS[request.param]
    X = pd.DataFrame(rows(60), index=LABELS).add_prefix("q")
    return make().fit(X), X


@pytest.fixture(scope="module")
def results(fitted):
    """One result of each kind, by the method that made it."""
    model, X = fitted
    found = {
        "log_likelihood": model.log_likelihood(X),
        "log_likelihood_bounds": model.log_likelihood_bounds(30, random_state=0),
        "posterior": model.posterior(X, random_state=0),
        "compare_log_likelihood": compare_log_likelihood(model, model, X),
    }
    if hasattr(model, "max_iter") and "early_stopping" in model.get_params():
        monitor = HeldOutLikelihood()
        copy.deepcopy(model).fit(X, X_val=X, monitor=monitor)
        found["look"] = monitor.history[0]
    return found


@pytest.fixture(scope="module")
def wide():
    """A machine of more hidden units than are enumerated, and its rows."""
    X = binary_rows(60)
    return HelmholtzMachine(20, max_iter=1, random_state=0).fit(X), X


# Text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-16.5712, 0.2345, "-16.57 ± 0.23"),
        (-16.5712, 0.0996, "-16.571 ± 0.100"),
        (-16.5712, 2.345, "-16.6 ± 2.3"),
        (-1657.12, 234.5, "-1657 ± 234"),
        (3.25, 0.0, "3.25 ± 0"),
        (1.0, 3.2e-8, "1.000000 ± 3.2e-08"),
        (-1e20, 1e18, "-1e+20 ± 1e+18"),
        (-np.inf, np.nan, "-inf ± unknown"),
        (-2.5, np.inf, "-2.5 ± unknown"),
    ],
)
def test_values_have_the_digits_that_their_errors_leave(value, error, text):
    assert with_error(value, error) == text


def test_a_value_without_an_error_has_six_digits():
    assert rounded(-1234.56789, 0.0) == rounded(-1234.56789, np.nan) == "-1234.57"


def test_all_results_print_in_a_few_lines(results):
    for result in results.values():
        assert str(result) == repr(result)
        lines = repr(result).splitlines()
        assert len(lines) <= 9
        assert max(map(len, lines)) <= 100
        assert "±" in repr(result) or "hidden units by layer" in lines[0]
        assert ("±" in repr(result)) == ("standard error" in repr(result))


def test_an_exact_log_likelihood_prints_its_figures():
    rows = real_rows(60)
    result = FactorAnalysis(1).fit(rows).log_likelihood(rows)
    assert repr(result).splitlines() == [
        f"LogLikelihoodResult: {result.mean:.2f} ± {result.standard_error:.2f} nats per row "
        "(mean ± standard error)",
        "  rows      60",
        "  method    exact",
        "  reliable  yes",
    ]
    assert result.remedy is result.n_importance_samples is result.n_temperatures is None


def test_estimates_say_how_they_were_made(wide):
    model, X = wide
    found = model.log_likelihood(X, n_importance_samples=300)
    assert "importance sampling, 300 samples for each row: a lower bound in expec" in repr(found)
    assert f"Monte Carlo error {rounded(*[found.monte_carlo_error] * 2)}, bias" in repr(found)
    assert (found.n_importance_samples, found.n_temperatures) == (300, None)
    found = model.log_likelihood(X[:9], method="annealed", n_temperatures=7)
    assert "annealed importance sampling, 20 chains of 7 temperatures" in repr(found)
    assert (found.n_importance_samples, found.n_temperatures) == (20, 7)
    assert "200 samples for each row" in repr(model.log_likelihood_bounds(5))
    bounds = model.log_likelihood_bounds(
        5, method="annealed", n_temperatures=7, n_importance_samples=1
    )
    assert "annealing in both directions, 1 chain for each row" in repr(bounds)


def test_unreliable_results_say_so_and_what_to_do(wide):
    model, X = wide
    with pytest.warns(UserWarning, match="cannot be trusted: it may be far too low.*Raise n_imp"):
        found = model.log_likelihood(X, n_importance_samples=2)
    assert not found.reliable
    assert found.remedy.startswith("Raise n_importance_samples, train longer, or use method='ann")
    text = " ".join(repr(found).split())
    assert "reliable NO: it may be far too low" in text
    assert found.remedy in text
    assert "effective sample size of the rows is " in text
    posterior = model.posterior(X, n_importance_samples=2, random_state=0)
    assert "reliable NO: few particles carry the answer of 60 rows" in " ".join(
        repr(posterior).split()
    )
    moved = model.posterior(X, method="gibbs", n_importance_samples=2, random_state=0)
    assert "reliable" not in repr(moved)


def test_comparisons_of_unreliable_likelihoods_say_so(wide):
    model, X = wide
    poor = copy.deepcopy(model).set_params(n_importance_samples=2)
    mixture = GaussianMixture(1).fit(X)
    for pair, name in (((poor, model), "a"), ((mixture, poor), "b"), ((poor, poor), "a and b")):
        found = compare_log_likelihood(*pair, X)
        assert not found.reliable
        assert found.remedy.startswith(f"Raise n_importance_samples of {name}, or")
        text = " ".join(repr(found).split())
        assert "NO: the likelihoods compared cannot be trusted, and may be far too low." in text
        assert found.remedy in text
    assert compare_log_likelihood(model, mixture, X).reliable
    assert compare_log_likelihood(model, mixture, X).remedy is None


def test_verdicts_are_those_of_the_summary():
    class Fixed:
        def __init__(self, scores):
            self.score_samples = lambda X: np.asarray(scores)

    zeros, X = Fixed([0.0, 0, 0, 0]), np.zeros((4, 1))
    for scores, verdict in (
        ([1.0, 1.1, 0.9, 1], "the first model is better"),
        ([-1.0, -1.1, -0.9, -1], "the second model is better"),
        ([1.0, -1, 1, -1], "the two models cannot be told apart"),
    ):
        found = compare_log_likelihood(Fixed(scores), zeros, X)
        assert f"  verdict   {verdict}\n" in repr(found)
        assert found.summary.lower().startswith(verdict)
        assert_array_equal(found.per_sample, scores)


def test_weighted_rows_are_said_to_be(wide):
    model, X = wide
    weights = np.r_[np.zeros(20), np.ones(20), np.full(20, 3.0)]
    found = model.log_likelihood(X, sample_weight=weights)
    assert "rows      60, weighted: worth 32.0 of equal weight" in repr(found)  # 80^2 / 200


def test_looks_of_monitors_say_the_epoch():
    monitor, rows = HeldOutLikelihood(every=2), binary_rows(60)
    HelmholtzMachine(2, max_iter=2, random_state=0).fit(rows, X_val=rows, monitor=monitor)
    assert repr(monitor.history[0]).splitlines()[1].split() == ["epoch", "2"]


# Notebooks


class Cells(html.parser.HTMLParser):
    """The texts of a table's cells, and whether what is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells[-1] += data


def test_tables_for_notebooks_hold_what_the_text_does(results):
    for result in results.values():
        text = result._repr_html_()
        cells = Cells(text).cells
        assert " ".join(cells).split() == repr(result).split()
        assert "color" not in text
        assert "background" not in text


def test_tables_escape_what_they_hold(wide):
    result = wide[0].log_likelihood(wide[1][:5])
    result.reliable, result.remedy = False, "Use <b> & not <i>."
    assert "Use &lt;b&gt; &amp; not &lt;i&gt;." in result._repr_html_()


# Access, copies


def test_fields_are_attributes_and_items(results):
    for name, result in results.items():
        assert set(result) <= set(dir(result))
        assert "to_frame" in dir(result)
        for field in result:
            assert getattr(result, field) is result[field]
        with pytest.raises(AttributeError):
            result.nothing  # noqa: B018
        assert name != "look" or result.epoch == 1


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))]
)
def test_copies_are_whole(results, duplicate):
    for result in results.values():
        again = duplicate(result)
        assert type(again) is type(result)
        assert list(again) == list(result)
        assert repr(again) == repr(result)
        pd.testing.assert_frame_equal(again.to_frame(), result.to_frame())
        first = next(iter(result))
        again[first] = None
        assert result[first] is not None


# DataFrames


def test_frames_have_a_line_for_each_row(results, fitted):
    _, X = fitted
    for name, result in results.items():
        frame = result.to_frame()
        assert len(frame) == (30 if name == "log_likelihood_bounds" else 60)
        expected = range(30) if name == "log_likelihood_bounds" else X.index
        assert list(frame.index) == list(expected)
        for column in frame.columns if name != "posterior" else ():
            assert_array_equal(frame[column], result[column])
    assert list(results["log_likelihood"].to_frame()) == [
        "per_sample", "log_probability", "free_energy", "kl_gap",
        "effective_sample_size", "pareto_k",
    ]  # fmt: skip
    assert_array_equal(results["posterior"].to_frame(), np.hstack(results["posterior"].mean))


def test_columns_of_posteriors_are_the_units():
    X = binary_rows(20)
    model = HelmholtzMachine((3, 2), max_iter=1, random_state=0).fit(X)
    names = [f"layer1_{unit}" for unit in range(3)] + ["layer2_0", "layer2_1"]
    assert list(model.posterior(X).to_frame()) == names
    assert list(model.set_params(transform_layer="all").get_feature_names_out()) == names
    factors = FactorAnalysis.from_parameters([[2, 1, 0, 0], [0, 0, 1, 2]], [1, 1, 1, 1])
    frame = factors.posterior(real_rows(20)).to_frame()
    assert list(frame) == list(factors.get_feature_names_out())
    assert_array_equal(frame, factors.transform(real_rows(20)))


def test_arrays_have_numbered_rows(wide):
    model, X = wide
    for rows in (X, X.tolist(), scipy.sparse.csr_matrix(X)):
        assert list(model.log_likelihood(rows).to_frame().index) == list(range(60))
        assert list(model.posterior(rows).to_frame().index) == list(range(60))


def test_a_posterior_of_no_factors_has_rows_and_no_columns():
    model = FactorAnalysis.from_parameters(np.empty((0, 2)), [1.0, 2.0])
    assert model.posterior(np.zeros((3, 2))).to_frame().shape == (3, 0)


def test_without_pandas_frames_are_refused_by_a_sentence(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="A DataFrame needs pandas: install it with `pip inst"):
        results["log_likelihood"].to_frame()


def test_results_of_no_kind_show_their_fields():
    result = Result(df=3, rate=0.25, names=np.array(["a", "b"], object), known=np.array([True]))
    shown = "names=<array of shape (2,)>, known=<array of shape (1,), from 1 to 1>"
    assert repr(result) == f"Result(df=3, rate=0.25, {shown})"
    assert '<th scope="row" style="text-align: left; vertical-align: top">rate</th>' in (
        result._repr_html_()
    )
    assert result.df == result["df"] == pickle.loads(pickle.dumps(result)).df == 3
