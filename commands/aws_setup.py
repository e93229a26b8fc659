"""AWS commands about the account and the bucket: init, upload-data, secret, prices."""

from __future__ import annotations

import typer

from commands import aws_prices
from utils.errors import NotBuiltError

__all__ = ["app"]

app = typer.Typer()
app.add_typer(aws_prices.app)


@app.command()
def init() -> None:
    """Write aws_config.yaml and prepare bucket, role and security groups."""
    raise NotBuiltError("'deploy_aws.py init' is not built yet; nothing was created on AWS.")


@app.command("upload-data")
def upload_data() -> None:
    """Upload training data to S3."""
    raise NotBuiltError("'deploy_aws.py upload-data' is not built yet; nothing was created on AWS.")
