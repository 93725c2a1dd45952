"""What an option is known by: a digest of its content, never its name or place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oneself.domains import Domain

__all__ = ["file_digest", "identity", "weights_digest"]


def identity(value: Any, domain: Domain[Any] | None = None) -> Any:
    """A plain value as it is; a file, a module or an input of a domain as a digest of what it holds."""
    if domain is not None and value is not None:
        return domain.fingerprint(value)
    if isinstance(value, Path):
        return f"sha256:{file_digest(value)}"
    return f"sha256:{module_digest(value)}" if isinstance(value, nn.Module) else value


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def module_digest(module: nn.Module) -> str:
    """The SHA-256 of the kinds of a module's parts and of its state dict's tensors."""
    parts = "".join(f"{name}: {type(part).__name__}\n" for name, part in module.named_modules())
    return weights_digest(module.state_dict(), parts)


def weights_digest(tensors: Mapping[str, Any], beside: str = "") -> str:
    """The SHA-256 of named tensors: names, types, shapes and values. What is no tensor does not count."""
    found = hashlib.sha256(beside.encode())
    for name, x in sorted(tensors.items()):
        if isinstance(x, Tensor):
            found.update(f"{name} {x.dtype} {tuple(x.shape)}\n".encode())
            found.update(_bytes(x))
    return found.hexdigest()


def _bytes(x: Tensor) -> memoryview:
    """A tensor's values; numpy has not all of torch's types."""
    return x.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
