"""A shop's support agent: it finds orders, refunds small ones, and says what shipping costs. Nothing of steplog in it."""

from __future__ import annotations

import sys
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool

PROMPT = "You help customers of a tea shop. Refund at most 100.00 yourself. Be brief."
ORDERS = {"A-17": 1250, "A-18": 48_000}


@tool
def find_order(number: str) -> str:
    """Find an order by its number."""
    cents = ORDERS.get(number)
    return f"no order {number}" if cents is None else f"order {number}: paid {cents} cents, delivered"


@tool
def refund(number: str, cents: int) -> str:
    """Pay an order back, in cents."""
    if cents > ORDERS.get(number, 0):
        raise ValueError(f"order {number} was not paid {cents} cents")
    return f"refunded {cents / 100:.2f} for order {number}"


@tool
def shipping(country: str) -> str:
    """What shipping to a country costs."""
    return {"de": "4.90", "at": "8.90"}.get(country.lower(), "not shipped there")


def build(model: BaseChatModel, tools: Any = (find_order, refund, shipping), prompt: str = PROMPT) -> Any:
    """The agent, with the model that it thinks with."""
    return create_agent(model, list(tools), system_prompt=prompt, name="shop")


def ask(agent: Any, question: str) -> str:
    """Ask the agent, and get its answer."""
    return agent.invoke({"messages": [("user", question)]})["messages"][-1].text


if __name__ == "__main__":
    from rule_model import RuleModel

    print(ask(build(RuleModel()), " ".join(sys.argv[1:]) or "Please refund order A-17."))
