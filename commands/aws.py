"""The AWS commands, put together: ``python deploy_aws.py`` and ``hawkins aws`` are both this."""

from __future__ import annotations

import typer

from commands import aws_data, aws_hosting, aws_logs, aws_machines, aws_prices, aws_setup, aws_status, aws_training

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train and host on AWS: each command shows its plan and price, and asks before it does anything.",
)
# As they come in the life of a project.
for group in (aws_setup, aws_data, aws_training, aws_hosting, aws_status, aws_logs, aws_prices, aws_machines):
    app.add_typer(group.app)
