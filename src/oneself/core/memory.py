"""How much memory a piece of work takes."""

from __future__ import annotations

import threading

import torch

__all__ = ["Memory"]


class Memory:
    """Watches how much memory is taken inside ``with``: ``before`` in all, and ``taken`` more at most."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.before, self.taken = 0.0, None if device.type != "cuda" and _resident() is None else 0.0
        self._left = threading.Event()

    def __enter__(self) -> Memory:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            self.before = float(torch.cuda.memory_allocated(self.device))
        elif self.taken is not None:
            self.before = _resident() or 0.0
            self._watch = threading.Thread(target=self._look, daemon=True)
            self._watch.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self.device.type == "cuda":
            self.taken = torch.cuda.max_memory_allocated(self.device) - self.before
        elif self.taken is not None:
            self._left.set()
            self._watch.join()

    def _look(self) -> None:
        while not self._left.wait(0.003):
            self.taken = max(self.taken or 0.0, (_resident() or 0.0) - self.before)


def _resident() -> float | None:
    """Bytes that this process has in memory, where the system tells."""
    import psutil

    try:
        return float(psutil.Process().memory_info().rss)
    except (OSError, psutil.Error):
        return None
