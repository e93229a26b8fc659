"""Characters as models of an OpenAI-compatible server, for SillyTavern, Open WebUI, or a script.

No page of another origin may read answers, a request that names another host is refused (a page that rebinds its name
to this machine), and beyond this machine a key is required.
"""

from __future__ import annotations

import asyncio
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from math import ceil
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.cast import Cast, NoSuchModelError
from character_chatbot.engine import interrupted_by
from character_chatbot.protocol import DONE, ChatRequest, chunk, completion, error_body, event, read_request, told_about
from utils.chat import BYTES_PER_TOKEN
from utils.door import end_as_interrupted
from utils.environment import setting
from utils.errors import HawkinsError, InputError
from utils.ports import is_loopback_host, listen

if TYPE_CHECKING:
    from fastapi import FastAPI

    from character_chatbot.turn import Turn

__all__ = ["KEY_VARIABLE", "create_app", "require_key", "serve"]

KEY_VARIABLE: Final = "HAWKINS_SERVE_KEY"
LONGEST_BODY: Final = 1_000_000  # bytes
BODY_SECONDS: Final = 30.0
# Replies that are made or wait for a slot; whoever comes then is asked to come again.
MOST_AT_ONCE: Final = 64
WATCH_SECONDS: Final = 0.2  # between looks whether the client is still there

Handler = Callable[[Any], Awaitable[Any]]


class _Refusal(Exception):  # noqa: N818 - it is no fault of ours
    """An answer with a status other than 200."""

    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", code: str | None = None):
        super().__init__(message)
        self.status = status
        self.body = error_body(message, kind=kind, code=code)


class _Gone(Exception):  # noqa: N818
    """The client left."""


def require_key(host: str) -> str | None:
    """Return the key that clients must send, from ``HAWKINS_SERVE_KEY``; None where this machine alone can ask.

    Raises:
        InputError: If others can reach the host and no key is set.
    """
    key = setting(KEY_VARIABLE)
    if not key and not is_loopback_host(host):
        raise InputError(
            f"Others can reach {host}: set {KEY_VARIABLE} (environment or .env) to the key that clients must send."
        )
    return key


def create_app(cast: Cast, *, key: str | None = None) -> FastAPI:
    """Build the application.

    Args:
        cast: Who answers.
        key: What clients must send as a bearer token; None lets this machine alone ask, by its own name.
    """
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException

    service = _Service(cast, key)
    app = FastAPI(title="Stranger Things NLP", docs_url=None, redoc_url=None, openapi_url=None)
    for path, handler, method in (
        ("/v1/models", service.models, "GET"),
        ("/v1/models/{model:path}", service.model, "GET"),
        ("/v1/chat/completions", service.completions, "POST"),
    ):
        app.add_route(path, service.guarded(handler), methods=[method])
    app.add_exception_handler(HTTPException, _unknown_path)
    return app


async def _unknown_path(request: Any, error: Any) -> Any:
    from starlette.responses import JSONResponse

    message = f"There is no {request.method} {request.url.path} here; see /v1/models and /v1/chat/completions."
    return JSONResponse(error_body(message), status_code=error.status_code)


class _Service:
    """What stands behind the paths."""

    def __init__(self, cast: Cast, key: str | None) -> None:
        self._cast = cast
        self._key = key
        self._started = int(time.time())
        self._at_once = 0
        self._threads: Any = None
        self._preparing: set[asyncio.Task[None]] = set()

    def guarded(self, handler: Handler) -> Handler:
        """Check who asks; turn errors into answers."""

        async def answer(request: Any) -> Any:
            from starlette.responses import JSONResponse, Response

            try:
                self._admit(request)
                return await handler(request)
            except _Refusal as refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            except _Gone:
                return Response(status_code=499)
            except HawkinsError as error:
                told = _refused(error)
                return JSONResponse(told.body, status_code=told.status)

        return answer

    def _admit(self, request: Any) -> None:
        if self._key is None:
            if not is_loopback_host(request.url.hostname or ""):
                raise _Refusal(403, f"Ask for this machine by its own name, or set {KEY_VARIABLE}.", code="forbidden")
            return
        sent = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(sent.encode(), self._key.encode()):
            raise _Refusal(401, "Incorrect API key; send it as a bearer token.", code="invalid_api_key")

    async def models(self, _: Any) -> Any:
        """List the characters."""
        from starlette.responses import JSONResponse

        return JSONResponse({"object": "list", "data": [self._model(name) for name in self._cast.names]})

    async def model(self, request: Any) -> Any:
        """Tell of one character, also at a point of the dial."""
        from starlette.responses import JSONResponse

        name = request.path_params["model"]
        try:
            self._cast.check(name)
        except NoSuchModelError as error:
            raise _refused(error) from None
        return JSONResponse(self._model(name))

    def _model(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": self._started, "owned_by": self._cast.world.series.key}

    async def completions(self, request: Any) -> Any:
        """Let a character answer."""
        from starlette.responses import JSONResponse, StreamingResponse

        asked = await _read(request)
        if self._at_once >= MOST_AT_ONCE:
            raise _Refusal(503, "Too many conversations at once; try again in a moment.", kind="server_error")
        self._at_once += 1
        pieces = self._pieces(request, turn := await self._begin(asked))
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": asked.model}
        # Waiting for the first word lets what goes wrong before it have a status of its own.
        try:
            first = await anext(pieces, "")
        except HawkinsError as error:
            raise _refused(error) from None
        if asked.stream:
            events = self._events(head, asked, turn, first, pieces)
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        try:
            async for _ in pieces:
                pass
        except HawkinsError as error:
            raise _refused(error) from None
        answer = completion(head, turn.reply, await self._usage(asked, turn))
        self._prepare(asked, turn)
        return JSONResponse(answer)

    def _prepare(self, asked: ChatRequest, turn: Turn) -> None:
        """Let the model read on while somebody reads the answer."""
        reading = asyncio.create_task(self._in_thread(lambda: self._cast.prepare(asked, turn.reply)))
        # A task that nobody holds may vanish.
        self._preparing.add(reading)
        reading.add_done_callback(self._preparing.discard)

    async def _begin(self, asked: ChatRequest) -> Turn:
        turn: Turn | None = None
        try:
            turn = await self._in_thread(lambda: self._cast.turn(asked))
        except HawkinsError as error:
            raise _refused(error) from None
        finally:
            if turn is None:
                self._at_once -= 1
        return turn

    async def _pieces(self, request: Any, turn: Turn) -> AsyncIterator[str]:
        """The words as they come; generation ends with the block, also when the client leaves."""
        import anyio

        words: Iterator[str] = iter(turn)
        gone = Event()
        # A character may think for a while before it says anything.
        watcher = asyncio.create_task(_watch(request, gone))

        def advance() -> str | None:
            with interrupted_by(gone):
                return next(words, None)

        try:
            while (piece := await self._in_thread(advance)) is not None:
                yield piece
        except HawkinsError:
            if gone.is_set():
                raise _Gone from None
            raise
        finally:
            self._at_once -= 1
            watcher.cancel()
            with anyio.CancelScope(shield=True):
                await self._in_thread(words.close)  # type: ignore[attr-defined]

    async def _events(
        self, head: dict[str, Any], asked: ChatRequest, turn: Turn, first: str, rest: AsyncIterator[str]
    ) -> AsyncIterator[str]:
        yield event(chunk(head, {"role": "assistant", "content": first}))
        try:
            async for piece in rest:
                if piece:
                    yield event(chunk(head, {"content": piece}))
        except HawkinsError as error:
            yield event(_refused(error).body)
            return
        except _Gone:
            return
        yield event(chunk(head, {}, last=True, hawkins=told_about(turn.reply)))
        if asked.wants_usage:
            yield event(chunk(head, usage=await self._usage(asked, turn)))
        self._prepare(asked, turn)
        yield DONE

    async def _usage(self, asked: ChatRequest, turn: Turn) -> dict[str, int]:
        """Tokens of what the client sent and got; what the character adds to the prompt is our own matter."""
        message, history = asked.conversation()
        said = "\n".join([*(earlier["content"] for earlier in history), message])
        sent, got = await self._in_thread(lambda: [self._count(text) for text in (said, turn.reply.text)])
        return {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}

    def _count(self, text: str) -> int:
        try:
            return self._cast.engine.count_tokens(text)
        except HawkinsError:
            # The reply is there; a number about it is no reason to lose it.
            return ceil(len(text.encode()) / BYTES_PER_TOKEN)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        import anyio

        if self._threads is None:
            # The usual limit of 40 would keep whoever comes later from being told so.
            self._threads = anyio.CapacityLimiter(2 * MOST_AT_ONCE)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


async def _watch(request: Any, gone: Event) -> None:
    """Set an event when the client leaves."""
    while not await request.is_disconnected():
        await asyncio.sleep(WATCH_SECONDS)
    gone.set()


def _refused(error: HawkinsError) -> _Refusal:
    """What an error of ours is on the wire."""
    if isinstance(error, NoSuchModelError):
        return _Refusal(404, str(error), code="model_not_found")
    if isinstance(error, InputError):
        return _Refusal(400, str(error))
    return _Refusal(503, str(error), kind="server_error")


async def _read(request: Any) -> ChatRequest:
    import anyio

    # A page of another origin can send forms and plain text without being asked, but no JSON.
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != "application/json":
        raise _Refusal(415, "Send the request as application/json.")
    body = bytearray()
    with anyio.move_on_after(BODY_SECONDS) as waiting:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY:
                raise _Refusal(413, f"The request is too large; {LONGEST_BODY:,} bytes are the most.")
    if waiting.cancelled_caught:
        raise _Refusal(408, "The request did not arrive in time.")
    try:
        return read_request(bytes(body))
    except InputError as error:
        raise _refused(error) from None


def serve(cast: Cast, *, host: str, port: int, key: str | None, announce: Callable[[str], object]) -> None:
    """Serve until interrupted.

    Args:
        cast: Who answers.
        host: Address to listen on.
        port: Port to listen on.
        key: From `require_key`.
        announce: Told the base URL once it answers.

    Raises:
        InputError: If the port is taken, or the host is none of this machine's addresses.
    """
    import uvicorn

    end_as_interrupted()
    listening = listen(host, port)
    config = uvicorn.Config(
        create_app(cast, key=key),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    name = f"[{host}]" if ":" in host else host
    announce(f"http://{name}:{listening.getsockname()[1]}/v1")
    with suppress(KeyboardInterrupt), listening:
        uvicorn.Server(config).run(sockets=[listening])
