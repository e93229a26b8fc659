"""What a training machine runs: ``python -m aws.training_job``.

Trains as ``hawkins train`` does and keeps the bucket up to date meanwhile. Told that the machine will be taken away, it
saves, uploads and ends; the same job on another machine goes on from there. The script that started it then ends the
machine.
"""

from __future__ import annotations

import math
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aws.clients import Clients
from aws.interruption import Metadata
from aws.job import job_key, read_job
from aws.sync import Store
from aws.turn import Turn, take_turn
from character_training.training import Step
from utils.door import one_line, run_door
from utils.door_steps import quiet_libraries
from utils.errors import HawkinsError, InputError

__all__ = ["LineLog", "app", "main"]

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


class LineLog:
    """Says what is being done as lines with their time, for a log.

    Args:
        seconds: Between two lines of steps, at least; the first and the last step always get one.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._said = -math.inf

    def stage(self, text: str) -> None:
        """Say what is being done now."""
        sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {one_line(text)}\n")
        sys.stderr.flush()

    def warn(self, text: str) -> None:
        """Say what went wrong and does not end the work."""
        self.stage(f"warning: {text}")

    def step(self, step: Step) -> None:
        """Say how far the training has come."""
        if step.done == step.total or time.monotonic() - self._said >= self._seconds:
            self._said = time.monotonic()
            scored = "" if math.isnan(step.perplexity) else f"  perplexity {step.perplexity:.1f}"
            speed = f"{step.tokens_per_second:,.0f} tokens/s"
            self.stage(f"step {step.done}/{step.total}  loss {step.loss:.2f}{scored}  {speed}")


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
    ordered = read_job(text, name=job_key(job))
    turn = Turn(ordered, clients, work, log, deadline, Metadata())
    quiet_libraries()
    try:
        take_turn(turn, LineLog(seconds=ordered.seconds))
    except HawkinsError as error:
        # It was said before the log was uploaded for the last time.
        sys.exit(error.exit_code)


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()
