"""AWS commands about the app."""

from __future__ import annotations

import typer

from utils.errors import NotBuiltError

__all__ = ["app"]

app = typer.Typer()


@app.command("deploy-gradio")
def deploy_gradio() -> None:
    """Host the app on an instance."""
    raise NotBuiltError("'deploy_aws.py deploy-gradio' is not built yet; nothing was created on AWS.")
