"""How many particles an estimate takes where nothing else is said."""

from .checks import check_count

N_TEMPERATURES = 1000
_N_CHAINS = 20


def count_particles(method, given, default):
    """Importance samples for each row, or chains when annealing; default : of the estimator."""
    if given is None:
        given = _N_CHAINS if method == "annealed" else default
    return check_count("n_importance_samples", given)
