"""The ways of chains, where sums of Boltzmann machines are too long to be made."""

from dataclasses import dataclass

_SHARE_OF_A_ROW, _FEWEST_OF_A_ROW = 5, 2


@dataclass(frozen=True)
class Ways:
    """Numbers of chains that stand for a sum, and of temperatures by which they come.

    n_chains : for log Z; the gaps of a row are summed out by a fifth as many, since an error of log
    Z is common to all rows, whereas those of gaps are each row's own, and rows are many;
    n_temperatures : of each chain, or ``"auto"``: as many as log Z needs, and 1,000 for gaps and
    draws; n_threads : at work.
    """

    n_chains: int = 100
    n_temperatures: int | str = "auto"
    n_threads: int = 1

    def partition_of(self, model, rng=None):
        """The `Partition` of a model; rng : None for fixed random numbers."""
        return model.partition(self.n_chains, self.n_temperatures, self.n_threads, rng=rng)

    @property
    def of_a_row(self):
        """Settings of the chains of a row with gaps, by name."""
        steps = {} if self.n_temperatures == "auto" else {"n_temperatures": self.n_temperatures}
        return {"n_chains": max(self.n_chains // _SHARE_OF_A_ROW, _FEWEST_OF_A_ROW), **steps}
