"""Displays: what a model has learnt, drawn with matplotlib (the extra ``plotting``)."""

from .image_grids import ReceptiveFieldsDisplay, SamplesDisplay

__all__ = ["ReceptiveFieldsDisplay", "SamplesDisplay"]
