"""Archives that the tests make themselves."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(packed: tarfile.TarFile, folder: Path) -> None:
    """Everything into `folder`, and nothing anywhere else; Python has that filter from 3.11.4 on."""
    if hasattr(tarfile, "data_filter"):
        packed.extractall(folder, filter="data")
    else:
        packed.extractall(folder)
