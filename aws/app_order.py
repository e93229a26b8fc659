"""What the machine of the app is to do (``jobs/gradio/``) and what it says of it (``logs/gradio/status.json``)."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationError

from aws.layout import APP, JOBS, log_key
from aws.secrets import secret_named
from utils.errors import InputError
from utils.settings import Settings, describe

__all__ = [
    "ENDPOINT_KEY",
    "PASSWORD",
    "SCRIPT_KEY",
    "AppOrder",
    "AppState",
    "AppStatus",
    "File",
    "Voice",
    "order_key",
    "read_order",
    "read_status",
    "status_key",
]

SCRIPT_KEY: Final = f"{JOBS}{APP}/machine.sh"
"""What the machine runs whenever it changes: where the newest order is, in one object."""
PASSWORD: Final = secret_named("gradio_password")
"""What visitors log in with: where it is kept, never what it is."""
ENDPOINT_KEY: Final = secret_named("endpoint_key")
"""What the chat server asks for, likewise."""

_SHA256: Final = r"^[0-9a-f]{64}$"


def _inside(key: str) -> str:
    if any(part in {"", ".", ".."} for part in key.split("/")) or not key.isprintable():
        raise ValueError(f"{key!r} cannot be the name of a file")
    return key


def _one(part: str) -> str:
    """One part of a path: no folder, no way out of one."""
    if "/" in part or "\\" in part:
        raise ValueError(f"{part!r} cannot be the name of a folder")
    return _inside(part)


Part = Annotated[str, AfterValidator(_one)]


class File(Settings):
    """An object that the machine fetches.

    Attributes:
        key: Where it lies in the bucket.
        etag: S3's mark of what it holds: another content is another file.
        size: In bytes.
    """

    key: Annotated[str, AfterValidator(_inside)]
    etag: Annotated[str, Field(min_length=1)]
    size: int = Field(ge=0)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def kept_as(self) -> str:
        """What the machine calls it among all files that it ever fetched."""
        return hashlib.sha256(f"{self.key}\n{self.etag}".encode()).hexdigest()


class Voice(Settings):
    """A trained voice.

    Attributes:
        base: Short name of the base that it was trained for.
        character: Whose, as its folder is called.
        file: The GGUF adapter.
    """

    base: Part
    character: Part
    file: File


class AppOrder(Settings):
    """The app as it is to run: everything that a machine must know, and no secret.

    Attributes:
        project: Value of the tag ``project``; also the path of our SSM parameters.
        bucket: Where everything lies.
        region: Of the machine and its parameters.
        code: SHA-256 of the bundle of the program.
        lock: SHA-256 of its locks: the same one needs no new environment.
        host: Address that the app listens on.
        port: Of the app.
        domain: Its name, for which the machine fetches a certificate; None for plain HTTP.
        endpoint: URL of a chat server that answers; None for a model in the app's process.
        endpoint_key_version: Of the SSM parameter that holds its key, as for the password; 0 for no key.
        username: What visitors log in with; None for no login.
        password_version: Of the SSM parameter that holds their password: a new password is a new order.
        results: Analysis that is shown, its files; empty for the sample season.
        results_name: What it is called below ``data/training/``; None for the sample season.
        model: GGUF file that answers; None for the embedded model.
        voices: Adapters of its base.
        attempt: Another number is another order: the same once more.
    """

    project: Annotated[str, Field(min_length=1)]
    bucket: Annotated[str, Field(min_length=3)]
    region: Annotated[str, Field(min_length=1)]
    code: Annotated[str, Field(pattern=_SHA256)]
    lock: Annotated[str, Field(pattern=_SHA256)]
    host: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]+$")]
    port: int = Field(ge=1, le=65_535)
    domain: str | None = None
    endpoint: str | None = None
    endpoint_key_version: int = 0
    username: str | None = None
    password_version: int = 0
    results: tuple[File, ...] = ()
    results_name: Part | None = None
    model: File | None = None
    voices: tuple[Voice, ...] = ()
    attempt: int = 0

    @property
    def text(self) -> str:
        """As it lies in the bucket."""
        return self.model_dump_json(indent=1)

    @property
    def digest(self) -> str:
        """What the order is called."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def listens_on(self) -> str:
        """Address that the app itself listens on: behind a proxy nobody else reaches it."""
        return "127.0.0.1" if self.domain else self.host

    @property
    def asked_at(self) -> str:
        """URL at which the machine itself reaches the app."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.listens_on, self.listens_on)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host.strip('[]') and not host.startswith('[') else host}:{self.port}"

    def url(self, address: str) -> str:
        """Return what visitors open.

        Args:
            address: Of the machine.
        """
        return f"https://{self.domain}/" if self.domain else f"http://{address}:{self.port}/"


def order_key(digest: str) -> str:
    """Return where an order lies in the bucket."""
    return f"{JOBS}{APP}/{digest}.json"


def status_key() -> str:
    """Return where the machine says how it stands."""
    return log_key(APP, "status.json")


def read_order(text: str | bytes, *, name: str) -> AppOrder:
    """Read an order.

    Args:
        text: What the bucket holds.
        name: Key of the object, for the message.

    Raises:
        InputError: If it is none.
    """
    try:
        return AppOrder.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{name}: {describe(error, AppOrder)} Deploy again.") from None


class AppState(StrEnum):
    """How an order stands."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class AppStatus(Settings):
    """What a machine says about an order.

    Attributes:
        order: Its digest.
        state: How it stands.
        stage: What is done now, or what went wrong, in words.
        at: When this was written, UTC, ISO 8601.
    """

    order: str
    state: AppState
    stage: str = ""
    at: str = ""


def read_status(text: str | bytes) -> AppStatus | None:
    """Read what a machine says; None if it cannot be read."""
    try:
        return AppStatus.model_validate_json(text)
    except ValidationError:
        return None
