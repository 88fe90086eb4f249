"""Histories of training: where it began, and what it left for the next."""

from dataclasses import dataclass

from .._training import Past
from ..models import Encoding
from ..rows import Table
from .weights import Weights


@dataclass(frozen=True)
class History:
    """Memory that a fitted estimator has of its training, for the next.

    past : what training left; solver : whose optimiser's state it holds; n_rows : of the table
    that was fitted, in effect; None if only pieces of one were ever seen; weights : `Weights` of
    the rows so far, None where nothing was learnt yet.
    """

    past: Past
    solver: str | None = None
    n_rows: float | None = None
    weights: Weights | None = None


@dataclass(frozen=True)
class Start:
    """Start of a training: nothing of it is an attribute of the estimator before it ends.

    machine : to be trained; encoding, rows : of its data; past : what an earlier training left, or
    one of none; losses, scores : the records so far; scored : the epochs of the scores, from 0.
    """

    machine: object
    encoding: Encoding
    rows: Table
    past: Past
    losses: tuple = ()
    scores: tuple = ()
    scored: tuple = ()
