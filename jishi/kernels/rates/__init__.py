"""Shares and samples that anybody can work out again: which of a day's callers are asked by telephone."""

from jishi.kernels.rates.sampling import Sample, commitment, sample, seed

__all__ = ["Sample", "commitment", "sample", "seed"]
