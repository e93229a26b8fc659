"""AWS from the guide: training on EC2, data on S3, the app on a small instance.

The commands are the guide's. What runs behind them has not landed; until then each says so and exits with code 3.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from utils.door import run_door
from utils.errors import NotBuiltError

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train and host on AWS. Not built yet: every command says so and exits with code 3.",
)


def _not_built(command: str) -> NotBuiltError:
    return NotBuiltError(
        f"'deploy_aws.py {command}' is not built yet; nothing was created on AWS. "
        "Analysis, chat and app run locally: hawkins --help."
    )


@app.command()
def init() -> None:
    """Write aws_config.yaml and prepare bucket, role and security groups."""
    raise _not_built("init")


@app.command("upload-data")
def upload_data() -> None:
    """Upload training data to S3."""
    raise _not_built("upload-data")


@app.command()
def train(model: Annotated[Literal["llama", "qwen"], typer.Argument(help="The base model.")]) -> None:
    """Train a character on a GPU instance."""
    raise _not_built(f"train {model}")


@app.command("list-instances")
def list_instances() -> None:
    """List our instances."""
    raise _not_built("list-instances")


@app.command("deploy-gradio")
def deploy_gradio() -> None:
    """Host the app on an instance."""
    raise _not_built("deploy-gradio")


@app.command()
def status() -> None:
    """Show what runs and what it costs."""
    raise _not_built("status")


@app.command()
def terminate(instance: Annotated[str, typer.Argument(help="Instance id, such as i-1234567890abcdef0")]) -> None:
    """Terminate an instance."""
    raise _not_built(f"terminate {instance}")


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()
