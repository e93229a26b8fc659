"""The whole analysis against what people do without us, in one run on the same lines.

    python benchmarks/analyze.py                                  # the sample season
    REAL_SEASON=../shared/data/stranger_things python benchmarks/analyze.py

Parts and their peers:

- reading: ours (checks, speakers, scenes) against ``pysubs2.load`` alone
- names: ours against ``nlp(text)`` on every line with the same spaCy model
- embedding: ours against sentence-like batches of 32 in file order with the same weights, padded to the longest
- the whole: `analysis.analyze` into an empty folder, with its peak memory
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from analysis import analyze
from character_network import NamedEntityRecognizer
from utils.data_loader import load_dialogue
from utils.embeddings import SentenceEncoder
from utils.models import find_weights
from utils.series import load_series


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _season() -> tuple[Path, Path]:
    root = Path(os.environ["REAL_SEASON"]) if "REAL_SEASON" in os.environ else load_series().sample
    return root / "subtitles", root / "transcripts"


def _plain_reading(folder: Path) -> None:
    import pysubs2

    for path in sorted(folder.glob("*.srt")):
        pysubs2.load(str(path))


def _plain_names(texts: list[str]) -> None:
    import spacy

    nlp = spacy.load(find_weights("names").path)
    for text in texts:
        _ = nlp(text).ents


def _plain_embedding(texts: list[str]) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    path = find_weights("recall").path
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()
    with torch.inference_mode():
        for start in range(0, len(texts), 32):
            model(**tokenizer(texts[start : start + 32], padding=True, truncation=True, return_tensors="pt"))


def _row(part: str, ours: float, peer: float, work: int, unit: str) -> None:
    print(f"{part:<10} ours {ours:7.2f} s ({work / ours:9,.0f} {unit}/s)   peer {peer:7.2f} s   {peer / ours:5.2f} x")


def main() -> None:
    """Print one row a part."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    subtitles, transcripts = _season()
    dialogue = load_dialogue(subtitles, transcripts=transcripts)
    texts = dialogue["text"].tolist()
    print(f"{dialogue['source'].nunique()} episodes, {len(texts):,} lines")
    reading = timed(lambda: load_dialogue(subtitles))
    _row("reading", reading, timed(lambda: _plain_reading(subtitles)), len(texts), "lines")
    names = NamedEntityRecognizer()
    _row("names", timed(lambda: names.find(dialogue)), timed(lambda: _plain_names(texts)), len(texts), "lines")
    encoder = SentenceEncoder(find_weights("recall").path)
    embedding = timed(lambda: encoder.encode(texts))
    _row("embedding", embedding, timed(lambda: _plain_embedding(texts)), len(texts), "lines")
    with tempfile.TemporaryDirectory() as out:
        whole = timed(lambda: analyze(subtitles, transcripts=transcripts, out=Path(out) / "out", models=Path(out)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"whole      ours {whole:7.2f} s with the location classifier's training; peak {peak:.2f} GB (peers included)"
    )


if __name__ == "__main__":
    main()
