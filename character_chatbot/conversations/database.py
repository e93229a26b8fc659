"""Where conversations lie: a SQLite file of the user, or any database that ``DATABASE_URL`` names."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.conversations.schema import migrate
from character_chatbot.conversations.store import LOCAL, ConversationStore
from utils.artifacts import user_path
from utils.environment import setting
from utils.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

__all__ = ["default_database", "open_store"]

MEMORY: Final = "sqlite://"
# Seconds for which a writer waits until another process has written.
_PATIENCE: Final = 30


def default_database() -> str:
    """Return ``DATABASE_URL`` (environment, then ``.env`` here), or the file in the user's data folder."""
    from platformdirs import user_data_path

    return setting("DATABASE_URL") or str(user_data_path("hawkins", appauthor=False) / "conversations.sqlite")


def open_store(database: str | Path | None = None, *, owner: str = LOCAL) -> ConversationStore:
    """Open the conversations of an owner; a database that is not there yet is made.

    Args:
        database: A SQLite file, or a URL such as ``postgresql://user@host/name``; None for `default_database`, and
            ``sqlite://`` for one in memory that nobody sees again.
        owner: Whose conversations; nobody else's are ever shown.

    Raises:
        InputError: If it cannot be opened, is damaged, or belongs to another program.
        MissingDependencyError: If the database needs a driver that is not installed.
    """
    from sqlalchemy.exc import DBAPIError

    url = _url(str(database or default_database()))
    if url.database and url.get_backend_name() == "sqlite":
        _prepare_file(Path(url.database))
    shown = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    engine = _engine(url)
    try:
        _begin_use(engine)
    except InputError as error:
        raise InputError(f"Cannot use {shown} for conversations: {error}; name another with DATABASE_URL.") from None
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise InputError(f"Cannot use {shown} for conversations: {reason}; name another with DATABASE_URL.") from None
    return ConversationStore(engine, owner=owner)


def _begin_use(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
    if engine.dialect.name == "sqlite":
        # Readers and a writer do not wait for each other then. The file remembers it; who comes second at the same
        # moment finds it locked and done.
        raw = engine.raw_connection()
        with suppress(sqlite3.OperationalError):
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        raw.close()


def _url(database: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in database:
        return make_url(MEMORY).set(database=str(user_path(database)))
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        # The text may hold a password: it is not repeated.
        raise InputError("DATABASE_URL is no database URL; write postgresql://user@host/name or a file.") from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise InputError(f"Conversations are kept in SQLite or PostgreSQL, not in {url.get_backend_name()}.")
    return url


def _prepare_file(path: Path) -> None:
    """Make the file, for its user's eyes only: conversations are private."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot make the folder {path.parent} ({error.strerror}); choose another file.") from None
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write {path} ({error.strerror}); choose another file.") from None


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import StaticPool

    if url.get_backend_name() == "sqlite":
        # One connection for all threads where the connection is the database.
        options: dict[str, Any] = {} if url.database else {"poolclass": StaticPool}
        engine = create_engine(
            url, connect_args={"timeout": _PATIENCE, "check_same_thread": False}, hide_parameters=True, **options
        )
        _tune_sqlite(engine)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except (ImportError, NoSuchModuleError):
        raise MissingDependencyError(
            f"{url.drivername} needs a driver; install it: pip install 'psycopg[binary]'."
        ) from None


def _tune_sqlite(engine: Engine) -> None:
    """Set what SQLite forgets with each connection, and let every transaction take its lock at once.

    A transaction that reads first and writes then can lose to another one in between; SQLAlchemy's documentation of
    the SQLite dialect describes this remedy.
    """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _began(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
