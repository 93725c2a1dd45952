"""Hostile cases for `benchmarks/hostile.py`: what they are made of, how they are run, how they are judged."""
