"""Displays: what a model has learnt, drawn with matplotlib (the extra ``plotting``)."""

from .receptive_fields import ReceptiveFieldsDisplay
from .samples import SamplesDisplay

__all__ = ["ReceptiveFieldsDisplay", "SamplesDisplay"]
