"""A trained voice on the Hugging Face Hub: what would be uploaded first, and the upload when asked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from character_training.result import RESULT, read_result
from utils.adapters import ADAPTER_FILE
from utils.errors import HawkinsError, InputError
from utils.hub import hub_token

__all__ = ["Parcel", "pack_parcel", "send_parcel"]

FILES: Final = (
    "README.md",
    RESULT,
    "adapter_config.json",
    "adapter_model.safetensors",
    ADAPTER_FILE,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
"""What is uploaded, as far as it is there; nothing else ever is."""
_NEEDED: Final = ("README.md", "adapter_config.json", "adapter_model.safetensors")


@dataclass(frozen=True)
class Parcel:
    """What would be uploaded, and where.

    Attributes:
        folder: The result.
        repository: ``owner/name``.
        private: Whether only the owner sees it.
        files: Names and bytes.
        licence: Of the base.
        third_party: Whether lines belong to somebody else.
        sources: Where they come from.
    """

    folder: Path
    repository: str
    private: bool
    files: tuple[tuple[str, int], ...]
    licence: str
    third_party: bool
    sources: str

    @property
    def page(self) -> str:
        """Address of the repository."""
        return f"https://huggingface.co/{self.repository}"


def pack_parcel(folder: Path, repository: str, *, private: bool = True) -> Parcel:
    """Look what would be uploaded; nothing leaves the machine.

    Args:
        folder: Of a finished training.
        repository: ``owner/name``.
        private: Whether only the owner sees it.

    Raises:
        InputError: If the name cannot be one, or the folder is not whole.
    """
    _require_name(repository)
    result = read_result(folder)
    if result is None:
        raise InputError(f"{folder} holds no finished training; run: hawkins train NAME")
    if missing := [name for name in _NEEDED if not (folder / name).is_file()]:
        raise InputError(f"{folder} lacks {missing[0]}; train it again with --restart.")
    files = tuple((name, path.stat().st_size) for name in FILES if (path := folder / name).is_file())
    return Parcel(folder, repository, private, files, result.licence, result.third_party, result.sources)


def _require_name(repository: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    wrong = InputError(f"'{repository}' is no name of a repository; give --to USER/NAME (letters, digits, - _ .).")
    if repository.count("/") != 1:
        raise wrong
    try:
        validate_repo_id(repository)
    except HFValidationError:
        raise wrong from None


def send_parcel(parcel: Parcel) -> str:
    """Upload, in one commit.

    Returns:
        Address of the repository.

    Raises:
        InputError: If there is no token, or a public repository stands where a private one was asked for.
        HawkinsError: If the Hub refuses or cannot be reached.
    """
    # The second is of the client that the library speaks with, httpx or httpx2.
    from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

    token = _token()
    try:
        _upload(parcel, token)
    except HfHubHTTPError as error:
        raise HawkinsError(_refusal(parcel, error.response.status_code)) from None
    except (HTTPError, OSError) as error:
        raise HawkinsError(
            f"Could not reach the Hub ({type(error).__name__}): check the network and try again."
        ) from None
    return parcel.page


def _token() -> str:
    token = hub_token()
    if not token:
        raise InputError(
            "No token: set huggingface_token (environment or .env); make one at https://hf.co/settings/tokens."
        )
    # The client's own message about such a one would show it.
    if not re.fullmatch(r"[!-~]+", token):
        raise InputError("The token cannot be used: huggingface_token must be one word of plain letters.")
    return token


def _refusal(parcel: Parcel, status: int) -> str:
    if status == 401:
        return "The Hub does not accept the token; make one at https://hf.co/settings/tokens and set huggingface_token."
    if status in (403, 404):
        return f"The token may not write to {parcel.repository}; take one with write access, or another --to."
    return f"The Hub refused to take {parcel.repository} (HTTP {status}); try again later."


def _upload(parcel: Parcel, token: str) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(token=token)
    api.create_repo(parcel.repository, private=parcel.private, exist_ok=True)
    if parcel.private and api.repo_info(parcel.repository).private is False:
        raise InputError(f"{parcel.repository} is there already and public; add --public, or give another --to.")
    operations = [CommitOperationAdd(name, _content(parcel.folder / name)) for name, _ in parcel.files]
    api.create_commit(parcel.repository, operations, commit_message=f"Voice from {parcel.folder.name}")


def _content(path: Path) -> Any:
    """What is uploaded of a file: itself, but a path of this machine only by its last part."""
    if path.suffix != ".json" or path.name not in {RESULT, "adapter_config.json"}:
        return path
    data = json.loads(path.read_text(encoding="utf-8"))
    return (json.dumps(_without_paths(data), indent=1, ensure_ascii=False) + "\n").encode()


def _without_paths(data: dict[str, Any]) -> dict[str, Any]:
    named = ("base_model_name_or_path", "repository")
    return {
        key: Path(value).name if key in named and isinstance(value, str) and _is_path(value) else value
        for key, value in data.items()
    }


def _is_path(name: str) -> bool:
    """Whether a base was given as a path; a Hub id is ``owner/name``, and nothing that lies here."""
    return Path(name).exists() or name.startswith((".", "/", "~", "\\")) or name.count("/") != 1
