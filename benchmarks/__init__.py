"""Benchmarks: speed against peers, density estimation against published results."""
