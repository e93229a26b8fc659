"""The web app: ``python gradio_app.py``, the same as ``hawkins app``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from utils.door import progress_bars, run_door
from utils.errors import InputError
from utils.ports import is_loopback_host

if TYPE_CHECKING:
    from analysis.results import Results

__all__ = ["main", "run"]

SAMPLE: Final = Path("out/sample")


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    results: Path | None = None,
    endpoint: str | None = None,
    model: str | None = None,
) -> None:
    """Serve the app until it is interrupted.

    Visitors log in where ``HAWKINS_APP_PASSWORD`` (and ``HAWKINS_APP_USER``) say so, in the environment or in ``.env``.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        results: Folder that ``hawkins analyze`` wrote; None for the sample season, which is analysed first if need be.
        endpoint: URL of a chat server; None for a model in this process.
        model: A ``.gguf`` file, or which of the server's models; None for the pulled or embedded one, or the first.

    Raises:
        InputError: If the port is taken, the folder holds no analysis, or the password cannot be used.
    """
    from web.app import require_free, serve
    from web.login import PASSWORD_VARIABLE, find_login

    # Before the sample is analysed, which may take a minute.
    require_free(host, port)
    login = find_login()
    if login is None and not is_loopback_host(host):
        typer.echo(
            f"warning: Everybody who reaches {host}, port {port}, can use the app; "
            f"set {PASSWORD_VARIABLE} (environment or .env) to ask for a password.",
            err=True,
        )
    shown = _results(results)
    typer.echo("Starting ...", err=True)
    serve(
        shown,
        host=host,
        port=port,
        announce=lambda address: typer.echo(f"Open {address} in a browser; Ctrl-C ends."),
        endpoint=endpoint,
        model=model,
        login=login,
    )


def _results(folder: Path | None) -> Results:
    from analysis.pipeline import analyze_sample
    from analysis.results import load_results

    if folder is not None:
        return load_results(folder)
    try:
        return load_results(SAMPLE)
    except InputError:
        typer.echo("Analysing the sample season first; it is kept in out/sample.", err=True)
    with progress_bars() as progress:
        return analyze_sample(out=SAMPLE, progress=progress)


def _command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    results: Annotated[
        Path | None,
        typer.Option(help="Folder that `hawkins analyze` wrote; without it the sample season is shown."),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="A chat server, such as http://127.0.0.1:11434/v1.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A .gguf file that answers; with --endpoint, one of the server's models."),
    ] = None,
) -> None:
    """Serve the web app; HAWKINS_APP_PASSWORD in the environment or .env makes visitors log in."""
    run(host=host, port=port, results=results, endpoint=endpoint, model=model)


def main() -> None:
    """Run the command line."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(_command)
    run_door(app)


if __name__ == "__main__":
    main()
