"""What a provider said of a call that failed, read from the exceptions of its client without running their code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from steplog._write.safe.attributes import instance_dict, live_dict
from steplog._write.safe.safe_read import read_fields

_MOST_CAUSES: Final = 4
_DEEPEST: Final = 8
_MOST_ITEMS: Final = 1000
_PLAIN: Final = frozenset({str, int, float, bool})
_NAMES: Final = ("http_status", "code", "request_id")
_cause_of = BaseException.__dict__["__cause__"].__get__
_NOTHING: Final[Mapping[str, Any]] = {}


def provider_error_fields(error: BaseException | None) -> dict[str, Any]:
    """`http_status`, the provider's own `code` and the `request_id`, as far as an exception or one it stems from has them."""
    found = [_told(instance_dict(e)) for e in _causes(error)]
    told = {name: next((f[name] for f in found if f[name] is not None), None) for name in _NAMES}
    return {name: value for name, value in told.items() if value is not None}


def provider_answer(error: BaseException | None) -> dict[str, Any]:
    """The answer that an exception carries, as the provider's own JSON: openai's `completion`, where it could not be parsed.

    Empty for an exception, and those it stems from, without one.
    """
    for found in _causes(error):
        completion = live_dict(found).get("completion")
        if completion is not None:
            plain = _as_json(completion, _DEEPEST)
            return plain if type(plain) is dict and "choices" in plain else {}
    return {}


def _as_json(o: Any, depth: int) -> Any:
    """A client's object with the objects in it as dicts and lists; what is no object is left as it is."""
    if type(o) is list:
        return [_as_json(one, depth - 1) for one in o[:_MOST_ITEMS]] if depth else None
    if o is None or type(o) in _PLAIN:
        return o
    found = o if type(o) is dict else read_fields(o)
    return {name: _as_json(value, depth - 1) for name, value in found.items()} if depth else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield error
        error = _cause_of(error)


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
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
        "request_id": _text(error.get("request_id"), body.get("request_id"), sent.get("RequestId")),
    }  # fmt: skip


def _word(*values: Any) -> str | None:
    # Others keep a text under such a name that is content; a code is one word.
    return next((v for v in values if type(v) is str and len(v) <= 100 and len(v.split()) == 1), None)


def _status(*values: Any) -> int | None:
    # A stream that fails has been answered with 200, which says nothing of the failure.
    return next((v for v in values if type(v) is int and 400 <= v < 600), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING


def _text(*values: Any) -> str | None:
    return next((v for v in values if type(v) is str and v), None)
