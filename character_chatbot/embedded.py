"""llama.cpp in this process, on loopback: one base in memory, every trained character beside it.

The server is llama.cpp's, through xllamacpp (https://github.com/ggml-org/llama.cpp/tree/master/tools/server).
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.faster_base import faster_base
from character_chatbot.gate import Gate
from character_chatbot.kept_states import KeptStates
from character_chatbot.link import CONTEXT, LLAMA_CPP, Link, lora_field
from character_chatbot.slots import Slots
from character_chatbot.weights import Header, base_key, read_header, unfit
from utils.adapters import adapter_name, find_adapter
from utils.cores import free_cores
from utils.errors import WeightsError
from utils.models import Weights, find_weights
from utils.series import SeriesProfile

if TYPE_CHECKING:
    import httpx

__all__ = ["OnLoad", "OnWarning", "embedded_link"]

# Conversations that are answered at once; more wait for a slot. Each holds 94 MB of SmolLM2's keys and values.
SLOTS: Final = 8
# Connections that may wait for a slot, without one that a client keeps open being in another's way.
CONNECTIONS: Final = 64
# Seconds for what is asked beside the protocol; without an answer a prompt is only read again.
_BESIDE: Final = 10.0

OnLoad = Callable[[str], object]
OnWarning = Callable[[str], object]

_logger = logging.getLogger(__name__)


def embedded_link(
    path: Path | None = None,
    *,
    series: SeriesProfile | None = None,
    root: Path = Path("out"),
    on_load: OnLoad | None = None,
    on_warning: OnWarning | None = None,
) -> Link:
    """Load a GGUF model into this process and serve it on loopback; once per process, model and set of adapters.

    Args:
        path: A ``.gguf`` file; None takes the pulled or embedded one.
        series: Whose characters' adapters are loaded beside it; those trained later wait for the next start.
        root: Where `hawkins train` put them.
        on_load: Told what is loaded, before it is; not called for what is in memory.
        on_warning: Told in one sentence of an adapter that cannot be used; by default it is logged as a warning.

    Raises:
        InputError: If the given path does not exist.
        WeightsError: If there is no such model, or llama.cpp cannot load it.
    """
    warn = on_warning or _logger.warning
    weights = find_weights("chat", path=path)
    header = read_header(weights.path)
    adapters = _usable(_trained(header, series, root), header, warn) if series else {}
    server = _server(faster_base(weights, on_make=on_load), tuple(adapters.items()))
    address = server.start(weights, on_load, warn)
    return Link(
        base_url=f"{address}/v1",
        model=weights.path.stem,
        label=weights.label,
        dialect=LLAMA_CPP,
        api_key=server.key,
        adapters=server.numbers,
        series=series.key if series else None,
        owner=server,
        gate=server.gate,
        slots=server.slots,
    )


def _trained(base: Header, series: SeriesProfile, root: Path) -> dict[str, Path]:
    """The adapters of a series' cast for a base, by name."""
    key = base_key(base)
    found = {person.name: find_adapter(person.name, series, key, root=root) for person in series.cast if key}
    return {adapter_name(name, str(key)): path for name, path in found.items() if path}


def _usable(adapters: Mapping[str, Path], base: Header, warn: OnWarning) -> dict[str, Path]:
    """Those that fit; a damaged one must not reach native code, nor keep the others from being used."""
    troubles = {name: _trouble(path, base) for name, path in adapters.items()}
    for name, trouble in troubles.items():
        if trouble:
            warn(f"{adapters[name]} is not used ({trouble}); the character answers without it.")
    return {name: path for name, path in adapters.items() if not troubles[name]}


def _trouble(path: Path, base: Header) -> str | None:
    try:
        return unfit(read_header(path), base)
    except WeightsError:
        return "it is damaged or no GGUF file"


# Two threads that come at once must get the same server.
_FINDING: Final = Lock()


def _server(path: Path, adapters: tuple[tuple[str, Path], ...]) -> _Server:
    with _FINDING:
        return _cached_server(path, adapters)


@cache
def _cached_server(path: Path, adapters: tuple[tuple[str, Path], ...]) -> _Server:
    return _Server(path, adapters)


class _Server:
    """A server that starts when it is first needed.

    Args:
        path: The model.
        adapters: LoRA adapters beside it by name, none of them applied unless a request asks.
    """

    def __init__(self, path: Path, adapters: tuple[tuple[str, Path], ...]) -> None:
        # Nobody else on this machine, and no page in a browser, is to talk to it.
        self.key = secrets.token_urlsafe()
        # Requests of several adapters at once are computed one adapter after the other anyway, and each would have to
        # be read in a slot that another one's had filled (docs/decisions/021).
        self.gate = Gate(places=SLOTS)
        self._path = path
        self._adapters = adapters
        self._states = self._kept_states()
        self.slots = Slots(SLOTS, self._states)
        self._lock = Lock()
        self._running: Any = None

    @property
    def numbers(self) -> dict[str, int]:
        """The adapters that it takes, with their numbers there."""
        return {name: number for number, (name, _) in enumerate(self._adapters)}

    def start(self, weights: Weights, on_load: OnLoad | None, warn: OnWarning) -> str:
        """Return the address."""
        with self._lock:
            if self._running is None:
                if on_load:
                    on_load(weights.label)
                self._running = self._open(warn)
        return str(self._running.listening_address)

    def _open(self, warn: OnWarning) -> Any:
        import xllamacpp

        try:
            return xllamacpp.Server(self._parameters())
        except RuntimeError as error:
            if not self._adapters:
                raise WeightsError(f"llama.cpp cannot load {self._path}; it is damaged or too new.") from error
        self._adapters = ()
        running = self._open(warn)
        warn("llama.cpp does not take the trained adapters; the characters answer without them.")
        return running

    def _parameters(self) -> Any:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.model_alias = {self._path.stem}
        params.n_parallel = SLOTS
        params.n_ctx = CONTEXT * SLOTS
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
        params.n_threads_http = CONNECTIONS
        params.cache_prompt = True
        # Slots keep their own prompt and forget it when the adapter changes. The cache beside them does not: it hands
        # what was computed under one adapter to another (tests/character_chatbot/test_engine_adapters.py).
        params.cache_ram_mib = 0
        if self._states is not None:
            params.slot_save_path = f"{self._states.folder}{os.sep}"
        params.lora_adapters = [_adapter(path) for _, path in self._adapters]
        params.lora_init_without_apply = True
        params.ui = False
        params.api_keys = [self.key]
        params.verbosity = -1
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        return params

    def _kept_states(self) -> KeptStates | None:
        """Where slots are put aside; None where there is no folder for it."""
        try:
            return KeptStates(self._ask, marks=lambda kind: lora_field(self.numbers, kind))
        except OSError as error:
            _logger.info("Conversations cannot be put aside (%s); they are read again.", error)
            return None

    def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the server says to a request beside the protocol; None if it refuses."""
        import httpx

        try:
            said: Any = self._client.post(path, json=body).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            _logger.info("llama.cpp refused %s: %s", path, error)
            return None
        return said if isinstance(said, dict) else None

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        return httpx.Client(
            base_url=self._running.listening_address,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=_BESIDE,
            trust_env=False,
        )


def _adapter(path: Path) -> Any:
    import xllamacpp

    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path = str(path)
    # What a request does not name keeps the scale that it was loaded with.
    adapter.scale = 0.0
    return adapter


def _threads() -> int:
    """``HAWKINS_THREADS``, or the free physical cores."""
    wanted = os.environ.get("HAWKINS_THREADS", "")
    return max(1, int(wanted)) if wanted.isdigit() else free_cores()
