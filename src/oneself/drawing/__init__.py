"""Pictures that nobody took: scenes drawn from formulas and a seed, to train on where no photograph shall be seen."""

from oneself.drawing.scenes import draw

__all__ = ["draw"]
