"""The page with its tabs, and the server behind it."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from analysis.results import Results
from utils.door import end_as_interrupted
from utils.ports import listen
from web.about import about_tab
from web.analyse import analyse_tab
from web.chat import chat_tab
from web.login import Login, health_route
from web.look import look
from web.network import network_tab
from web.overview import overview_tab
from web.places import places_tab
from web.session import Session
from web.themes import themes_tab
from web.wiring import Stage

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["build_app", "launch", "require_free", "serve"]

# Seconds: how often uploads and reports are looked through, and how old they get.
_CLEARING: Final = (3600, 6 * 3600)
# Under this the browser keeps who it is. The value is obscured, not protected: it never leaves this machine otherwise.
_BROWSER: Final[dict[str, Any]] = {"storage_key": "hawkins-visitor", "secret": "hawkins"}


def build_app(results: Results, *, endpoint: str | None = None, model: str | None = None) -> gr.Blocks:
    """Build the page; it loads no model before somebody asks for one.

    Args:
        results: The analysis that visitors see first.
        endpoint: URL of a chat server; None for a model in this process.
        model: A ``.gguf`` file, or which of the server's models; None for the pulled or embedded one, or the first.

    Raises:
        InputError: If the endpoint is no URL, or there is no such file.
    """
    import gradio as gr

    app = gr.Blocks(title=f"{results.series.title} NLP", analytics_enabled=False, delete_cache=_CLEARING)
    with app:
        # Not in a tab: what lies there is not loaded before the tab is opened, and the browser would be a new one.
        visitor = gr.BrowserState(None, **_BROWSER)
        opening = Session(results, endpoint=endpoint, model=model)
        stage = Stage(app=app, state=gr.State(None), visitor=visitor, opening=opening)
        stage.follow(_heading, [gr.HTML(elem_classes="hawkins-head", apply_default_css=False)])
        with gr.Tabs():
            for build in (overview_tab, themes_tab, network_tab, places_tab, chat_tab, analyse_tab, about_tab):
                build(stage)
    return app


def _heading(session: Session) -> str:
    results = session.results
    timeline = results.series.timelines.get(results.timeline)
    first, last = session.episodes[0], session.episodes[-1]
    span = str(first) if first == last else f"{first} to {last}"
    subtitle = f"{timeline.title}, {span}" if timeline else span
    return f"<h1>{html.escape(results.series.title)}</h1><p>{html.escape(subtitle)}</p>"


def require_free(host: str, port: int) -> None:
    """Make sure that the app can listen there.

    Raises:
        InputError: If the port is taken, or the host is none of this machine's addresses.
    """
    # Gradio looks at the loopback address, whatever the host.
    for address in dict.fromkeys((host, "127.0.0.1")):
        listen(address, port).close()


def launch(app: gr.Blocks, *, host: str, port: int, login: Login | None = None) -> str:
    """Serve the app in the background; never behind a public link.

    Args:
        app: From `build_app`.
        host: Address to listen on.
        port: Port to listen on.
        login: What visitors must know; None lets everybody in who can reach the port.

    Returns:
        The address to open.

    Raises:
        InputError: As `require_free`.
    """
    require_free(host, port)
    _, address, _ = app.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        pwa=False,
        run_history=False,
        max_file_size="10mb",
        # Gradio's types do not know that it awaits what is asynchronous; tests/web/test_login.py does.
        auth=login.admits if login else None,  # type: ignore[arg-type]
        app_kwargs={"routes": [health_route()]},
        **look(),
    )
    return address


def serve(
    results: Results,
    *,
    host: str,
    port: int,
    announce: Callable[[str], object],
    endpoint: str | None = None,
    model: str | None = None,
    login: Login | None = None,
) -> None:
    """Serve the app until it is interrupted.

    Args:
        results: The analysis that visitors see first.
        host: Address to listen on; ``127.0.0.1`` for this machine alone.
        port: Port to listen on.
        announce: Told the address once it answers.
        endpoint: As for `build_app`.
        model: As for `build_app`.
        login: As for `launch`.

    Raises:
        InputError: As `require_free` and `build_app`.
    """
    end_as_interrupted()
    app = build_app(results, endpoint=endpoint, model=model)
    address = launch(app, host=host, port=port, login=login)
    with suppress(KeyboardInterrupt):
        announce(address)
        threading.Event().wait()
    app.close(verbose=False)
