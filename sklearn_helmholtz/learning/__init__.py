"""Learning rules, which say where to move, and optimisers, which move; penalties, averages."""

from .averages import Average
from .boltzmann_rule import BoltzmannRule, overfitting_gap
from .chains import CarriedOver
from .code_calibration import Calibration
from .contrastive import ContrastiveDivergence
from .deep import DeepGibbsLearning, DeepMeanFieldLearning
from .deep_belief import DeepReweighted, UpDown
from .deterministic import DeterministicLearning, deterministic_losses, write_derivatives
from .divided import Divided
from .exact import ExactLearning
from .fused import is_run_worth_compiling, is_worth_compiling
from .gibbs import GibbsLearning
from .importance_weighted import ImportanceWeighted
from .labelled import LabelledLearning
from .lifted import Ascent, LiftedLearning
from .mean_field import MeanFieldLearning
from .memory import Memory, Place
from .optimizers import SGD, Adam
from .partition_tracking import ExactPartition, PartitionChains
from .penalties import EstimatedPenalty, FixedPenalty, penalise
from .persistent import PersistentLearning
from .reweighted import ReweightedWakeSleep
from .rule import COST_OF_A_FUNCTION, BeliefNetRule, Rule
from .schedules import Adaptive, Constant, Cosine
from .score_function import NVIL, VIMCO
from .sparse_codes import CodeLearning
from .tempered import TemperedLearning
from .tied import TiedLearning
from .wake_sleep import WakeSleep

__all__ = [
    "COST_OF_A_FUNCTION",
    "NVIL",
    "SGD",
    "VIMCO",
    "Adam",
    "Adaptive",
    "Ascent",
    "Average",
    "BeliefNetRule",
    "BoltzmannRule",
    "Calibration",
    "CarriedOver",
    "CodeLearning",
    "Constant",
    "ContrastiveDivergence",
    "Cosine",
    "DeepGibbsLearning",
    "DeepMeanFieldLearning",
    "DeepReweighted",
    "DeterministicLearning",
    "Divided",
    "EstimatedPenalty",
    "ExactLearning",
    "ExactPartition",
    "FixedPenalty",
    "GibbsLearning",
    "ImportanceWeighted",
    "LabelledLearning",
    "LiftedLearning",
    "MeanFieldLearning",
    "Memory",
    "PartitionChains",
    "PersistentLearning",
    "Place",
    "ReweightedWakeSleep",
    "Rule",
    "TemperedLearning",
    "TiedLearning",
    "UpDown",
    "WakeSleep",
    "deterministic_losses",
    "is_run_worth_compiling",
    "is_worth_compiling",
    "overfitting_gap",
    "penalise",
    "write_derivatives",
]
