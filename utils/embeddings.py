"""Sentence embeddings: texts in, unit vectors out, as fast as the processor allows.

Mean pooling over the last hidden state and L2 normalisation, as all-MiniLM-L6-v2 was trained
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2). sentence-transformers would do the same; it takes
three seconds longer to import and pads batches of a fixed number of texts, where batches under a token budget are half
as fast again on subtitle lines (``docs/decisions/002-own-sentence-encoder.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import WeightsError
from utils.packing import can_pack, cpu_has_bf16, pack_linears
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SentenceEncoder", "batches_by_length"]


def batches_by_length(lengths: Sequence[int], *, budget: int) -> Iterator[list[int]]:
    """Yield batches of indices, longest first, whose padded size stays within a token budget.

    Args:
        lengths: Tokens of each item.
        budget: Tokens a batch, padding included; an item longer than that travels alone.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


class SentenceEncoder:
    """Embeds texts with a BERT-like encoder loaded from a folder, on first use.

    Args:
        path: Folder with config, tokenizer and safetensors.
        longest: Tokens after which a text is cut.
        budget: Tokens a batch.
    """

    def __init__(self, path: Path, *, longest: int = 256, budget: int = 1024) -> None:
        self.path = path
        self._longest = longest
        self._budget = budget
        self._loaded: tuple[Any, Any] | None = None

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            tokenizer, model = _read_encoder(self.path)
            # Faster than fp32 weights under autocast, which converts them for every batch.
            model = model.bfloat16() if cpu_has_bf16() else model
            if can_pack(model.dtype):
                pack_linears(model, dtype=model.dtype, rows=self._budget)
            self._loaded = tokenizer, model
        return self._loaded

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Embed texts.

        Args:
            texts: Any number; repeated texts are embedded once.
            progress: Draws the bar.

        Returns:
            Array of shape (texts, dimensions), rows of length 1.

        Raises:
            WeightsError: If the folder holds no encoder.
        """
        import numpy as np

        tokenizer, model = self._load()
        unique = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        if not unique:
            return np.empty((0, model.config.hidden_size), dtype=np.float32)
        tokens = tokenizer(
            list(unique),
            truncation=True,
            max_length=self._longest,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        vectors = np.empty((len(unique), model.config.hidden_size), dtype=np.float32)
        batches = list(batches_by_length([len(t) for t in tokens], budget=self._budget))
        for batch in progress(batches, description="Embedding lines"):
            vectors[batch] = _pool(model, [tokens[index] for index in batch], filler=tokenizer.pad_token_id)
        return vectors[[unique[text] for text in texts]]

    def glance(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean of each text's word vectors as they go into the encoder, rows of length 1.

        No layer is run, so order and context say nothing, and a thousand texts take milliseconds.

        Raises:
            WeightsError: If the folder holds no encoder.
        """
        import numpy as np
        import torch

        tokenizer, model = self._load()
        rows = tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=self._longest)["input_ids"]
        starts = np.cumsum([0, *map(len, rows)][: len(rows)], dtype=np.int64)
        ids, where = np.unique([token for row in rows for token in row], return_inverse=True)
        with torch.inference_mode():
            words = model.get_input_embeddings().weight[torch.from_numpy(ids.astype(np.int64))].float()
            mean = torch.nn.functional.embedding_bag(
                torch.from_numpy(where.ravel()), words, torch.from_numpy(starts), mode="mean"
            )
            glanced: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return glanced


def _read_encoder(path: Path) -> tuple[Any, Any]:
    """Load tokenizer and model from a folder that really holds both.

    transformers makes up what is missing: an empty tokenizer, random weights.
    """
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    if not any((path / name).is_file() for name in ("tokenizer.json", "vocab.txt", "tokenizer.model")):
        raise WeightsError(f"{path} holds no sentence encoder: it has no tokenizer.")
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    reported = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        # Subtitle lines have a dozen tokens; for those a fused attention takes longer than plain products.
        model, loaded = AutoModel.from_pretrained(
            path, local_files_only=True, use_safetensors=True, output_loading_info=True, attn_implementation="eager"
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{path} holds no sentence encoder: {str(error).splitlines()[0]}") from None
    finally:
        logging.set_verbosity(reported)
    # A pooler is not used here, so that an encoder published without one is whole.
    if missing := [key for key in loaded["missing_keys"] if not key.startswith("pooler.")]:
        raise WeightsError(
            f"{path} holds no sentence encoder: its weights lack {missing[0]} and {len(missing) - 1} more."
        )
    return tokenizer, model.eval()


def _pool(model: Any, tokens: Sequence[Sequence[int]], *, filler: int) -> NDArray[np.float32]:
    """Mean over real tokens, then unit length."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    lengths = torch.tensor([len(row) for row in tokens])
    ids = pad_sequence([torch.tensor(row) for row in tokens], batch_first=True, padding_value=filler)
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    with torch.inference_mode():
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        # A sum in bfloat16 would lose what the layers kept.
        mean = (hidden * mask.unsqueeze(-1).to(hidden.dtype)).sum(dim=1, dtype=torch.float32) / lengths[:, None]
        pooled: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return pooled
