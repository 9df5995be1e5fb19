"""From a level as a study names it to one canonical Keras object, so that two spellings of the same
thing become equal."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from vgstudy.cells import Initializer, KerasObject
from vgstudy.config.keras_names import NICKNAMES, REFUSED_ARGUMENTS, REGISTRY, Kind
from vgstudy.errors import among, first_problem, show


def resolve(kind: Kind, value: Any) -> KerasObject:
    """Return the canonical Keras object: Keras' own name and only the arguments that differ from
    Keras' defaults.

    Parameters
    ----------
    kind
        What the value names.
    value
        A Keras name, or a mapping with `class_name` and perhaps `config`.

    Raises
    ------
    ValueError
        In one line: the name or an argument is unknown (with its nearest neighbour), refused (with
        the reason), missing, or of a wrong type or size.
    """
    spec = _spec(kind, value)
    if not spec.config:
        spec = NICKNAMES.get((kind, spec.class_name), spec)
    name = _canonical(kind, spec.class_name)
    entry = REGISTRY[kind][name]
    if entry.refused:
        raise ValueError(f"{kind} {name} is refused: {entry.refused}")
    return KerasObject(class_name=name, config=_arguments(kind, name, spec.config))


def resolve_initializer(value: Any) -> Initializer:
    """Return the canonical initializer of a level, which may also have `output`, `bias` and `tied`;
    raises as `resolve`."""
    if not isinstance(value, Mapping):
        return Initializer(**dict(resolve("initializer", value)))
    tied = value.get("tied", False)
    if not isinstance(tied, bool):
        raise ValueError(f"tied must be true or false, not {show(tied)}")
    own = ("output", "bias", "tied")
    hidden = resolve("initializer", {key: item for key, item in value.items() if key not in own})
    output, bias = (
        None if value.get(key) is None else resolve("initializer", value[key]) for key in own[:2]
    )
    last = None if output == hidden else output
    return Initializer(**dict(hidden), output=last, bias=bias, tied=tied)


def _spec(kind: Kind, value: Any) -> KerasObject:
    if isinstance(value, KerasObject):
        return value
    if isinstance(value, str):
        return KerasObject(class_name=value)
    if not isinstance(value, Mapping):
        form = f"the name of a Keras {kind} or {{class_name: ..., config: {{...}}}}"
        raise ValueError(f"must be {form}, not {show(value)}")
    try:
        return KerasObject.model_validate(value, strict=True)
    except ValidationError as error:
        raise ValueError(": ".join(first_problem(error, KerasObject))) from None


def _canonical(kind: Kind, name: str) -> str:
    """Return Keras' own name of an object from any of its names."""
    fold = str.lower if kind == "optimizer" else str
    names = {
        alias: keras_name
        for keras_name, entry in REGISTRY[kind].items()
        for alias in (keras_name, *entry.aliases)
    }
    by_alias = {fold(alias): keras_name for alias, keras_name in names.items()}
    if fold(name) not in by_alias:
        offered = [keras_name for keras_name, entry in REGISTRY[kind].items() if not entry.refused]
        raise ValueError(f"unknown {kind} {show(name)}; {among(name, offered, names)}")
    return by_alias[fold(name)]


def _arguments(kind: Kind, name: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stated arguments that differ from their defaults, checked; `name`, which changes
    no number, is left out."""
    defaults = REGISTRY[kind][name].arguments
    for key, default in defaults.items():
        if key in REFUSED_ARGUMENTS and stated.get(key) not in (None, default):
            raise ValueError(f"{name}.{key} is refused: {REFUSED_ARGUMENTS[key]}")
    model = _model(kind, name)
    ignored = defaults.keys() - model.model_fields.keys()
    try:
        checked = model.model_validate({k: v for k, v in stated.items() if k not in ignored})
    except ValidationError as error:
        key, text = first_problem(error, model)
        raise ValueError(f"{name}.{key}: {text}") from None
    if name in _TOGETHER and (problem := _TOGETHER[name](checked)):
        raise ValueError(f"{name}: {problem}")
    return {key: value for key, value in checked if value != defaults[key]}


@cache
def _model(kind: Kind, name: str) -> type[BaseModel]:
    """Return a model of an object's arguments: unknown ones are errors, types come from `_TYPES` or
    from the default."""
    fields: dict[str, Any] = {}
    for key, default in REGISTRY[kind][name].arguments.items():
        if key != "name" and key not in REFUSED_ARGUMENTS:
            type_ = _TYPES.get(f"{name}.{key}", _TYPES.get(key, type(default)))
            fields[key] = (type_ | None if default is None else type_, default)
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model(name, __config__=config, **fields)


def _or_schedule(value: Any, number: ValidatorFunctionWrapHandler) -> Any:
    """Return a number, or a learning-rate schedule in canonical form with the module in which Keras
    looks it up."""
    if not isinstance(value, Mapping):
        return number(value)
    module = {"module": "keras.optimizers.schedules"}
    stated = {key: item for key, item in value.items() if (key, item) not in module.items()}
    return module | resolve("schedule", stated).model_dump()


_Positive = Annotated[float, Field(gt=0)]
_NotNegative = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_BelowOne = Annotated[float, Field(ge=0, lt=1)]
_Steps = Annotated[int, Field(ge=1)]

# types of arguments whose default does not say it all; the limits are those beyond which Keras
# raises or divides by 0
_TYPES: Mapping[str, Any] = {
    "learning_rate": Annotated[_Positive, WrapValidator(_or_schedule)],
    "learning_rate_power": Annotated[float, Field(le=0)],
    "momentum": _Share,
    "rho": _Share,
    "beta_1": _BelowOne,
    "beta_2": _BelowOne,
    "Lion.beta_1": Annotated[float, Field(gt=0, le=1)],
    "epsilon": _NotNegative,
    "initial_accumulator_value": _NotNegative,
    "l1_regularization_strength": _NotNegative,
    "l2_regularization_strength": _NotNegative,
    "l2_shrinkage_regularization_strength": _NotNegative,
    "weight_decay": _NotNegative,
    "clipvalue": _Positive,
    "gradient_accumulation_steps": Annotated[int, Field(ge=2)],
    "warmup_steps": Annotated[int, Field(ge=0)],
    "warmup_target": float,
    "initial_learning_rate": _NotNegative,
    "decay_steps": _Steps,
    "first_decay_steps": _Steps,
    "decay_rate": _Positive,
    "boundaries": Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)],
    "values": list[float],
    "stddev": _NotNegative,
    "scale": _Positive,
    "mode": Literal["fan_in", "fan_out", "fan_avg"],
    "distribution": Literal["uniform", "truncated_normal", "untruncated_normal"],
    "max_value": _Positive,
    "b": float,
    "threshold": float,
    "default_value": float,
}


def _uniform(arguments: Any) -> str | None:
    low, high = arguments.minval, arguments.maxval
    return None if low < high else f"minval {low} must be below maxval {high}"


def _piecewise(arguments: Any) -> str | None:
    if arguments.boundaries != sorted(set(arguments.boundaries)):
        return "boundaries must ascend"
    count = len(arguments.boundaries) + 1
    if len(arguments.values) != count:
        return f"values must have {count} entries, one more than boundaries"
    return None


_TOGETHER = {"RandomUniform": _uniform, "PiecewiseConstantDecay": _piecewise}
