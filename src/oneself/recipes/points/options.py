"""Options that several methods on points have."""

from typing import Annotated

from oneself.core import Option

__all__ = ["Neighbours"]

Neighbours = Annotated[int, Option("nearest points that tell where a surface runs", low=3, high=500)]
