"""The sleep phase: the recognition chain learns to explain dreams, whose causes are known."""

import numpy as np


def sleep_gradient(machine, draws, weight, out, work=np):
    """Write the gradient of ``sum weight log q(h | x)`` over dreams (x, h) to the chain ``out``.

    One dream for each address of ``draws``. Its expectation is the number of dreams times weight
    times d/dR E_{p(x, h)} log q(h | x) (Hinton, Dayan, Frey & Neal 1995).
    """
    values, _ = machine.dream(draws, work)
    etas = machine.recognition.etas(values, work)
    weights = work.empty((draws.n_rows,), np.float32)
    weights[:] = weight
    machine.recognition.gradient(values, etas, weights, out, work)
