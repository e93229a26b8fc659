"""The page and its server, without a browser: what is built, what is served, where it listens."""

from __future__ import annotations

import html
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from analysis.results import Results
from character_network import NO_NAMES
from utils.errors import InputError
from web.app import build_app, launch, require_free
from web.network import _show
from web.session import Session
from web.wiring import polite

TABS = ["Overview", "Themes", "Network", "Places", "Chat", "Analyse", "About"]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_the_page_has_its_tabs_and_offers_no_interface_to_programs(results: Results) -> None:
    import gradio as gr

    app = build_app(results)
    assert [block.label for block in app.blocks.values() if isinstance(block, gr.Tab)] == TABS
    assert not app.get_api_info()["named_endpoints"]
    assert not app.analytics_enabled


def test_it_serves_on_loopback_and_names_no_font_service(results: Results, free: int) -> None:
    app = build_app(results)
    address = launch(app, host="127.0.0.1", port=free)
    try:
        page = httpx.get(address)
        style = httpx.get(f"{address}theme.css")
    finally:
        app.close(verbose=False)
    assert address == f"http://127.0.0.1:{free}/"
    assert page.status_code == style.status_code == 200
    assert "Stranger Things" in page.text
    assert app.share_url is None
    assert "fonts.googleapis" not in page.text + style.text


def test_a_taken_port_is_named_with_the_remedy(taken: int, results: Results) -> None:
    with pytest.raises(InputError, match=f"Port {taken} is in use; .* --port {taken + 1}"):
        require_free("127.0.0.1", taken)
    with pytest.raises(InputError, match="in use"):
        launch(build_app(results), host="127.0.0.1", port=taken)


def test_a_host_of_another_machine_is_refused(free: int) -> None:
    with pytest.raises(InputError, match=f"Cannot listen on 192.0.2.1, port {free}"):
        require_free("192.0.2.1", free)


def test_a_free_port_stays_free(free: int) -> None:
    require_free("127.0.0.1", free)
    require_free("127.0.0.1", free)


def test_without_names_the_network_says_what_to_do(results: Results, make_results: Callable[..., Results]) -> None:
    bare = make_results(edges=results.edges.head(0), mentions=results.mentions.head(0))
    _, page, *_ = _show(Session(bare))
    assert page == f'<p class="note">{html.escape(NO_NAMES)}</p>'


def test_sessions_are_told_apart_by_identity(results: Results) -> None:
    # Gradio hashes what a state holds; tables cannot be hashed.
    one, other = Session(results), Session(results)
    assert hash(one) == hash(one)
    assert one != other
    assert [str(episode) for episode in one.episodes] == ["S01E01", "S01E02"]


def test_errors_become_one_escaped_line() -> None:
    def fail(name: str) -> None:
        raise InputError(f"No character '{name}'.")

    with pytest.warns(UserWarning, match=r"No character &#x27;&lt;b&gt;&#x27;"):
        polite(fail)("<b>")


def test_other_errors_are_not_hidden() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        polite(fail)()
