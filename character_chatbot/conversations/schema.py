"""The tables that conversations live in, and how a database of an older version becomes one of today's.

A database says its version in ``hawkins_schema``. Each step of `MIGRATIONS` leads from one version to the next; what
is published is never changed, only followed by another step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from utils.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

__all__ = ["MIGRATIONS", "Tables", "migrate", "tables"]

# Any number will do that nobody else takes for a lock on PostgreSQL.
_LOCK: Final = 0x4A11


@dataclass(frozen=True)
class Tables:
    """What SQLAlchemy needs to know."""

    version: Table
    conversations: Table
    messages: Table


@cache
def tables() -> Tables:
    """Return the tables of the newest version."""
    from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, Text, UniqueConstraint

    here = MetaData()
    version = Table("hawkins_schema", here, Column("version", Integer, nullable=False))
    conversations = Table(
        "hawkins_conversations",
        here,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("owner", String(80), nullable=False),
        Column("name", String(200), nullable=False),
        Column("series", Text, nullable=False),
        Column("timeline", Text, nullable=False),
        Column("characters", Text, nullable=False),  # JSON
        Column("until", String(20)),
        Column("results", Text),
        Column("remembered_from", Integer, nullable=False),
        Column("created", String(40), nullable=False),
        Column("updated", String(40), nullable=False),
        UniqueConstraint("owner", "name"),
        sqlite_autoincrement=True,
    )
    messages = Table(
        "hawkins_messages",
        here,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("conversation", ForeignKey("hawkins_conversations.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("role", String(20), nullable=False),
        Column("character", Text),
        Column("text", Text, nullable=False),
        Column("sources", Text, nullable=False),  # JSON
        Column("unsupported", Text, nullable=False),  # JSON
        Column("support", Float),
        Column("care", String(40)),
        Column("until", String(20)),
        Column("time", String(40), nullable=False),
        Column("state", String(20), nullable=False),
        # Ids of deleted messages never come back, so that `remembered_from` keeps its meaning.
        sqlite_autoincrement=True,
    )
    return Tables(version, conversations, messages)


def _first(connection: Connection) -> None:
    tables().version.metadata.create_all(connection)


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (_first,)
"""The step at index n makes version n + 1 out of version n."""


def migrate(connection: Connection, *, steps: Sequence[Callable[[Connection], None]] = MIGRATIONS) -> None:
    """Bring a database to the newest version, within the connection's transaction.

    Args:
        connection: To a database of ours, or an empty one.
        steps: See `MIGRATIONS`.

    Raises:
        InputError: If it belongs to another program, or was written by a newer version of this one.
    """
    from sqlalchemy import inspect, text

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    present = inspect(connection).get_table_names()
    # On a server many programs share a database; a file belongs to one.
    if connection.dialect.name == "sqlite" and present and "hawkins_schema" not in present:
        raise InputError("it belongs to another program (no table hawkins_schema)")
    version = _version(connection) if "hawkins_schema" in present else 0
    if version > len(steps):
        raise InputError(f"it was written by a newer version of this software (schema {version}, not {len(steps)})")
    for step in steps[version:]:
        step(connection)
    if version < len(steps):
        _set_version(connection, len(steps))


def _version(connection: Connection) -> int:
    from sqlalchemy import select

    return int(connection.scalar(select(tables().version.c.version)) or 0)


def _set_version(connection: Connection, version: int) -> None:
    table = tables().version
    connection.execute(table.delete())
    connection.execute(table.insert().values(version=version))
