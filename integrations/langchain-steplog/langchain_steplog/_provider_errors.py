"""What LangChain gives beside a provider's exception, and what the exception itself tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_steplog._extract import Fields
from steplog.integration import instance_dict, provider_error_fields

_REQUEST_ID: Final = ("x-request-id", "request-id", "x-amzn-requestid", "x-goog-request-id")
_NOTHING: Final[Mapping[str, Any]] = {}


def error_fields(error: BaseException, response: Any = None) -> Fields:
    """HTTP status, code and request id of a failed call; `response` holds the HTTP headers of some."""
    fields = provider_error_fields(error)
    if "request_id" not in fields:
        headers = _headers(response)
        told = next((headers[k] for k in _REQUEST_ID if type(headers.get(k)) is str), None)
        fields |= {} if told is None else {"request_id": told}
    return fields


def _headers(response: Any) -> Mapping[str, Any]:
    rows = instance_dict(response).get("generations")
    for generations in rows if type(rows) is list else ():
        for generation in generations:
            message = instance_dict(instance_dict(generation).get("message"))
            headers = _mapping(_mapping(message.get("response_metadata")).get("headers"))
            if headers:
                return {str(k).lower(): v for k, v in headers.items()}
    return _NOTHING


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING
