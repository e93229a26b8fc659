"""Fetching from the Hugging Face Hub: one place that downloads, and says what to do when it cannot.

Nothing here runs unless somebody asked for a model by name. Pickles are never fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from utils.environment import setting
from utils.errors import WeightsError

__all__ = ["cached_snapshot", "fetch_snapshot", "hub_token"]


def hub_token() -> str | None:
    """Return the Hub token from ``huggingface_token`` or ``HF_TOKEN`` (environment, then ``.env`` here), or None."""
    return setting("huggingface_token", "HF_TOKEN")


def cached_snapshot(repository: str, *, revision: str, files: Sequence[str]) -> Path | None:
    """Return where a model lies in the local cache, or None if it was never fetched (no network)."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files), local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def fetch_snapshot(repository: str, *, revision: str, files: Sequence[str], instead: str = "", until: str = "") -> Path:
    """Download a model into the local cache.

    Args:
        repository: ``owner/name``.
        revision: Commit, branch or tag.
        files: Glob patterns of what to fetch.
        instead: A sentence for people whose revision is gone.
        until: A sentence on what answers meanwhile.

    Raises:
        WeightsError: If the Hub cannot be reached or refuses, naming what to do.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HfHubHTTPError,
        HTTPError,  # of the client that the library speaks with: httpx or httpx2
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"https://huggingface.co/{repository}"
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files), token=hub_token()))
    except GatedRepoError:
        raise WeightsError(
            f"{repository} is gated: accept its terms at {page}, then set huggingface_token (environment or .env)."
        ) from None
    except RepositoryNotFoundError:
        raise WeightsError(f"{repository} does not exist or needs a token; see {page}.") from None
    except RevisionNotFoundError:
        raise WeightsError(f"{repository} no longer has the revision {revision}{instead or '.'}") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, HTTPError, OSError) as error:
        reason = type(error).__name__
        raise WeightsError(
            f"Could not download {repository} ({reason}): check the network and try again.{until}"
        ) from None
