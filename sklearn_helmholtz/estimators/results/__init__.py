"""Results of methods that have more to tell than one number."""

from .bounds import BoundsResult
from .comparison import NOTABLE, ComparisonResult, is_notable
from .headline import as_frame
from .joint_posterior import JointPosteriorResult
from .log_likelihood import LogLikelihoodResult
from .posterior import PosteriorResult
from .result import Result

__all__ = [
    "NOTABLE",
    "BoundsResult",
    "ComparisonResult",
    "JointPosteriorResult",
    "LogLikelihoodResult",
    "PosteriorResult",
    "Result",
    "as_frame",
    "is_notable",
]
