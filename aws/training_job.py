"""What a training machine runs: ``python -m aws.training_job``.

Trains as ``hawkins train`` does and keeps the bucket up to date meanwhile. Told that the machine will be taken away, it
saves, uploads and ends; the same job on another machine goes on from there. The script that started it then ends the
machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aws.clients import Clients
from aws.interruption import Metadata
from aws.job import job_key, read_job
from aws.sync import Store
from aws.turn import Turn, take_turn
from utils.door import run_door
from utils.door_steps import StepBar, quiet_libraries
from utils.errors import HawkinsError, InputError

__all__ = ["app", "main"]

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def train(
    bucket: Annotated[str, typer.Option(help="Where the job lies.")],
    job: Annotated[str, typer.Option(help="Its id.")],
    region: Annotated[str, typer.Option(help="Of bucket and machine.")],
    work: Annotated[Path, typer.Option(help="Folder for data and results.")],
    deadline: Annotated[float, typer.Option(help="When the machine ends, seconds since 1970.")],
    log: Annotated[Path | None, typer.Option(help="The file to which this program's output is appended.")] = None,
) -> None:
    """Do a job, or what is left of it."""
    clients = Clients(region)
    store = Store(clients.s3, bucket)
    text = store.read(job_key(job))
    if text is None:
        raise InputError(f"{store.where(job_key(job))} does not exist; order the training again.")
    turn = Turn(read_job(text, name=job_key(job)), clients, work, log, deadline, Metadata())
    quiet_libraries()
    with StepBar() as bar:
        try:
            take_turn(turn, bar)
        except HawkinsError as error:
            # It was said before the log was uploaded for the last time.
            sys.exit(error.exit_code)


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()
