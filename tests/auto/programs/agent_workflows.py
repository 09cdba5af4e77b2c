"""A workflow that knows nothing of steplog, nor of LlamaIndex: two steps."""

import asyncio
import sys

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Factors(Event):
    a: int
    b: int


class Multiply(Workflow):
    @step
    async def read(self, event: StartEvent) -> Factors:
        return Factors(a=6, b=7)

    @step
    async def multiply(self, event: Factors) -> StopEvent:
        return StopEvent(result=event.a * event.b)


async def run() -> int:
    return await Multiply().run(question="How much is 6 times 7?")


def agent() -> int:
    result = asyncio.run(run())
    assert "llama_index.core" not in sys.modules
    return result


def main() -> None:
    print(agent())


if __name__ == "__main__":
    main()
