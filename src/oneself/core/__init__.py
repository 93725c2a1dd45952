"""The nouns and the loop. Imports torch, and numpy for what it does about errors."""

from oneself.core.averaging import WeightAverage
from oneself.core.compute import Compute, NotEnoughMemory
from oneself.core.context import callers_context, own_context
from oneself.core.loop import Run
from oneself.core.memory import Memory
from oneself.core.method import Method, Recipe, method
from oneself.core.objective import Example, Sum, Term, total
from oneself.core.option import Option, OptionRecord, closest
from oneself.core.physics import Identity, Physics
from oneself.core.pretrained import Pretrained
from oneself.core.result import Result, StageRecord
from oneself.core.runner import Diverged
from oneself.core.stage import Fit, Input, Learner, Stage
from oneself.core.state import State
from oneself.core.step import Step
from oneself.core.stopping import Either, Last, Never, Score, Seconds, Selection, StoppingRule

__all__ = [
    "Compute",
    "Diverged",
    "Either",
    "Example",
    "Fit",
    "Identity",
    "Input",
    "Last",
    "Learner",
    "Memory",
    "Method",
    "Never",
    "NotEnoughMemory",
    "Option",
    "OptionRecord",
    "Physics",
    "Pretrained",
    "Recipe",
    "Result",
    "Run",
    "Score",
    "Seconds",
    "Selection",
    "Stage",
    "StageRecord",
    "State",
    "Step",
    "StoppingRule",
    "Sum",
    "Term",
    "WeightAverage",
    "callers_context",
    "closest",
    "method",
    "own_context",
    "total",
]
