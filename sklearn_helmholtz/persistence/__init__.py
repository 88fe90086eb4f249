"""Files of fitted estimators: plain numbers, and what other formats need to trust."""

from .archive import load, save
from .trusted import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "load", "save"]
