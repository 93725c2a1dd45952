"""A run in a forked and in a spawned process, and a fork while a step is in progress; run as a program."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time

import numpy as np
import torch

import oneself
from oneself.core import own_context

GRAY = np.random.default_rng(0).random((24, 20))


def clean(threads: int) -> np.ndarray:
    torch.set_num_threads(threads)
    found = oneself.denoise(GRAY, "zs_n2n", steps=3, device="cpu")
    assert torch.get_num_threads() == threads
    return found


def child(queue: multiprocessing.Queue, threads: int, dtype: torch.dtype) -> None:
    assert torch.get_default_dtype() == dtype
    queue.put(clean(threads))


def in_child(way: str, threads: int, dtype: torch.dtype = torch.float32) -> np.ndarray:
    context = multiprocessing.get_context(way)
    queue = context.Queue()
    process = context.Process(target=child, args=(queue, threads, dtype))
    process.start()
    found = queue.get(timeout=60)
    process.join(10)
    assert process.exitcode == 0, f"{way}: {process.exitcode}"
    return found


def held(began: threading.Event) -> None:
    with own_context():
        began.set()
        time.sleep(0.3)


def main() -> None:
    alone = clean(1)
    for way in ("fork", "spawn") if hasattr(os, "fork") else ("spawn",):
        assert np.array_equal(in_child(way, 1), alone), way
    if hasattr(os, "fork"):
        torch.set_num_threads(2)
        (torch.rand(1000, 1000) @ torch.rand(1000, 1000)).sin()  # OpenMP has threads now
        assert np.array_equal(in_child("fork", 2), alone)
        torch.set_default_dtype(torch.float64)
        began = threading.Event()
        thread = threading.Thread(target=held, args=(began,))
        thread.start()
        began.wait(10)
        assert np.array_equal(in_child("fork", 1, torch.float64), alone)  # not as the step has it
        thread.join()
    print("all alike")


if __name__ == "__main__":
    sys.path.pop(0)
    main()
