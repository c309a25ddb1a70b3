"""Model folders from the Hugging Face hub, which keeps a cache of its own."""

from __future__ import annotations

from pathlib import Path

from ....errors import ModelError
from ..cache_folder import asked_offline
from .answers import clause


def fetch_from_hub(name: str, folder: Path | None = None, *, offline: bool = False) -> Path:
    """Folder with the configuration and the weights of a model of the hub.

    Safetensors are preferred; a model that has none is taken with its ``.bin`` files.

    Args:
        name: hub id like owner/name.
        folder: copies go here; None leaves them in the hub's cache.
        offline: use no network; ``VIDSEG_OFFLINE`` asks for the same.

    Raises:
        ModelError: it is not there, or holds no weights.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    offline = offline or asked_offline()
    for kind in ("safetensors", "bin"):
        try:
            place = snapshot_download(
                name,
                allow_patterns=["*.json", f"*.{kind}"],
                local_dir=folder,
                local_files_only=offline,
            )
        except (OSError, ValueError, HfHubHTTPError) as error:
            raise ModelError(
                f"The hub gives no model {name}: {clause(error)}; check the name and the "
                f"connection."
            ) from error
        if any(Path(place).glob(f"*.{kind}")):
            return Path(place)
    raise ModelError(f"{name} of the hub holds no weights (.safetensors or .bin).")
