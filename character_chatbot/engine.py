"""What generates text: one client of the OpenAI chat protocol, for llama.cpp in this process or any server by its URL.

Protocol: https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import ceil
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

from character_chatbot.ahead import read_ahead
from character_chatbot.embedded import OnLoad, OnWarning, embedded_link
from character_chatbot.endpoint import endpoint_link, endpoint_url
from character_chatbot.link import CONTEXT, LLAMA_CPP, OPENAI, Dialect, Link, is_loopback
from character_chatbot.piece import Piece
from character_chatbot.refusals import reason, refusal
from utils.adapters import adapter_name
from utils.characters import Sampling
from utils.chat import Message
from utils.errors import HawkinsError
from utils.series import SeriesProfile

__all__ = ["ChatEngine", "embedded_engine", "interrupted_by", "open_engine"]

TIMEOUT: Final = 180.0  # seconds without a word from the server
CONNECT_TIMEOUT: Final = 10.0
# Of English in the vocabularies of such models.
BYTES_PER_TOKEN: Final = 4

_INTERRUPTION: Final[ContextVar[Event | None]] = ContextVar("interruption", default=None)


@contextmanager
def interrupted_by(event: Event) -> Iterator[None]:
    """Let what is generated inside the block stop with an error soon after an event is set in another thread."""
    before = _INTERRUPTION.set(event)
    try:
        yield
    finally:
        _INTERRUPTION.reset(before)


class ChatEngine:
    """Streams replies from a server that speaks the OpenAI chat protocol.

    Args:
        base_url: Up to and including ``/v1``.
        model: Name to ask for.
        label: What people read in the app.
        api_key: Sent as a bearer token.
        context: Tokens that prompt and reply may fill together.
        dialect: What the server takes beyond the protocol.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        label: str,
        api_key: str = "none",
        context: int = CONTEXT,
        dialect: Dialect = OPENAI,
    ) -> None:
        link = Link(base_url=base_url, model=model, label=label, api_key=api_key, context=context, dialect=dialect)
        self._begin(lambda: link)

    @classmethod
    def opening(cls, find: Callable[[], Link]) -> ChatEngine:
        """Return an engine that looks for its server, or loads it, when it is first needed."""
        engine = cls.__new__(cls)
        engine._begin(find)
        return engine

    def _begin(self, find: Callable[[], Link]) -> None:
        self._find = find
        self._lock = Lock()
        self._found: Link | None = None
        self._connected: Any = None

    @property
    def link(self) -> Link:
        """The server; asking for it loads or contacts it.

        Raises:
            HawkinsError: If there is none.
        """
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found

    @property
    def loaded(self) -> bool:
        """Whether the server is there already."""
        return self._found is not None

    @property
    def base_url(self) -> str:
        """Where the server is, up to and including ``/v1``."""
        return self.link.base_url

    @property
    def label(self) -> str:
        """What people read in the app."""
        return self.link.label

    @property
    def context(self) -> int:
        """Tokens that prompt and reply may fill together."""
        return self.link.context

    def adapter_for(self, character: str, series: SeriesProfile) -> str | None:
        """Return the adapter with which a character answers, or None if it has nothing but its card.

        Args:
            character: Canonical name.
            series: Whose character.
        """
        if self.link.series not in {None, series.key}:
            return None
        wanted = adapter_name(character, "")
        # As its file is called, or as the server was told: "eleven", "eleven-smollm2", "me/eleven-qwen".
        names = {name: f"{Path(name).name.casefold()}-" for name in self.link.adapters}
        return next((name for name, folded in names.items() if folded.startswith(wanted)), None)

    def count_tokens(self, text: str) -> int:
        """Return the tokens of a text; where the server does not tell, an estimate.

        Raises:
            HawkinsError: If the server cannot be reached or refuses.
        """
        from openai import APIError

        if self.link.dialect is not LLAMA_CPP:
            return ceil(len(text.encode()) / BYTES_PER_TOKEN)
        url = f"{self.base_url.removesuffix('/v1')}/tokenize"
        try:
            return len(self._client().post(url, cast_to=object, body={"content": text})["tokens"])
        except APIError as error:
            raise refusal(error, self.base_url) from None

    def _client(self) -> Any:
        link = self.link
        with self._lock:
            if self._connected is None:
                self._connected = _connect(link)
        return self._connected

    def stream(
        self,
        messages: Sequence[Message],
        *,
        sampling: Sampling,
        stop: Sequence[str] = (),
        seed: int | None = None,
        adapter: str | None = None,
    ) -> Generator[str]:
        """Yield the pieces of a reply as they are generated, each a `Piece`.

        Args:
            messages: The conversation, system message first, the user's last.
            sampling: Temperature, nucleus mass and length.
            stop: Texts at which the reply ends.
            seed: For a repeatable draw.
            adapter: Of the character, from `adapter_for`; None for the base alone.

        Raises:
            HawkinsError: If the server cannot be reached or refuses.
        """
        gate = self.link.gate
        if gate is None:
            yield from self._requested(messages, sampling, stop, seed, adapter)
            return

        def inside(gone: Event) -> Generator[str]:
            with gate.passing(adapter):
                # Whoever left while waiting is not answered any more.
                if not gone.is_set():
                    # What stands in the last message beside its words is gone with the next prompt.
                    with self._slot(adapter, messages[:-1]) as slot:
                        yield from self._requested(messages, sampling, stop, seed, adapter, slot)

        # Who looks at a reply sentence by sentence must not keep others out once the server is done with it.
        yield from read_ahead(inside)

    def prepare(self, messages: Sequence[Message], *, adapter: str | None = None) -> None:
        """Let the model in this process read how a prompt will begin, if nobody needs it now.

        Other servers are left alone.

        Args:
            messages: The beginning: instruction and conversation.
            adapter: As in `stream`.

        Raises:
            HawkinsError: If the server cannot be reached or refuses.
        """
        gate = self.link.gate
        if gate is None:
            return
        with gate.passing_if_free() as free:
            if free:
                with self._slot(adapter, messages) as slot:
                    for _ in self._requested(messages, Sampling(max_tokens=1), (), None, adapter, slot):
                        pass

    @contextmanager
    def _slot(self, adapter: str | None, begin: Sequence[Message]) -> Iterator[int | None]:
        """The slot in which a prompt with this beginning is answered; None where the server chooses."""
        if self.link.slots is None:
            yield None
            return
        with self.link.slots.taking(adapter, begin) as slot:
            yield slot

    def _requested(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        stop: Sequence[str],
        seed: int | None,
        adapter: str | None,
        slot: int | None = None,
    ) -> Generator[str]:
        from openai import APIError, omit

        try:
            chunks = self._client().chat.completions.create(
                model=self.link.asked_model(adapter),
                messages=list(messages),
                stream=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                stop=list(stop) or omit,
                seed=omit if seed is None else seed,
                extra_body=self.link.body(adapter, slot=slot),
            )
        except APIError as error:
            raise refusal(error, self.base_url) from None
        # Leaving the block tells the server to stop, also when the caller wants no more.
        with chunks:
            yield from self._pieces(chunks)

    def _pieces(self, chunks: Any) -> Generator[str]:
        """The texts of a stream; a server that dies in the middle is an error with one line too."""
        from openai import APIError

        spoken = False
        try:
            for chunk in chunks:
                spoken = True
                if (event := _INTERRUPTION.get()) and event.is_set():
                    raise HawkinsError("The reply was interrupted.")
                if chunk.choices and chunk.choices[0].delta.content:
                    told = chunk.choices[0].logprobs
                    tokens = told.content if told and told.content else ()
                    yield Piece(chunk.choices[0].delta.content, [token.logprob for token in tokens])
        except (APIError, ValueError) as error:
            raise HawkinsError(f"The chat server at {self.base_url} broke off: {reason(error)}.") from None
        if not spoken:
            raise HawkinsError(
                f"{self.base_url} does not answer in the OpenAI chat protocol; give a chat server's URL."
            )


def _connect(link: Link) -> Any:
    """A client that is kept: its connections are used again."""
    from openai import DefaultHttpxClient, OpenAI, Timeout

    timeout = Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    client = DefaultHttpxClient(timeout=timeout, trust_env=not is_loopback(link.base_url))
    return OpenAI(base_url=link.base_url, api_key=link.api_key, max_retries=1, timeout=timeout, http_client=client)


def embedded_engine(
    path: Path | None = None,
    *,
    series: SeriesProfile | None = None,
    root: Path = Path("out"),
    on_load: OnLoad | None = None,
    on_warning: OnWarning | None = None,
) -> ChatEngine:
    """Return an engine of the model in this process, loaded (see `embedded_link`)."""
    link = embedded_link(path, series=series, root=root, on_load=on_load, on_warning=on_warning)
    return ChatEngine.opening(lambda: link)


def open_engine(
    endpoint: str | None = None,
    *,
    model: str | None = None,
    series: SeriesProfile | None = None,
    on_load: OnLoad | None = None,
    on_warning: OnWarning | None = None,
) -> ChatEngine:
    """Return what answers: a server by its URL, or the model in this process. Nothing is loaded or asked before use.

    Args:
        endpoint: URL of a server that speaks the OpenAI chat protocol; None for the model in this process.
        model: Which of the server's models; None takes ``HAWKINS_MODEL`` or the first. For the model in this process,
            a ``.gguf`` file.
        series: Whose characters' adapters are wanted.
        on_load: Told what is loaded, once, before it is.
        on_warning: Told in one sentence of an adapter that cannot be used.

    Raises:
        InputError: If the endpoint is no URL.
    """
    if endpoint is None:
        path = Path(model) if model else None
        return ChatEngine.opening(lambda: embedded_link(path, series=series, on_load=on_load, on_warning=on_warning))
    url = endpoint_url(endpoint)
    return ChatEngine.opening(lambda: endpoint_link(url, model=model))
