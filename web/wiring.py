"""How tabs meet Gradio: what they show follows the session, errors become messages, work draws its bar."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import HawkinsError
from utils.progress import Progress
from web.session import Session

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["Stage", "bars", "cached_file", "polite", "warn"]


@dataclass(frozen=True)
class Stage:
    """What every tab is given.

    Attributes:
        app: The page.
        state: Holds a `Session`, or None until the visitor analyses something.
        visitor: Holds the key by which a browser is known, or None before it has one.
        opening: The session that everybody sees first.
    """

    app: gr.Blocks
    state: gr.State
    visitor: gr.BrowserState
    opening: Session

    def current(self, session: Session | None) -> Session:
        """Return the session on show."""
        return session or self.opening

    def follow(self, show: Callable[[Session], Any], outputs: Sequence[gr.components.Component]) -> None:
        """Fill components when the page opens and whenever another analysis comes on show.

        Args:
            show: Returns one value an output (alone, or as a tuple).
            outputs: The components.
        """
        import gradio as gr

        gr.on(
            [self.app.load, self.state.change],
            polite(lambda session: show(self.current(session))),
            inputs=self.state,
            outputs=list(outputs),
            show_progress="hidden",
            api_visibility="private",
        )


def warn(error: HawkinsError | str, *, inside: Path | None = None) -> None:
    """Show an error or a warning as one line in the corner of the page.

    Args:
        error: What a person can act on.
        inside: A folder of ours, which means nothing to a visitor and is left out of the line.
    """
    import gradio as gr

    message = str(error) if inside is None else str(error).replace(f"{inside}/", "")
    # The message may quote a file; Gradio shows it as HTML.
    gr.Warning(html.escape(message))


def polite(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Let a handler's errors become lines on the page, which otherwise stays as it is; never a traceback."""

    @wraps(handler)
    def guarded(*values: Any) -> Any:
        import gradio as gr

        try:
            return handler(*values)
        except HawkinsError as error:
            warn(error)
            return gr.skip()

    return guarded


def bars(progress: gr.Progress) -> Progress:
    """Let the core draw its bars on the page."""

    def draw(items: Iterable[Any], *, description: str, total: int | None = None) -> Iterable[Any]:
        drawn: Iterable[Any] = progress.tqdm(items, desc=description, total=total)
        return drawn

    return draw


def cached_file(content: bytes, name: str, folder: str) -> str:
    """Put a file where Gradio serves files from and clears them away.

    Args:
        content: Of the file.
        name: What a visitor saves it as.
        folder: ``GRADIO_CACHE`` of the component that offers it.
    """
    from gradio.processing_utils import save_bytes_to_cache

    path: str = save_bytes_to_cache(content, name, folder)
    return path
