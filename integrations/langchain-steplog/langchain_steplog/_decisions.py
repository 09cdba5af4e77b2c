"""Decision models of langchain-core 1.8: paid calls that arrive as a chain's start and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_steplog._extract import Fields
from langchain_steplog._models import provider_of
from langchain_steplog._usage import usage
from steplog.integration import read_fields

_ASKED: Final = {"state", "questions"}  # the input of every decision model (`ClassifierRequest`)
ANSWER: Final = "ClassifierResponse"


def is_decision(metadata: Mapping[str, Any] | None, inputs: Any) -> bool:
    """Whether a chain's start is a decision model's: it names its model, and its input has a state and questions."""
    # The metadata alone would not do: what is called inside of it inherits them.
    return (
        type(inputs) is dict
        and inputs.keys() == _ASKED
        and type(metadata) is dict
        and type(metadata.get("ls_model_name")) is str
    )


def decision_start(metadata: Mapping[str, Any], inputs: Any) -> Fields:
    """The model, its provider, and what was asked about what."""
    return {
        "model": metadata.get("ls_model_name"),
        "provider": provider_of(metadata.get("ls_provider")),
        "input": inputs,
    }


def is_answer(outputs: Any) -> bool:
    """Whether a chain's output is a decision model's answer."""
    cls = type(outputs)
    return cls.__name__ == ANSWER and cls.__module__.startswith("langchain_core.")


def decision_end(outputs: Any) -> Fields:
    """The answers by question, with the tokens that they took."""
    found = read_fields(outputs)
    return {
        "output": found.get("answers"),
        "usage": usage(found.get("usage"), {}) or None,
        "model": found.get("model"),
        "response_id": found.get("request_id"),
    }
