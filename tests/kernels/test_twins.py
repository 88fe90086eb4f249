"""Every kernel is compared with an oracle: a slow twin, a formula, or an enumeration.

A new kernel fails here until its line in the table says which test does that.
"""

import ast
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._kernels.random import uniform_rows
from sklearn_helmholtz._kernels.steps import average_move
from tests import naive
from tests.kernels.test_python_kernels import ROOT, every_kernel

ORACLES = {
    "activations.relu_errors": "errors_are_slopes_times_derivatives",
    "activations.relu_states": "states_are_activations_of_their_inputs",
    "activations.tanh_errors": "errors_are_slopes_times_derivatives",
    "activations.tanh_states": "tanh_is_accurate_near_zero_and_far_from_it",
    "bernoulli.bernoulli_error_binary":
        "bernoulli_error_is_its_naive_twin_summed_over_rows_that_share",
    "bernoulli.bernoulli_error_real":
        "bernoulli_error_is_its_naive_twin_summed_over_rows_that_share",
    "bernoulli.bernoulli_log_prob_binary": "bernoulli_log_prob_is_its_naive_twin",
    "bernoulli.bernoulli_log_prob_real": "bernoulli_log_prob_is_its_naive_twin",
    "bernoulli.bernoulli_log_prob_sparse":
        "sparse_rows_have_the_log_prob_and_the_errors_of_the_same_dense_rows",
    "bernoulli.bernoulli_mean": "sigmoid_is_accurate",
    "bernoulli.bernoulli_sample":
        "bernoulli_states_compare_the_documented_uniform_numbers_with_their_mean",
    "bernoulli.bernoulli_score_binary": "a_score_is_log_prob_and_error_at_once",
    "bernoulli.bernoulli_score_real": "a_score_is_log_prob_and_error_at_once",
    "bernoulli.bernoulli_score_sparse":
        "sparse_rows_have_the_log_prob_and_the_errors_of_the_same_dense_rows",
    "block_gibbs.block_gibbs_sweeps": "sweeps_of_both_sides_are_the_naive_ones",
    "competitive.competitive_parts": "parts_of_competing_causes_are_the_naive_ones",
    "competitive.competitive_slopes": "slopes_of_competing_causes_are_the_naive_ones",
    "content.content_keys_binary": "content_keys_of_uint8_and_float32_rows_agree",
    "content.content_keys_real": "content_keys_are_the_naive_ones",
    "content.content_keys_sparse": "content_keys_of_lists_are_those_of_the_rows",
    "boltzmann.boltzmann_step": "a_step_is_the_naive_one",
    "counts.weighted_counts": "counts_weigh_ones_by_their_rows",
    "dense.dense_gradient": "gradients_are_the_products_of_the_transposed_inputs",
    "dense.dense_product": "products_are_the_naive_ones_and_agree_to_the_bit_on_zeros_and_ones",
    "dense.dense_product_transposed": "products_with_a_transposed_matrix",
    "diagonal_normal.normal_divergence": "normal_divergences_have_their_value_and_slopes",
    "diagonal_normal.normal_log_prob_of_noise": "normal_densities_of_noise_are_their_slow_twins",
    "diagonal_normal.normal_pull": "normal_pulls_are_slopes_through_values",
    "diagonal_normal.normal_transport": "normal_values_and_noise_are_their_slow_twins",
    "diagonal_normal.normal_whiten": "normal_values_and_noise_are_their_slow_twins",
    "elliptical.elliptical_step": "elliptical_moves_are_the_naive_ones",
    "enumeration.bernoulli_completion_table":
        "completion_tables_hold_every_completion_under_every_state",
    "enumeration.bernoulli_shifted_table": "bernoulli_shifted_table_holds_every_pair",
    "enumeration.bernoulli_table": "bernoulli_table_holds_every_pair",
    "enumeration.gaussian_table": "gaussian_table_holds_every_pair",
    "flips.choose_references": "references_are_probable_states_of_which_few_units_differ",
    "flips.near_product": "sums_near_references_are_the_naive_ones",
    "gaussian.gaussian_log_prob": "gaussian_log_prob_is_its_naive_twin",
    "gaussian.gaussian_sample": "gaussian_draws_follow_their_distribution",
    "gaussian.gaussian_score": "gaussian_score_is_the_log_density_and_its_slopes",
    "gaussian.gaussian_variance_gradient": "gaussian_score_is_the_log_density_and_its_slopes",
    "gibbs.gibbs_sweeps": "chains_are_the_naive_ones",
    "gray_code.missing_log_sums":
        "sums_over_what_is_missing_are_those_of_every_completion",
    "gray_code.softplus_sums": "sums_of_softplus_are_those_of_every_state",
    "kalman.kalman_filter": "filters_and_smoothers_are_their_naive_twins",
    "kalman.kalman_smoother": "filters_and_smoothers_are_their_naive_twins",
    "laplace_gibbs.laplace_gibbs": "sweeps_of_laplace_factors_are_the_naive_ones",
    "lasso.lasso": "codes_are_those_of_scikit_learn",
    "lateral.clear_lower": "what_lies_on_and_below_the_diagonal_is_cleared",
    "lateral.complete": "completed_bernoulli_units_are_their_naive_twin",
    "lateral.means_autoregressive": "means_in_order_are_their_naive_twins",
    "lateral.sample_autoregressive_binary": "bernoulli_units_in_order_are_their_naive_twin",
    "lateral.sample_autoregressive_real": "gaussian_units_in_order_are_their_naive_twin",
    "nade.complete_nade": "gaps_by_way_of_units_between_are_drawn_as_by_the_twin",
    "nade.means_nade": "means_by_way_of_units_between_are_the_naive_ones",
    "nade.nade_gradient": "gradients_by_way_of_units_between_are_finite_differences",
    "nade.nade_inputs": "inputs_by_way_of_units_between_are_the_naive_ones",
    "nade.sample_nade": "draws_by_way_of_units_between_are_the_naive_ones",
    "mean_field.mean_field": "units_move_one_after_the_other_to_where_the_tangents_point",
    "mean_field_gradient.mean_field_gradient": "the_step_is_the_slope_of_the_highest_bound",
    "one_hot.one_hot_sample": "one_hot_rows_are_chosen_by_the_documented_uniform_numbers",
    "panels.visit_panels": "panels_have_the_bits_of_all_units_at_once",
    "pareto.pareto_shapes": "shapes_are_the_naive_ones",
    "mixed.mixed_draw": "draws_have_the_probabilities_of_the_columns",
    "mixed.mixed_encode": "rows_are_coded_as_their_columns_say",
    "mixed.mixed_log_prob": "log_probabilities_are_those_of_the_columns",
    "mixed.mixed_score": "derivatives_are_slopes",
    "mixed.mixed_table": "tables_hold_all_pairs",
    "normal_noise.normal_rows": "normal_rows_are_box_and_muller_s_of_their_own_words",
    "particles.prune": "pruned_weights_are_the_threshold_or_nothing_and_keep_their_mean",
    "particles.self_normalise": "self_normalised_weights_are_the_naive_ones",
    "poisson.poisson_constants": "estimates_agree_with_enumeration",
    "poisson.poisson_log_prob": "log_probabilities_are_those_of_scipy",
    "poisson.poisson_log_prob_sparse": "lists_and_arrays_agree_with_missing_values",
    "poisson.poisson_mean": "means_are_those_of_scipy",
    "poisson.poisson_sample": "draws_have_the_distribution_of_scipy",
    "poisson.poisson_score": "derivatives_are_slopes",
    "poisson.poisson_score_sparse": "lists_and_arrays_agree_with_missing_values",
    "poisson.poisson_table": "scores_are_those_of_scipy_and_sum_to_one",
    "pseudo.pseudo_log_likelihoods": "pseudo_likelihoods_are_conditional_probabilities",
    "random.philox_words": "philox_is_its_naive_twin",
    "random.uniform_rows": "uniform_rows_are_philox_at_their_own_counters",
    "reflection.reflect": "reflections_make_a_triangle_and_keep_all_products",
    "runs.reweighted_run": "runs_have_the_steps_that_come_one_by_one_to_the_bit",
    "runs.wake_sleep_run": "runs_have_the_steps_that_come_one_by_one_to_the_bit",
    "reweighted.reweighted_gradient": "fused_rules_are_the_layered_ones_to_the_bit",
    "shared_bernoulli.bernoulli_log_prob_shared":
        "rows_that_share_inputs_have_the_bits_of_rows_that_do_not",
    "shared_bernoulli.bernoulli_sample_shared":
        "states_of_shared_inputs_have_their_probabilities",
    "source_mixtures.add_mixture_log_densities": "log_densities_are_those_of_scipy",
    "source_mixtures.mixture_scores": "scores_are_slopes_of_log_densities",
    "source_mixtures.mixture_statistics": "a_step_of_em_is_its_naive_twin",
    "source_shapes.add_log_cosh": "log_densities_are_those_of_scipy",
    "source_shapes.add_student_logarithms": "log_densities_are_those_of_scipy",
    "source_shapes.student_scores": "scores_are_slopes_of_log_densities",
    "source_shapes.student_statistics": "students_learn_to_the_maximum_of_the_likelihood",
    "source_shapes.tanh_scores": "scores_are_slopes_of_log_densities",
    "sparse.count_active_binary": "lists_hold_the_non_zero_entries_of_rows",
    "sparse.count_active_real": "lists_hold_the_non_zero_entries_of_rows",
    "sparse.list_active_binary": "lists_hold_the_non_zero_entries_of_rows",
    "sparse.list_active_real": "lists_hold_the_non_zero_entries_of_rows",
    "sparse.sparse_gradient": "sparse_products_and_gradients_are_the_naive_ones",
    "sparse.sparse_product": "sparse_products_and_gradients_are_the_naive_ones",
    "steps.adam_move": "adam_moves_are_the_naive_ones",
    "steps.average_move": "an_average_moves_its_share_of_the_way",
    "steps.sgd_move": "sgd_moves_are_the_naive_ones",
    "tables.table_gradient": "gradients_are_the_products_of_the_transposed_inputs",
    "tables.table_product": "products_are_the_naive_ones_and_agree_to_the_bit_on_zeros_and_ones",
    "tables.table_product_transposed": "products_with_a_transposed_matrix",
    "triangular.lower_product": "triangular_kernels_are_their_naive_twins",
    "triangular.lower_solution": "triangular_kernels_are_their_naive_twins",
    "triangular.upper_solution": "triangular_kernels_are_their_naive_twins",
    "wake_sleep.wake_sleep_gradient": "fused_rules_are_the_layered_ones_to_the_bit",
}  # fmt: skip


def names_of_tests():
    """The names of all test functions, without their ``test_``."""
    folder = ROOT / pathlib.Path(__file__).relative_to(ROOT).parts[0]
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name.removeprefix("test_")


def test_every_kernel_is_compared_with_an_oracle():
    assert set(every_kernel()) == set(ORACLES)


def test_the_tests_of_the_table_are_there():
    assert set(ORACLES.values()) <= set(names_of_tests())


# Kernels that only larger parts call


@pytest.mark.parametrize("n_numbers", [1, 16, 70])
def test_uniform_rows_are_philox_at_their_own_counters(n_numbers):
    key, first, layer = (3, 2**32 - 7), 5, 2**24
    addresses = np.array([0, 2**40 + 9], np.uint64)
    out = np.full((6, n_numbers), np.nan, np.float32)
    uniform_rows(np.array(key, np.uint32), addresses, 3, first, np.uint32(layer), out)
    for row, column in np.ndindex(out.shape):
        address, particle = int(addresses[row // 3]), first + row % 3
        block, word, lane = column // 64, column // 16 % 4, column % 16
        counter = layer + 16 * block + lane, particle, address & 0xFFFFFFFF, address >> 32
        expected = (naive.philox4x32_10(counter, key)[word] >> 8) * 2.0**-24
        assert out[row, column] == (expected or 2.0**-25)


def test_an_average_moves_its_share_of_the_way():
    rng = np.random.default_rng(0)
    parameters, average = rng.standard_normal((2, 48)).astype(np.float32)
    expected = average + 0.3 * (parameters.astype(np.float64) - average)
    before = parameters.copy()
    average_move(parameters, 0.3, average)
    assert_allclose(average, expected, rtol=1e-6, atol=1e-7)
    assert_array_equal(parameters, before)
