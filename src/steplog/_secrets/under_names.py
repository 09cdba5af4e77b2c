"""Whether what stands under a telling name in a mapping is a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._secrets.names import Telling, hides_number
from steplog._secrets.values import is_working_directory

# What a JSON Schema says of a parameter: tools have parameters named `password`, and what these are like is no secret.
_SCHEMA: Final = frozenset(
    [
        "type", "title", "description", "format", "anyOf", "oneOf", "allOf", "$ref", "items", "minLength", "maxLength",
        "minimum", "maximum", "pattern", "default", "example", "examples", "enum", "const", "nullable", "properties",
        "required", "additionalProperties", "writeOnly", "readOnly", "deprecated",
    ]
)  # fmt: skip
_SAYS_TYPE: Final = frozenset(["type", "anyOf", "oneOf", "allOf", "$ref"])
_EXAMPLES: Final = frozenset(["default", "example", "examples", "const"])
_TEXT: Final = frozenset([str])
_NOTHING: Final = (None, "", True, False)


def hides(told: Telling, value: Any, beside: Mapping[Any, Any]) -> bool:
    """Whether a value is masked whole, given what its name tells and what stands beside it.

    Numbers are mostly counts, and empty values tell nothing; whatever else stands under such a name is hidden.
    """
    cls = type(value)
    if value is None or cls is bool:
        return False
    if cls is int or cls is float:
        return hides_number(told, value)
    if cls is not str:
        return True
    if not value or value.startswith("[masked:"):
        return False
    if told.faint and "logprob" in beside:  # a token of a model's text, with its probability
        return False
    return not is_working_directory(told, value)


def is_schema(value: Any) -> bool:
    """Whether a value says of what type something is."""
    # Types first, as to look up anything but a text would run its code.
    return (
        type(value) is dict
        and _TEXT.issuperset(map(type, value))
        and not _SAYS_TYPE.isdisjoint(value)
        and _SCHEMA.issuperset(value)
    )


def schema_without_examples(value: dict[str, Any]) -> dict[str, Any]:
    """A schema without the examples it gives, which may be secrets; those that say nothing stay."""
    return {
        name: "[masked:example]" if name in _EXAMPLES and not _is_nothing(given) else given
        for name, given in value.items()
    }


def _is_nothing(given: Any) -> bool:
    return type(given) in (type(None), bool, str) and given in _NOTHING
