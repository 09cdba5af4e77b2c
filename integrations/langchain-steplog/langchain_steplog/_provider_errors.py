"""What a provider said of a call that failed, read from the exceptions of its client without running their code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_steplog._extract import Fields
from steplog.integration import instance_dict

_REQUEST_ID: Final = ("x-request-id", "request-id", "x-amzn-requestid", "x-goog-request-id")
_MOST_CAUSES: Final = 4
_cause_of = BaseException.__dict__["__cause__"].__get__
_NOTHING: Final[Mapping[str, Any]] = {}


def error_fields(error: BaseException, response: Any = None) -> Fields:
    """HTTP status, the provider's own code and the request's id, as far as an exception or one it stems from has them.

    `response` is what LangChain gives beside the exception; it holds the HTTP headers of some.
    """
    found = [_told(instance_dict(e)) for e in _causes(error)]
    fields: Fields = {}
    for name in ("http_status", "code", "request_id"):
        fields[name] = next((f[name] for f in found if f[name] is not None), None)
    fields["request_id"] = fields["request_id"] or _first(*(_headers(response).get(k) for k in _REQUEST_ID))
    return {name: value for name, value in fields.items() if value is not None}


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if found is None:
            return
        yield found
        found = _cause_of(found)


def _told(error: Mapping[str, Any]) -> Fields:
    body = _mapping(error.get("body"))
    inner = _mapping(body.get("error"))
    answer = error.get("response")
    aws = _mapping(answer)
    sent = _mapping(aws.get("ResponseMetadata"))
    statuses = (error.get("status_code"), error.get("code"), error.get("status"), sent.get("HTTPStatusCode"))
    return {
        "http_status": _status(*statuses, instance_dict(answer).get("status_code")),
        "code": _word(
            *(d.get("code") for d in (error, body, inner)), inner.get("type"), error.get("type"),
            error.get("status"), _mapping(aws.get("Error")).get("Code"),
        ),
        "request_id": _first(error.get("request_id"), body.get("request_id"), sent.get("RequestId")),
    }  # fmt: skip


def _word(*values: Any) -> str | None:
    # Others keep a text under such a name that is content; a code is one word.
    return next((v for v in values if type(v) is str and len(v) <= 100 and len(v.split()) == 1), None)


def _status(*values: Any) -> int | None:
    # A stream that fails has been answered with 200, which says nothing of the failure.
    return next((v for v in values if type(v) is int and 400 <= v < 600), None)


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


def _first(*values: Any) -> str | None:
    return next((v for v in values if type(v) is str and v), None)
