"""The base of all checked, unchangeable records."""

from functools import cached_property

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A model whose fields never change and whose unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, ignored_types=(cached_property,)
    )
