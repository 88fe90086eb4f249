"""Applications: what densities are good for, as estimators around any of them."""

__all__ = []
