"""Linear layers whose weights lie as the processor multiplies them fastest.

PyTorch hands a float32 layer to MKL, which on the processor measured reaches two thirds of oneDNN's speed, and casts
and reorders a bfloat16 weight again for every batch. Both are avoided by giving the weights to oneDNN once, in its own
order (``docs/decisions/009-exact-themes.md``). The products are the same up to the order of summation.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["can_pack", "cpu_has_bf16", "pack_linears"]


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 natively; emulation would be slower than fp32."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def can_pack(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch, on this processor, has oneDNN's packed product of a type."""
    import torch

    return (
        (dtype == torch.float32 or cpu_has_bf16())
        and platform.machine().lower() in {"x86_64", "amd64"}
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )


def pack_linears(model: torch.nn.Module, *, dtype: torch.dtype, rows: int) -> None:
    """Pack the weights of every linear layer of a model, in place; it can then compute, but neither learn nor be saved.

    Args:
        model: On the processor, for inference only.
        dtype: What the layers compute in and return: float32 or bfloat16.
        rows: Tokens of a usual batch, which decide the order.
    """
    import torch

    for module in list(model.modules()):
        # A subclass may compute something else.
        if type(module) is torch.nn.Linear:
            _pack(module, dtype, rows)


def _pack(linear: Any, dtype: torch.dtype, rows: int) -> None:
    import torch

    product = torch.ops.mkldnn._linear_pointwise
    weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().to(dtype), rows)
    bias = None if linear.bias is None else linear.bias.detach().to(dtype)
    # Gone at once, unless it was mapped from its file: the map stays while any weight uses it.
    del linear.weight, linear.bias
    linear.weight, linear.bias = weight, bias
    linear.forward = lambda inputs: product(inputs.to(dtype), weight, bias, "none", [], "")
