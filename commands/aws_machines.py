"""AWS commands about machines: train, status, list-instances, terminate."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from utils.errors import NotBuiltError

__all__ = ["app"]

app = typer.Typer()


def _not_built(command: str) -> NotBuiltError:
    return NotBuiltError(f"'deploy_aws.py {command}' is not built yet; nothing was created on AWS.")


@app.command()
def train(model: Annotated[Literal["llama", "qwen"], typer.Argument(help="The base model.")]) -> None:
    """Train a character on a GPU instance."""
    raise _not_built(f"train {model}")


@app.command("list-instances")
def list_instances() -> None:
    """List our instances."""
    raise _not_built("list-instances")


@app.command()
def status() -> None:
    """Show what runs and what it costs."""
    raise _not_built("status")


@app.command()
def terminate(instance: Annotated[str, typer.Argument(help="Instance id, such as i-1234567890abcdef0")]) -> None:
    """Terminate an instance."""
    raise _not_built(f"terminate {instance}")
