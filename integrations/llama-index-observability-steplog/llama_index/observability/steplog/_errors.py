"""What a provider said of a call that failed, read from the exceptions of its client without running their code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from steplog.integration import instance_dict

Fields = dict[str, Any]

_MOST_CAUSES: Final = 4
_cause_of = BaseException.__dict__["__cause__"].__get__


def error_fields(error: BaseException | None) -> Fields:
    """HTTP status, the provider's own code and the request's id, as far as an exception or one it stems from has them."""
    found = [_told(instance_dict(e)) for e in _causes(error)]
    told = {name: next((f[name] for f in found if f[name] is not None), None) for name in _NAMES}
    return {name: value for name, value in told.items() if value is not None}


_NAMES: Final = ("http_status", "code", "request_id")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield error
        error = _cause_of(error)


def _told(error: Fields) -> Fields:
    body = _mapping(error.get("body"))
    inner = _mapping(body.get("error"))
    statuses = (
        error.get("status_code"),
        error.get("code"),
        instance_dict(error.get("response")).get("status_code"),
    )
    return {
        # A stream that fails has been answered with 200, which says nothing of the failure.
        "http_status": next((v for v in statuses if type(v) is int and 400 <= v < 600), None),
        "code": _first(*(d.get("code") for d in (error, body, inner)), inner.get("type"), error.get("type")),
        "request_id": _first(error.get("request_id"), body.get("request_id")),
    }


def _mapping(value: Any) -> Fields:
    return value if type(value) is dict else {}


def _first(*values: Any) -> str | None:
    return next((v for v in values if type(v) is str and v), None)
