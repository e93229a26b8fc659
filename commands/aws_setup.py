"""AWS command about the ground of everything: init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aws.config import CONFIG
from commands.aws_plan import AsJson, ConfigFile, DryRun, Yes, confirm_and_carry_out
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.config import AwsConfig

__all__ = ["app"]

app = typer.Typer()


@app.command()
def init(
    bucket: Annotated[
        str | None, typer.Option("--bucket", metavar="NAME", help="For a new file.  [default: the account's own]")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="For a new file.  [default: us-east-1]")] = None,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write aws_config.yaml, and prepare bucket, roles, security groups and key pairs; twice changes nothing."""
    from aws.setup import Ground, init_calls, plan_init

    ground = Ground.of(_settings(config, bucket, region, write=not dry_run))
    plan = plan_init(ground)
    done = confirm_and_carry_out(plan, init_calls(ground), dry_run=dry_run, yes=yes, as_json=as_json)
    if done and not as_json:
        typer.echo("Next: python deploy_aws.py upload-data")


def _settings(config: Path, bucket: str | None, region: str | None, *, write: bool) -> AwsConfig:
    """Return the configuration, writing the file if there is none."""
    from aws.config import read_config
    from aws.config_file import write_config

    if config.exists():
        if bucket or region:
            raise InputError(f"{config} is there already: change s3.bucket_name and the regions in it.")
        return read_config(config)
    text, settings = _new(bucket, region)
    if write:
        write_config(config, text)
        typer.echo(f"Wrote {config}: every setting with its meaning.", err=True)
    return settings


def _new(bucket: str | None, region: str | None) -> tuple[str, AwsConfig]:
    import yaml
    from pydantic import ValidationError

    from aws.config import AwsConfig, Ec2Settings
    from aws.config_file import config_text
    from utils.settings import describe

    try:
        where = Ec2Settings(region=region or "us-east-1").region
        text = config_text(bucket=bucket or _own_bucket(where), region=where)
    except ValidationError as error:
        raise InputError(f"--bucket or --region: {describe(error, AwsConfig)}") from None
    return text, AwsConfig.model_validate(yaml.safe_load(text))


def _own_bucket(region: str) -> str:
    """Return the account's own name for a bucket: whoever runs `init` again, also elsewhere, finds the same one."""
    from aws.clients import Clients
    from aws.config_file import new_bucket_name
    from aws.identity import who_am_i

    return new_bucket_name("stranger-things-nlp", account=who_am_i(Clients(region)).account, region=region)
