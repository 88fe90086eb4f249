"""Importance-sampled log p(x) and ancestral samples on a `PlainNet`.

Rows are taken in chunks, so that memory is bounded. `torch_scoring` is what comes of measuring
every call and replacing the slow ones.
"""

import math

import torch

PARTICLES, SAMPLES = 4000, 1000  # at a time


@torch.no_grad()
def plain_score(net, x, n_particles, chunk=PARTICLES):
    """``log(1/S sum_s p(x, h_s) / q(h_s | x))`` of rows (n_rows, n_features) of x, nats."""
    scores = []
    for rows in x.split(max(chunk // n_particles, 1)):
        values, _, log_q = net.recognise(rows.unsqueeze(1), (len(rows), n_particles))
        log_weights = net.log_joint(values, net.explain(values)).sub_(log_q)
        scores.append(log_weights.logsumexp(1).sub_(math.log(n_particles)))
    return torch.cat(scores)


@torch.no_grad()
def plain_sample(net, n_samples, chunk=SAMPLES):
    """Rows from the generative net by ancestral sampling, (n_samples, n_features) float32."""
    starts = range(0, n_samples, chunk)
    return torch.cat([net.dream(min(chunk, n_samples - start))[0] for start in starts])
