"""Types of fields for numbers with a sign, none of them infinite or NaN."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import pydantic
from pydantic import AllowInfNan

__all__ = ["NonNegativeFloat", "PositiveFloat"]

#: A finite number greater than 0. pydantic's own takes infinity.
PositiveFloat: TypeAlias = Annotated[pydantic.PositiveFloat, AllowInfNan(False)]

#: A finite number of at least 0. pydantic's own takes infinity.
NonNegativeFloat: TypeAlias = Annotated[pydantic.NonNegativeFloat, AllowInfNan(False)]
