"""Estimators of belief nets in archives: the model, and all that training goes on from."""

import numpy as np

from ..estimators import DeterministicHelmholtzMachine
from ..estimators.mixed_attributes import mixed_attributes
from ..machines import BeliefNet, DeterministicHelmholtz, has_recognition
from .encodings import read_encoding, write_encoding
from .histories import read_history, read_rewards, write_history, write_rewards
from .machines import read_machine, write_machine
from .schemas import check_columns, read_schema, write_schema

RECORDS = frozenset(
    {"_history", "_model", "_schema", "best_validation_score_", "feature_names_in_",
     "_scored_epochs", "loss_curve_", "n_features_in_", "n_iter_", "validation_scores_"}
)  # fmt: skip


def write_belief_net(part, estimator, write_machine=write_machine, write_carry_over=write_rewards):
    """Write what a fitted estimator of a belief net has learnt.

    write_machine, write_carry_over : of its kind.
    """
    model = estimator._model
    write_encoding(part.part("encoding"), model.encoding)
    write_machine(part.part("machine"), model.machine)
    write_history(part.part("history"), estimator._history, write_carry_over)
    _write_records(part, estimator)
    if estimator._schema is None:
        part.nothing("schema")
    else:
        write_schema(part.part("schema"), estimator._schema)


def read_belief_net(
    part, estimator, n_features, feature_names, read_machine=read_machine,
    read_carry_over=read_rewards,
):  # fmt: skip
    """Let an estimator become the fitted one that was written.

    read_machine, read_carry_over : of its kind.
    """
    encoding = read_encoding(part.part("encoding"), n_features, feature_names)
    machine = read_machine(part.part("machine"), encoding)
    schema = None if part.is_nothing("schema") else read_schema(part.part("schema"))
    _check_schema(schema, encoding)
    if isinstance(machine, BeliefNet):
        _check_recognition(estimator, machine)
    attributes = {
        "n_features_in_": n_features,
        **({} if feature_names is None else {"feature_names_in_": feature_names}),
        **_read_records(part),
        "_history": read_history(part.part("history"), machine, read_carry_over),
        "_schema": schema,
        **estimator._attributes(estimator._model_of(encoding, machine)),
        **({} if schema is None else mixed_attributes(schema, encoding)),
    }
    estimator._become(attributes)


def _write_records(part, estimator):
    """Write what training noted after each epoch."""
    part.array("loss_curve", np.array(estimator.loss_curve_, np.float64))
    part.wholes("scored_epochs", estimator._scored_epochs)
    if estimator.validation_scores_ is None:
        part.nothing("best_validation_score")
        return
    part.number("best_validation_score", estimator.best_validation_score_)
    part.array("validation_scores", np.array(estimator.validation_scores_, np.float64))


def _read_records(part):
    """Attributes by name of what training noted after each epoch."""
    losses = part.array("loss_curve", np.float64, (None,), finite=False).tolist()
    scored = part.wholes("scored_epochs", 0, max(len(losses) - 1, 0))
    scores = best = None
    if not part.is_nothing("best_validation_score"):
        best = part.number("best_validation_score", finite=False)
        scores = part.array("validation_scores", np.float64, (None,), finite=False).tolist()
    if len(scored) != len(scores or ()) or sorted(set(scored)) != list(scored):
        raise ValueError("its held-out scores do not go with its epochs")
    return {
        "loss_curve_": losses,
        "n_iter_": len(losses),
        "validation_scores_": scores,
        "best_validation_score_": best,
        "_scored_epochs": scored,
    }


def _check_schema(schema, encoding):
    """Refuse a schema that goes with other columns, and mixed columns without one."""
    columns, names = getattr(encoding.scaling, "columns", None), encoding.feature_names
    if columns is None and schema is None:
        return
    if schema is None or len(schema.kinds) != encoding.n_features:
        raise ValueError("its schema does not go with its columns")
    words = all(isinstance(name, str) for name in schema.names or (None,))
    if list(schema.names if words else ()) != list(names if names is not None else ()):
        raise ValueError("its schema has other names than its features")
    if columns is not None:
        check_columns(schema, columns)
    elif not schema.is_binary or not encoding.family.is_binary:
        raise ValueError("its schema does not go with its units")


def _check_recognition(estimator, machine):
    """Refuse a Helmholtz machine without its recognition net."""
    name = type(estimator).__name__
    if not hasattr(estimator, "inference") and not has_recognition(machine):
        raise ValueError(f"a {name} needs a recognition net, which it lacks")
    is_deterministic = isinstance(estimator, DeterministicHelmholtzMachine)
    if isinstance(machine, DeterministicHelmholtz) != is_deterministic:
        raise ValueError(f"a {name} holds a machine of another kind")
