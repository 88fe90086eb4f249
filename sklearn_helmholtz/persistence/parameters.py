"""Parameters of estimators in archives, estimators to be fitted among them."""

from .plain import plain, value_of

OUTPUT = "_sklearn_output_config"
_OUTPUTS = ("default", "pandas", "polars")
_HELD = "estimator"  # the parameter that is an estimator itself


def write_parameters(part, estimator, place="estimator"):
    """Write the class of an estimator, the parameters of its constructor, and its output.

    place : of the estimator in the one that is saved, for messages.
    """
    part.word("class", type(estimator).__name__)
    params, found = estimator.get_params(deep=False), {}
    for name, value in params.items():
        if name == _HELD:
            continue
        try:
            found[name] = plain(value, name)
        except ValueError as error:
            raise ValueError(
                f"This {type(estimator).__name__} cannot be saved: {error} Set another value "
                f"before: `{place}.set_params({name}=...)` changes nothing that was learnt."
            ) from None
    part.plain("parameters", found)
    part.word("output", getattr(estimator, OUTPUT, {}).get("transform", "default"))
    if _HELD not in params:
        return
    if params[_HELD] is None:
        part.nothing(_HELD)
    else:
        write_parameters(part.part(_HELD), params[_HELD], f"{place}.{_HELD}")


def read_parameters(part, kinds, held_kinds):
    """A new estimator with the parameters, as its own rules allow them.

    kinds, held_kinds : classes by name, which it may be of, and an estimator among its parameters.
    """
    kind = kinds[part.word("class", tuple(kinds))]
    found, known = part.plain("parameters"), set(kind._get_param_names())
    if not isinstance(found, dict):
        raise ValueError("its parameters are no fields")
    unknown = found.keys() - (known - {_HELD})
    if unknown:
        raise ValueError(f"it has the unknown parameter {min(unknown)!r} of {kind.__name__}")
    params = {name: value_of(value, f"its {name}") for name, value in found.items()}
    if _HELD in known and not part.is_nothing(_HELD):
        params[_HELD] = read_parameters(part.part(_HELD), held_kinds, {})
    estimator = kind(**params)
    estimator._validate_params()
    _set_output(estimator, part.word("output", _OUTPUTS))
    return estimator


def _set_output(estimator, output):
    if output == "default":
        return
    if not hasattr(estimator, "set_output"):
        raise ValueError(f"a {type(estimator).__name__} has no output that could be {output!r}")
    estimator.set_output(transform=output)
