"""Marks for tests of what frameworks tell only since a version of theirs."""

from __future__ import annotations

from importlib.metadata import version

import pytest


def since(distribution: str, first: str) -> pytest.MarkDecorator:
    """Skip a test where an older version of a distribution is installed than the first that tells what it is about."""
    here = version(distribution)
    return pytest.mark.skipif(
        _numbers(here) < _numbers(first), reason=f"{distribution} {here} is older than {first}"
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())
