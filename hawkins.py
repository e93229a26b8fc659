"""The `hawkins` command line: a thin door to everything.

Every command is a function of some package that Python code can call as well; here are only options, bars and printing.
"""

from __future__ import annotations

import typer

from commands import analysing, aws, crawling, exchanging, keeping, places, talking, voices
from utils.door import run_door

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn a TV series' subtitles and transcripts into a world you can read, plot and talk to.",
)
for group in (analysing, places, talking, voices, exchanging, crawling, keeping):
    app.add_typer(group.app)
app.add_typer(aws.app, name="aws")


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()
