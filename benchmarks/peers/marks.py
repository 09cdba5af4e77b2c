"""The words that are looked for in what a recorder has kept."""

from __future__ import annotations

ASKED = "QUESTION-7f3a: how long is the Danube?"
ANSWERED = "STEP-ANSWER-51c9"
FOUND = "TOOL-RESULT-b82e"
UNDER_WAY = "UNDER-WAY-e417"
LATER = "LAST-ANSWER-90d2"
# Made up, in the shape of a provider's.
KEY = "sk-proj-" + "Zq7Vx2Lm9Rt4Kc8Wb3Yn6Hd1" * 2


def of_child(number: int) -> str:
    """What the agent in a forked process answers."""
    return f"CHILD-{number}-a55f"
