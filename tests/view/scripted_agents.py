"""Agents whose models are scripts: what the page is looked at with. No key, no network, nothing of steplog in them.

`python scripted_agents.py NAME`: research (two sub-agents at once, a retry, a failed tool), support (goes in circles until
the limit), refund (asks a human and goes on), invoices (its process is killed), analyst (thinking, an image, hostile texts),
triage (a long stretch of one tool, then a trimmed prompt), slow (a step every 0.2 s), all.
"""

from __future__ import annotations

import base64
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

SPEED = float(os.environ.get("AGENT_SPEED", "0.3"))  # seconds of pretended work are multiplied by this
Answer = tuple[Any, list[tuple[str, dict[str, Any]]]]


class Scripted(BaseChatModel):
    """Answers as a function of the messages says; takes a while over it, and counts words as tokens."""

    model_name: str = "aria-large-2026-09"
    script: Callable[[list[BaseMessage]], Answer]
    seconds: float = 0.9

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {
            **super()._get_ls_params(stop, **kwargs),
            "ls_provider": "acme",
            "ls_model_name": self.model_name,
            "ls_temperature": 0.2,
        }

    def bind_tools(self, tools: Sequence[BaseTool], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(t) for t in tools], **kwargs)

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        says, calls = self.script(messages)
        at = sum(len(m.tool_calls) for m in messages if isinstance(m, AIMessage))
        tool_calls = [ToolCall(name=n, args=a, id=f"call_{at + i:04}") for i, (n, a) in enumerate(calls)]
        sent = sum(len(str(m.content)) for m in messages) // 3 + 200
        fresh = len(str(messages[-1].content)) // 3 + 20
        said = (len(str(says)) + sum(len(str(c)) for c in calls)) // 3 + 2
        usage = {"input_tokens": sent, "output_tokens": said, "total_tokens": sent + said}
        if len(messages) > 2:
            usage["input_token_details"] = {"cache_read": sent - fresh}
        reason = "tool_calls" if calls else "stop"
        return AIMessage(
            says,
            tool_calls=tool_calls,
            usage_metadata=usage,
            response_metadata={"model_name": self.model_name, "finish_reason": reason},
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        time.sleep(self.seconds * SPEED * 0.35)
        if run_manager:
            run_manager.on_llm_new_token(".")  # so that the first token has a time
        time.sleep(self.seconds * SPEED * 0.65)
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])


def results(messages: list[BaseMessage]) -> int:
    return sum(isinstance(m, ToolMessage) for m in messages)


def rounds(messages: list[BaseMessage]) -> int:
    """How often the model has answered already."""
    return sum(isinstance(m, AIMessage) for m in messages)


def works(seconds: float) -> None:
    time.sleep(seconds * SPEED)


QUESTION = "Would it pay to bring back the night train between Lisbon and Madrid?"
HISTORY = (
    "**History.** The *Lusitania* ran until 17 March 2020 (624 km, 9 h 27 min), 82,400 passengers in 2019 at 64 % load, "
    "and lost about EUR 2 million a year. Two causes have gone since: the diesel section (Salamanca - Fuentes de Oñoro is "
    "electrified since July 2026) and the closed Beira Alta line (open again since September 2025)."
)
COSTS = (
    "**Costs.** Track access EUR 1.0 million, staff and two leased locomotives EUR 2.2 million, cars (7 refurbished, ten "
    "years) EUR 0.9 million, energy and stations about EUR 1.6 million: *EUR 5.7 million a year*. Fares at 71 % load bring "
    "EUR 9.8 million before sales commission and idle days."
)
REPORT = (
    "Yes, with a subsidy for the first two years at most. The two technical reasons for the suspension of 2020 are gone, and at "
    "today's fares a nightly train would earn about **EUR 9.8 million** against costs of about **EUR 5.7 million** a year.\n\n"
    "| per year | EUR million | source |\n|---|--:|---|\n| track access | 1.0 | search, 2026 |\n| staff, locomotives | 2.2 | leases of 2025 |\n"
    "| cars | 0.9 | refurbished |\n| energy, stations | 1.6 | *estimate* |\n| **fares at 71 %** | **9.8** | comparable routes |\n\n"
    "Weakest figure: the access charge in Spain, whose network statement could not be read."
)


def research(*, cheap: bool = False) -> None:
    """Two sub-agents at the same time; one model call is retried, one page cannot be fetched."""
    state = {"busy": True}

    @tool
    def web_search(query: str) -> str:
        """Search the web."""
        works(0.4)
        return f"[1] {query.capitalize()}: 82,400 passengers, mean load 64 %.\n[2] A study of 2024 on the same.\n[3] Nothing newer."

    @tool
    def fetch_page(url: str) -> str:
        """Fetch a page as text."""
        works(1.1)
        if "infra-gestor" in url:
            raise ConnectionError(
                f"HTTPSConnectionPool(host='infra-gestor.example', port=443): Max retries exceeded with url: {url[-12:]} (Caused by ConnectTimeoutError: timed out after 1.0 s)"
            )
        return (
            "# Night trains in the Iberian peninsula\n\nSince the suspension of 2020 no night train crosses the border.\n"
            * 3
        )

    @tool
    def calculate(expression: str) -> str:
        """Evaluate an arithmetic expression."""
        return f"{eval(expression, {'__builtins__': {}}):g}"

    def on_history(messages: list[BaseMessage]) -> Answer:
        if rounds(messages) == 2 and state.pop("busy", False):
            raise ConnectionResetError("429 Too Many Requests: 60,000 input tokens a minute")
        return [
            (
                "",
                [
                    ("web_search", {"query": "lisbon madrid night train history"}),
                    ("web_search", {"query": "passengers 2019 lusitania"}),
                ],
            ),
            (
                "The operators blamed losses; I need the reasons for the suspension.",
                [("web_search", {"query": "why suspended lusitania 2020 losses"})],
            ),
            ("", [("fetch_page", {"url": "https://rail-review.example/iberia/night-trains-2026"})]),
            (HISTORY, []),
        ][rounds(messages)]

    def on_costs(messages: list[BaseMessage]) -> Answer:
        sums = [
            ("calculate", {"expression": "624 * (0.47 * 1.94 + 0.53 * 2.43) * 2 * 350"}),
            ("calculate", {"expression": "(3 * 2 * 310 + 2 * 65000 / 30) * 350"}),
        ]
        return [
            ("", [("web_search", {"query": "sleeper car price lease locomotive"})]),
            (
                "",
                [
                    ("web_search", {"query": "track access charges spain portugal 2026"}),
                    ("fetch_page", {"url": "https://infra-gestor.example/charges/2026"}),
                ],
            ),
            ("", sums[:1] if cheap else sums),
            (COSTS.replace("1.0", "1.1").replace("9.8", "5.0") if cheap else COSTS, []),
        ][rounds(messages)]

    from langchain.agents.middleware import ModelRetryMiddleware

    small = {"model_name": "aria-small-2026-09"}
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=1.2 * SPEED, backoff_factor=1.0, jitter=False)
    history = create_agent(
        Scripted(script=on_history, **small), [web_search, fetch_page], name="history", middleware=[retry]
    )
    costs = create_agent(
        Scripted(script=on_costs, seconds=0.7, **small),
        [web_search, fetch_page, calculate],
        name="costs",
        middleware=[_tells_errors()],
    )

    @tool
    def delegate(researcher: str, question: str) -> str:
        """Ask a researcher: history or costs."""
        agent = {"history": history, "costs": costs}[researcher]
        return str(agent.invoke({"messages": [HumanMessage(question)]})["messages"][-1].content)

    def lead(messages: list[BaseMessage]) -> Answer:
        return [
            (
                "Two things decide this: why it stopped, and what it would earn. I shall ask both researchers at once.",
                [
                    (
                        "delegate",
                        {
                            "researcher": "history",
                            "question": "Why did the night train between Lisbon and Madrid stop, and which of these reasons still hold in 2026?",
                        },
                    ),
                    (
                        "delegate",
                        {
                            "researcher": "costs",
                            "question": "What would a nightly train Lisbon-Madrid cost and earn in a year, at prices of 2026?",
                        },
                    ),
                ],
            ),
            (
                "The margin depends on the load. I check the break-even.",
                [("calculate", {"expression": "7.6 / 5.0 * 64" if cheap else "5.7 / 9.8 * 71"})],
            ),
            (
                REPORT
                if not cheap
                else REPORT.replace("9.8", "5.0").replace(
                    "Yes, with a subsidy for the first two years at most", "Hardly"
                ),
                [],
            ),
        ][rounds(messages)]

    agent = create_agent(
        Scripted(script=lead, seconds=1.4),
        [delegate, calculate],
        name="research",
        system_prompt="You lead two researchers. Delegate, then answer with a table.",
    )
    agent.invoke({"messages": [HumanMessage(QUESTION)]}, {"configurable": {"thread_id": "desk-17"}})


def _tells_errors() -> Any:
    """A tool's error is told to the model."""
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def tell(request: Any, handler: Any) -> Any:
        try:
            return handler(request)
        except ConnectionError as error:
            return ToolMessage(
                f"ConnectionError: {error}", tool_call_id=request.tool_call["id"], status="error"
            )

    return tell


def support() -> None:
    """Asks for the same order again and again, until the limit of steps ends the run."""

    @tool
    def lookup_customer(mail: str) -> dict[str, Any]:
        """Find a customer."""
        works(0.2)
        return {"customer": "C-5512", "orders": ["A-1042"]}

    @tool
    def get_order(order_id: str) -> dict[str, Any]:
        """Read an order."""
        works(0.2)
        return {
            "order_id": order_id,
            "state": "PENDING_REVIEW",
            "updated": "2026-11-24T08:12:09Z",
            "carrier": None,
            "lines": [
                {"sku": "TEA-001", "qty": 2, "price": 9.5},
                {"sku": "CUP-031", "qty": 1, "price": 14.0},
            ],
        }

    def script(messages: list[BaseMessage]) -> Answer:
        if results(messages) == 0:
            return "", [("lookup_customer", {"mail": "m.ferro@example.org"})]
        return "", [("get_order", {"order_id": "A-1042"})]

    system = (
        "You help customers with their orders. Do not answer before the order has left review. Internal key: sk-proj-"
        + "a1B2" * 12
    )
    agent = create_agent(
        Scripted(script=script, seconds=0.6, model_name="aria-small-2026-09"),
        [lookup_customer, get_order],
        name="order_support",
        system_prompt=system,
    )
    question = "Where is my tea? I ordered it on the 20th and nothing has come. m.ferro@example.org"
    config = {"configurable": {"thread_id": "tkt-88213"}, "recursion_limit": 21}
    try:
        agent.invoke({"messages": [HumanMessage(question)]}, config)
    except Exception as error:  # noqa: BLE001 - the limit
        print(type(error).__name__)


def refund(*, answered: bool = True) -> None:
    """Asks a human before it pays; the second run goes on with the answer."""

    @tool
    def pay(order_id: str, amount: float) -> str:
        """Pay money back."""
        found = interrupt(
            {"question": f"Pay EUR {amount:.2f} for {order_id}?", "options": ["yes", "no", "another amount"]}
        )
        works(0.4)
        return f"paid {found}"

    def script(messages: list[BaseMessage]) -> Answer:
        if results(messages) == 0:
            return (
                "Refund of EUR 412.00 for order A-1042: the parcel was lost by the carrier on 21 November, the customer is within the 30 days, and no refund has been made before. I propose to pay it.",
                [("pay", {"order_id": "A-1042", "amount": 412.0})],
            )
        return (
            "Dear customer, we have refunded EUR 380.00 today; EUR 32.00 of shipping are not refundable. It takes three to five days to arrive.",
            [],
        )

    agent = create_agent(Scripted(script=script), [pay], name="refunds", checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "tkt-88240" if answered else "tkt-88299"}}
    agent.invoke({"messages": [HumanMessage("Parcel A-1042 never came. Please refund me.")]}, config)
    if answered:
        works(2.0)
        agent.invoke(Command(resume="380.00, shipping is not refundable"), config)


def invoices() -> None:
    """Is killed while a tool reads a scan."""

    @tool
    def list_files(folder: str) -> list[str]:
        """List a folder."""
        works(0.1)
        return ["2026-10-acme.pdf", "2026-10-brunner.pdf", "2026-10-delos.pdf"]

    @tool
    def read_invoice(file: str, pages: str = "1") -> dict[str, Any]:
        """Read an invoice."""
        if "delos" in file:
            works(0.4)
            os.kill(os.getpid(), signal.SIGKILL)
        works(0.8)
        return {"file": file, "number": "R-4711", "net": 1840, "vat": 349.6}

    @tool
    def book(number: str, account: int, net: int) -> str:
        """Book an invoice."""
        works(0.2)
        return f"booked {number} on {account}"

    def script(messages: list[BaseMessage]) -> Answer:
        return [
            ("", [("list_files", {"folder": "inbox/2026-10"})]),
            (
                "",
                [
                    ("read_invoice", {"file": "2026-10-acme.pdf"}),
                    ("read_invoice", {"file": "2026-10-brunner.pdf"}),
                ],
            ),
            (
                "",
                [
                    ("book", {"number": "R-4711", "account": 4400, "net": 1840}),
                    ("book", {"number": "R-4712", "account": 4400, "net": 1840}),
                ],
            ),
            (
                "Both are booked. The scan of Delos has 61 pages; I read it whole.",
                [
                    ("read_invoice", {"file": "2026-10-delos.pdf", "pages": "1-61"}),
                    ("list_files", {"folder": "inbox/2026-11"}),
                ],
            ),
        ][rounds(messages)]

    agent = create_agent(Scripted(script=script), [list_files, read_invoice, book], name="invoices")
    agent.invoke(
        {"messages": [HumanMessage("Book the invoices of October.")]},
        {"configurable": {"thread_id": "books-2026-10"}},
    )


HOSTILE = "<img src=x onerror=alert(1)><script>alert('2')</script> great cups [click](javascript:alert(3)) ![i](https://evil.example/x.png)"


def analyst() -> None:
    """Thinks, is shown an image, reads reviews that try to be more than text, and a log that is too long to keep."""
    reviews = [
        HOSTILE,
        "المنتج ممتاز والتوصيل سريع، لكن الكوب وصل مكسورا \u202egnp.exe",
        "ชาดีมาก จะกลับมาซื้ออีก 🍵🍵 — ההזמנה הגיעה בזמן",
    ]

    @tool
    def query_db(sql: str) -> list[dict[str, Any]]:
        """Run a query."""
        works(0.4)
        return [
            {"region": r, "orders": o, "returns": b}
            for r, o, b in (("East", 1533, 57), ("North", 1204, 31), ("West", 402, 8), ("South", 987, 12))
        ]

    @tool
    def read_review(n: int) -> str:
        """Read a review."""
        works(0.2)
        return reviews[n]

    @tool
    def load_log(name: str) -> str:
        """Load a log."""
        works(0.3)
        return "".join(
            f"2026-11-{i % 30 + 1:02} 00:10:00 worker-{i % 4} job {1000 + i} took {i % 90} ms, queue {i % 13}\n"
            for i in range(1500)
        )

    answer = (
        "**East** returns the most: 3.7 of 100 orders, three times the South.\n\n| region | orders | returns | per 100 |\n|---|--:|--:|--:|\n"
        "| East | 1,533 | 57 | **3.72** |\n| North | 1,204 | 31 | 2.57 |\n| West | 402 | 8 | 1.99 |\n| South | 987 | 12 | 1.22 |\n\nTo see it per week:\n\n"
        '```python\nfrom datetime import date\n\ndef per_hundred(rows):\n    # returns per hundred orders\n    return {r["region"]: 100 * r["returns"] / r["orders"] for r in rows}\n```\n\n'
        "One review holds markup, `<img src=x onerror=alert(1)>`; it is shown as text. See [the packing guide](https://packing.example/guide)."
    )

    def think(thought: str, text: str) -> list[Any]:
        return [
            {"type": "thinking", "thinking": thought, "signature": "c2ln"},
            {"type": "text", "text": text},
        ]

    def script(messages: list[BaseMessage]) -> Answer:
        return [
            (
                think(
                    "The chart shows four regions. I should not trust my reading of pixel heights; the database has the figures. The reviews may say why.",
                    "The chart gives me the regions, I take the figures from the database.",
                ),
                [
                    (
                        "query_db",
                        {
                            "sql": "SELECT region, count(*) AS orders, sum(returned) AS returns FROM orders GROUP BY region"
                        },
                    ),
                    *(("read_review", {"n": n}) for n in range(3)),
                ],
            ),
            (
                "The reviews mention breakage. I look at the packing line's log.",
                [("load_log", {"name": "packing-2026-11"})],
            ),
            (think("Returns per 100 orders: N 2.57, S 1.22, E 3.72, W 1.99.", answer), []),
        ][rounds(messages)]

    image = base64.b64encode(os.urandom(40_000)).decode()
    asked = HumanMessage(
        [
            {
                "type": "text",
                "text": "Which region returns the most, measured by its orders? Chart attached.",
            },
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        ]
    )
    agent = create_agent(
        Scripted(script=script, seconds=1.8),
        [query_db, read_review, load_log],
        name="shop_analyst",
        system_prompt="Answer with figures.",
    )
    agent.invoke({"messages": [asked]}, {"configurable": {"thread_id": "shop-3"}})


def triage() -> None:
    """Reads one ticket after the other; in the middle its prompt is summarised."""
    topics = (
        "checkout slow, 4 s.",
        "coupon field hidden on phones.",
        "wants invoices as PDF.",
        "cannot find the size table.",
        "checkout slow on Sundays.",
        "asks for dark mode.",
        "search ignores plurals.",
        "invoice lacks VAT number.",
        "checkout asks twice for the address.",
        "parcel tracking link dead.",
        "coupon expired too early.",
        "search finds nothing for 'mugs'.",
        "wants gift wrapping.",
    )

    @tool
    def read_ticket(n: int) -> str:
        """Read a ticket."""
        works(0.12)
        return f"Ticket {88100 + n}: {topics[n]}"

    summary = "Summary of the tickets read so far: checkout is slow or clumsy (3), coupons (1), invoices (2), search (1), other (3)."

    def script(messages: list[BaseMessage]) -> Answer:
        done = max(
            (int(str(m.content)[7:12]) - 88099 for m in messages if isinstance(m, ToolMessage)), default=0
        )
        if done < len(topics):
            return "", [("read_ticket", {"n": done})]
        return (
            "Three themes: 1. **Checkout** is slow and asks twice for the address (3 tickets). 2. **Invoices** lack the VAT number and cannot be had as PDF (2). 3. **Search** misses plurals (2).",
            [],
        )

    from langchain.agents.middleware import wrap_model_call

    @wrap_model_call
    def trim(request: Any, handler: Any) -> Any:
        if len(request.messages) > 22:
            kept = request.messages[-2:] if len(request.messages) < 26 else request.messages[23:]
            request = request.override(messages=[HumanMessage(summary), *kept])
        return handler(request)

    agent = create_agent(
        Scripted(script=script, seconds=0.35, model_name="aria-small-2026-09"),
        [read_ticket],
        name="triage",
        system_prompt="Read all tickets, then name the themes.",
        middleware=[trim],
    )
    agent.invoke(
        {"messages": [HumanMessage("What do this week's tickets have in common?")]}, {"recursion_limit": 80}
    )


def slow() -> None:
    """A step every 0.2 s: what is watched live."""

    @tool
    def look(n: int) -> str:
        """Look once more."""
        time.sleep(0.2)
        return f"look {n} at {time.time():.3f}"

    def script(messages: list[BaseMessage]) -> Answer:
        n = results(messages)
        return ("", [("look", {"n": n})]) if n < 12 else ("Done looking.", [])

    agent = create_agent(Scripted(script=script, seconds=0.2), [look], name="watcher")
    agent.invoke({"messages": [HumanMessage("Keep looking.")]}, {"recursion_limit": 80})


AGENTS: dict[str, Callable[[], None]] = {
    "research": research, "hardly": lambda: research(cheap=True), "support": support, "refund": refund,
    "waits": lambda: refund(answered=False), "invoices": invoices, "analyst": analyst, "triage": triage, "slow": slow,
}  # fmt: skip


def main() -> None:
    for name in sys.argv[1:]:
        AGENTS[name]()


if __name__ == "__main__":
    main()
