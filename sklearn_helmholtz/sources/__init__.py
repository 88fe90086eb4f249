"""Independent components: densities of sources, the unmixing of data, and how both are learnt."""

from .adaptive import Adaptive
from .density import Scores, SourceDensity
from .descent import Place, descend
from .grouped import Several
from .laplace import Laplace
from .learning import Learnt, go_on, learn, start_at
from .logistic import Logistic
from .memory import Memory
from .mixture import Mixture
from .order import ordered
from .rotation import random_rotation, rotate_sources
from .samples import Samples, SourceSamples, normal_nodes, padded
from .student import Student
from .unmixing import Unmixing
from .validation import CANDIDATES, PLENTY, choose_shrinkage, usual_shrinkage
from .whitening import Spectrum, Whitening

KINDS = {kind.name: kind for kind in (Mixture, Student, Logistic, Laplace)}

__all__ = [
    "CANDIDATES",
    "KINDS",
    "PLENTY",
    "Adaptive",
    "Laplace",
    "Learnt",
    "Logistic",
    "Memory",
    "Mixture",
    "Place",
    "Samples",
    "Scores",
    "Several",
    "SourceDensity",
    "SourceSamples",
    "Spectrum",
    "Student",
    "Unmixing",
    "Whitening",
    "choose_shrinkage",
    "descend",
    "go_on",
    "learn",
    "normal_nodes",
    "ordered",
    "padded",
    "random_rotation",
    "rotate_sources",
    "start_at",
    "usual_shrinkage",
]
