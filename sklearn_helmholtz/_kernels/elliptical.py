"""Elliptical slice sampling (Murray, Adams & MacKay 2010): what it does besides likelihoods.

A move of latents z ~ N(0, 1) goes along an ellipse through z and a draw ``nu`` of the prior,
``z cos(angle) + nu sin(angle)``, every point of which the prior takes for equally likely. Angles
are drawn from a *bracket* around 0, which is the whole ellipse at first and shrinks to what lies on
the side of z with each one that is refused: one under which ``beta log p(x | .)`` is below its
value at z plus the logarithm of a uniform number.

Chains do not wait for each other: at every call each has a proposal whose likelihood is known, and
leaves another one, of the same sweep if it was refused, otherwise of its next sweep.
"""

import math

import numpy as np
from numba import float32, float64, int64, uint32, uint64

from .copying import copy_row
from .kernel import helper, kernel, reads, writes
from .random import UNITS, uniform_row

_TWO_PI = 2 * math.pi
_LAYER = np.uint32(0)
N_ARCS = 5  # numbers of a chain: log p(x | z), the lowest that moves, the angle, and its bracket
MOST_PROPOSALS = UNITS - 1  # of a sweep: a uniform number for each, besides the first one


@helper
def _draw_sweep(key, address, number, uniforms, noise, later):
    """Draw the other end of an ellipse, and the uniform numbers of a sweep.

    uniforms : room for those of both; the first belong to Box & Muller (1958).
    """
    uniform_row(key, address, number, _LAYER, uniforms)
    n = noise.shape[0]
    half = UNITS * -(-n // UNITS)
    for j in range(n):
        radius = math.sqrt(float32(-2) * math.log(uniforms[j]))
        noise[j] = radius * math.cos(float32(_TWO_PI) * uniforms[half + j])
    copy_row(uniforms[2 * half :], later)


@helper
def _open_bracket(arcs, beta, later):
    """Set the threshold of a sweep, and its first angle, which cuts the ellipse open."""
    # At beta = 0 the threshold is -inf: nothing is refused.
    arcs[1] = arcs[0] + math.log(later[0]) / beta
    arcs[2] = _TWO_PI * later[1]
    arcs[3], arcs[4] = arcs[2] - _TWO_PI, arcs[2]


@helper
def _shrink_bracket(arcs, uniform):
    """Let the refused angle be the end of the bracket on its side, and draw another one."""
    if arcs[2] < 0:
        arcs[3] = arcs[2]
    else:
        arcs[4] = arcs[2]
    arcs[2] = arcs[3] + (arcs[4] - arcs[3]) * uniform


@kernel(
    reads(uint32, "2"), reads(uint64, "n"), reads(int64, "n"), reads(float64, "s"),
    reads(float64, "s"), reads(int64, "a"), reads(float64, "a"), writes(float32, "n k"),
    writes(float32, "n k"), writes(float32, "n u"), writes(float64, "n 5"), writes(int64, "n 2"),
    writes(float64, "n"), writes(float32, "a k"),
)  # fmt: skip
def elliptical_step(
    key, addresses, numbers, increments, betas, chains, log_probs, states, noise, uniforms, arcs,
    counts, log_weights, proposals,
):  # fmt: skip
    """Judge a proposal of each of some chains, and put the next one in its place.

    addresses : of each chain's random numbers; numbers : of its first sweep; increments, betas :
    of each sweep, see `inference.Elliptical`; chains : (n_active,) that are judged; log_probs :
    log p(x | z) of their proposals; states, noise : both ends of the ellipses, of which the former
    are moved; uniforms : the numbers of this sweep; arcs : see `N_ARCS`; counts : the number of
    the sweep, and of proposals refused in it: -1 sweeps where the proposal is the state itself, of
    which nothing but its likelihood is wanted. Chains that have made all sweeps are left alone.
    """
    n_latents, n_sweeps = states.shape[1], betas.shape[0]
    room = np.empty(2 * UNITS * -(-n_latents // UNITS) + UNITS, np.float32)
    for i in range(chains.shape[0]):
        c = chains[i]
        sweep = counts[c, 0]
        if sweep == n_sweeps:
            continue
        z, nu, arc, proposal = states[c], noise[c], arcs[c], proposals[i]
        is_over = True
        if sweep < 0:
            arc[0] = log_probs[i]
        elif log_probs[i] >= arc[1]:
            copy_row(proposal, z)
            arc[0] = log_probs[i]
        else:
            # Paths of as many refusals have the same density from either end to the other
            # (Murray et al., section 2.3), so each number of them keeps detailed balance by itself,
            # and so does staying where one is after the last.
            counts[c, 1] += 1
            is_over = counts[c, 1] == MOST_PROPOSALS
        if is_over:
            sweep += 1
            counts[c, 0], counts[c, 1] = sweep, 0
            if sweep == n_sweeps:
                continue
            if increments[sweep] != 0:
                log_weights[c] += increments[sweep] * arc[0]
            _draw_sweep(key, addresses[c], numbers[c] + sweep, room, nu, uniforms[c])
            _open_bracket(arc, betas[sweep], uniforms[c])
        else:
            _shrink_bracket(arc, float64(uniforms[c, counts[c, 1] + 1]))
        cosine, sine = float32(math.cos(arc[2])), float32(math.sin(arc[2]))
        for j in range(n_latents):
            proposal[j] = cosine * z[j] + sine * nu[j]
