"""Images, sounds, films and files inside a message, in a few words: type, name, size, or where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._format.record import BLOB
from steplog._show.units import size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record

# Where a block has its bytes or says where they are: under these names, in itself or one level below.
_PLACES: Final = (
    "source",
    "image_url",
    "input_audio",
    "audio",
    "file",
    "file_data",
    "data",
    "image",
    "resource",
    "inline_data",
    "media",
)
_TYPES: Final = (
    "mime_type",
    "media_type",
    "mimeType",
    "image_mimetype",
    "document_mimetype",
    "audio_mimetype",
    "video_mimetype",
    "format",
)
_NAMES: Final = ("filename", "title", "name", "file_name")
_LINKS: Final = ("url", "uri", "file_uri", "file_id", "path")


def media_in_words(block: Record) -> tuple[list[str], str]:
    """What is said in an image, sound, film or file, and what it is: `image/png, 7.7 kB`, with its name or its link."""
    around: list[Mapping[str, Json]] = [block]
    for name in _PLACES:
        inner = block.get(name)
        if isinstance(inner, dict):
            around.append(cast("Record", inner))
    blob = next((_blob_in(facts) for facts in around if _blob_in(facts)), None)
    kind = (
        _first(around, _TYPES) or str((blob or {}).get("type") or "") or type_of(block).removeprefix("input_")
    )
    if kind in ("base64", "url"):
        kind = type_of(block)
    much = (
        (blob or {}).get("bytes") or len(_first(around, ("base64", "data"))) or None
    )  # small ones stay what they are
    link = _first(around, _LINKS) or next(
        (str(v) for n in _PLACES if isinstance(v := block.get(n), str) and "://" in v[:12]), ""
    )
    words = [kind, _first(around, _NAMES), size(much) if isinstance(much, int) else link]
    said = [text for text in (_first(around, ("transcript",)), _first(around, ("text",))) if text]
    return said, ", ".join(word for word in words if word)


def _blob_in(facts: Mapping[str, Json]) -> Record | None:
    """The bytes that a mapping has, as what the log keeps of them."""
    for value in (facts, *facts.values()):
        if isinstance(value, dict) and BLOB in value and isinstance(value[BLOB], dict):
            return cast("Record", value[BLOB])
    return None


def _first(around: Sequence[Mapping[str, Json]], names: tuple[str, ...]) -> str:
    return next(
        (str(facts[n]) for facts in around for n in names if isinstance(facts.get(n), str) and facts[n]), ""
    )


def type_of(block: Record) -> str:
    """What kind of block it is, by the word of its framework; empty for what is no block."""
    found = block.get("type") or block.get("block_type")
    return found if isinstance(found, str) else ""
