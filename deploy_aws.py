"""AWS: training on EC2, data on S3, the app on a small instance. The same as ``hawkins aws``."""

from __future__ import annotations

from commands.aws import app
from utils.door import run_door

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()
