from __future__ import annotations

import pytest

from theme_classifier.nli import best_device, contrasted_classes, half_precision
from utils.packing import can_pack, cpu_has_bf16, pack_linears


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ({"0": "contradiction", "1": "neutral", "2": "entailment"}, (0, 2)),
        ({"0": "ENTAILMENT", "1": "NEUTRAL", "2": "CONTRADICTION"}, (2, 0)),
        ({"0": "entailment", "1": "contradiction", "2": "neutral"}, (1, 0)),
        ({"0": "entailment", "1": "not_entailment"}, (1, 0)),
        ({"0": "other", "1": "entails"}, (0, 1)),
        ({"0": "joy", "1": "anger"}, None),
        ({}, None),
    ],
)
def test_classes_are_found_by_their_names(names: dict[str, str], classes: tuple[int, int] | None) -> None:
    assert contrasted_classes({"id2label": names}) == classes


def test_the_device_is_one_that_is_there() -> None:
    import torch

    assert best_device() == ("cuda" if torch.cuda.is_available() else "cpu")
    assert half_precision("cpu") == (torch.bfloat16 if cpu_has_bf16() else None)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_packed_layers_compute_the_same(precision: str) -> None:
    import torch

    dtype = getattr(torch, precision)
    if not can_pack(dtype):
        pytest.skip("no packed product here")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(48, 96), torch.nn.GELU(), torch.nn.Linear(96, 5, bias=False))
    # Also one row, an odd number of them, and a view that is not contiguous.
    inputs = [torch.randn(2, 7, 48), torch.randn(1, 48), torch.randn(48, 33).T]
    with torch.inference_mode():
        expected = [model(x) for x in inputs]
        pack_linears(model, dtype=dtype, rows=1024)
        found = [model(x) for x in inputs]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == dtype
        torch.testing.assert_close(ours.float(), theirs, atol=1e-5 if dtype == torch.float32 else 2e-2, rtol=1e-5)


def test_a_layer_that_may_compute_something_else_is_left_alone() -> None:
    import torch

    class Doubled(torch.nn.Linear):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(inputs)

    model = torch.nn.Sequential(Doubled(4, 4))
    inputs = torch.ones(1, 4)
    expected = model(inputs)
    pack_linears(model, dtype=torch.float32, rows=8)
    torch.testing.assert_close(model(inputs), expected)
