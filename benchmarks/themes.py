"""The exact tier of themes against transformers' pipeline, in one run on the same lines.

    python benchmarks/themes.py                                  # the sample season
    python benchmarks/themes.py --real ../shared/data/stranger_things

The weights are random, their shape is that of ``valhalla/distilbart-mnli-12-3`` and of a small model; the tokenizer is
a byte-level BPE learned from the lines. The last layer is scaled so that the scores spread over 0-1, without which
equal scores would mean nothing. Each round takes other lines, which everybody scores in turn; a ratio is the median of
the rounds' ratios, and other work on the machine strikes all alike. No line is repeated: what deduplication saves is
counted apart. ``--peak`` adds the peak memory of processes of their own that load the model and score some lines.
With ``--threads 1`` processor time is counted, which other work on the machine disturbs less.

GFLOP/s count what the linear layers have to do for the real tokens, padding left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from theme_classifier.calibration import logistic
from theme_classifier.entailment import EntailmentTier
from theme_classifier.labels import ThemeQuery, theme_queries
from theme_classifier.passages import passages
from utils.data_loader import load_dialogue
from utils.packing import cpu_has_bf16
from utils.progress import silent
from utils.series import load_series

SIZES = {
    "full": {"encoder_layers": 12, "decoder_layers": 3, "d_model": 1024, "heads": 16},
    "small": {"encoder_layers": 4, "decoder_layers": 1, "d_model": 256, "heads": 4},
}
VOCABULARY = 50_265
PEER_BATCHES = (1, 8, 32)
BARS = {"ours, float32": 1.4, "ours, bfloat16": 4.5}

Score = Callable[[Sequence[str]], np.ndarray]
Clock = Callable[[], float]


def queries() -> tuple[ThemeQuery, ...]:
    profile = load_series()
    return theme_queries([theme.label for theme in profile.themes], profile)


def read_texts(season: Path, sentences: bool) -> list[str]:
    dialogue = load_dialogue(season / "subtitles", transcripts=season / "transcripts")
    return (passages(dialogue) if sentences else dialogue)["text"].tolist()


def make_model(folder: Path, size: str, texts: Sequence[str]) -> None:
    """Save a model of random weights with its tokenizer, in the files that the real one has."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartConfig, BartForSequenceClassification
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, vocab_size=VOCABULARY, min_frequency=2, special_tokens=special)
    tokenizer.save_model(str(folder))
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 1024}')
    names = {0: "contradiction", 1: "neutral", 2: "entailment"}
    shape = SIZES[size]
    width, heads = shape["d_model"], shape["heads"]
    torch.manual_seed(0)
    model = BartForSequenceClassification(
        BartConfig(
            vocab_size=VOCABULARY,
            d_model=width,
            encoder_layers=shape["encoder_layers"],
            decoder_layers=shape["decoder_layers"],
            encoder_attention_heads=heads,
            decoder_attention_heads=heads,
            encoder_ffn_dim=4 * width,
            decoder_ffn_dim=4 * width,
            id2label=names,
            label2id={name: number for number, name in names.items()},
            init_std=0.05,
        )
    ).eval()
    model.save_pretrained(folder)
    spread(folder, model, texts[:: max(1, len(texts) // 6)])


def spread(folder: Path, model: Any, texts: Sequence[str]) -> None:
    """Scale the last layer so that entailment less contradiction has mean 0 and deviation 2."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    pairs = [text for text in texts for _ in queries()], [query.hypothesis for _ in texts for query in queries()]
    last = model.classification_head.out_proj
    with torch.inference_mode():
        logits = model(**tokenizer(*pairs, padding=True, return_tensors="pt")).logits
        margin = logits[:, 2] - logits[:, 0]
        last.weight *= 2 / margin.std()
        last.bias[2] -= 2 * margin.mean() / margin.std()
    model.save_pretrained(folder)


def peer(folder: Path, batch_size: int) -> Score:
    from transformers import pipeline

    classify = pipeline("zero-shot-classification", model=str(folder), device="cpu")
    hypotheses = [query.hypothesis for query in queries()]

    def score(texts: Sequence[str]) -> np.ndarray:
        found = classify(list(texts), hypotheses, hypothesis_template="{}", multi_label=True, batch_size=batch_size)
        by_label = [dict(zip(row["labels"], row["scores"], strict=True)) for row in found]
        return np.array([[row[hypothesis] for hypothesis in hypotheses] for row in by_label])

    return score


def ours(folder: Path, half: bool) -> Score:
    tier = EntailmentTier(folder, queries(), half=half, kept=folder / f"kept-{half}.sqlite")
    # Not `measure`, which would score everyday lines for the calibration first.
    return lambda texts: logistic(tier._logits(texts, silent))


def contenders(folder: Path) -> dict[str, Callable[[], Score]]:
    named: dict[str, Callable[[], Score]] = {
        f"pipeline, batches of {size}": lambda size=size: peer(folder, size)  # type: ignore[misc]
        for size in PEER_BATCHES
    }
    named["ours, float32"] = lambda: ours(folder, False)
    if cpu_has_bf16():
        named["ours, bfloat16"] = lambda: ours(folder, True)
    return named


def operations(folder: Path, texts: Sequence[str]) -> float:
    """10^9 operations of the linear layers for all pairs."""
    from transformers import AutoConfig, AutoTokenizer

    config, tokenizer = AutoConfig.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    tokens = sum(len(tokenizer(text, query.hypothesis)["input_ids"]) for text in texts for query in queries())
    weights = config.d_model**2 * (12 * config.encoder_layers + 16 * config.decoder_layers)
    print(f"  {tokens / len(texts) / len(queries()):.1f} tokens a pair, special ones included")
    return 2e-9 * weights * tokens


def plain_product(dtype: str, clock: Clock) -> float:
    """GFLOP/s of a plain matrix product."""
    import torch

    a, b = (torch.randn(shape, dtype=getattr(torch, dtype)) for shape in ((1024, 1024), (1024, 4096)))
    a @ b
    begin, rounds = clock(), 0
    while clock() - begin < 1:
        a @ b
        rounds += 1
    return rounds * 2e-9 * 1024 * 1024 * 4096 / (clock() - begin)


def peak_memory(folder: Path, name: str, lines: Path) -> float:
    """GB that a process of its own needs at most."""
    command = [sys.executable, __file__, "--model", str(folder), "--memory", name, "--lines-from", str(lines)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def compare(folder: Path, texts: Sequence[str], *, rounds: int, lines: int, peak: bool, clock: Clock) -> None:
    scores = {name: make() for name, make in contenders(folder).items()}
    for score in scores.values():
        score(texts[-2:])
    seconds: dict[str, list[float]] = {name: [] for name in scores}
    apart = dict.fromkeys(scores, 0.0)
    for start in range(0, rounds * lines, lines):
        chosen = texts[start : start + lines]
        results = {}
        for name, score in scores.items():
            begin = clock()
            results[name] = score(chosen)
            seconds[name].append(clock() - begin)
        usual = results["pipeline, batches of 1"]
        for name, result in results.items():
            apart[name] = max(apart[name], float(np.abs(result - usual).max()))
    done, pairs = operations(folder, texts[: rounds * lines]), rounds * lines * len(queries())
    best = min((name for name in scores if name.startswith("pipeline")), key=lambda name: sum(seconds[name]))
    sample = folder / "lines.txt"
    sample.write_text("\n".join(texts[: min(lines, 8)]), encoding="utf-8")
    print("  | | pairs/s | GFLOP/s | times its default | times its best | scores differ by at most | peak memory |")
    print("  |---|---|---|---|---|---|---|")
    for name, taken in seconds.items():
        by_default, by_best = (
            statistics.median(other / own for other, own in zip(seconds[peer_name], taken, strict=True))
            for peer_name in ("pipeline, batches of 1", best)
        )
        memory = f"{peak_memory(folder, name, sample):.2f} GB" if peak else "-"
        print(
            f"  | {name} | {pairs / sum(taken):.1f} | {done / sum(taken):.0f} | {by_default:.2f} | {by_best:.2f}"
            f" | {apart[name]:.1e} | {memory} |",
            flush=True,
        )
    bars = ", ".join(f"{name} {bar} times its default" for name, bar in BARS.items() if name in seconds)
    print(f"  bars: {bars}; load now {load()}")


def load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def main() -> None:
    """Print one table a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("REAL_SEASON"), help="folder of a season")
    parser.add_argument("--size", choices=tuple(SIZES), help="one size alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=12, help="lines a round")
    parser.add_argument("--passages", action="store_true", help="lines joined as for scenes, not single ones")
    parser.add_argument("--threads", type=int, help="threads of the processor, all unless given")
    parser.add_argument("--peak", action="store_true", help="measure peak memory as well")
    for hidden in ("--model", "--memory", "--lines-from"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        score = contenders(Path(options.model))[options.memory]()
        score(Path(options.lines_from).read_text(encoding="utf-8").splitlines())
        # Not ru_maxrss, which begins with what the process had before it became this program.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        print(int(status.partition("VmHWM:")[2].split()[0]) / 1e6)
        return
    clock = time.process_time if options.threads == 1 else time.perf_counter
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    everything = read_texts(Path(options.real or load_series().sample), options.passages)
    distinct = list(dict.fromkeys(everything))
    print(f"{len(everything):,} texts, {len(set(everything)):,} of them distinct: ", end="")
    print(f"deduplication alone would save {1 - len(set(everything)) / len(everything):.1%}")
    print(f"load {load()}; plain matrix products: {plain_product('float32', clock):.0f} GFLOP/s in float32", end="")
    print(f", {plain_product('bfloat16', clock):.0f} in bfloat16")
    chosen = np.random.default_rng(0).permutation(distinct).tolist()
    for size in [options.size] if options.size else SIZES:
        print(f"{size} ({SIZES[size]})", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            make_model(Path(folder), size, everything)
            sizes = {"rounds": options.rounds, "lines": options.lines}
            compare(Path(folder), chosen, **sizes, peak=options.peak, clock=clock)


if __name__ == "__main__":
    main()
