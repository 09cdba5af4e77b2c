"""Workflows: parallel steps, retries, humans, timeouts, cancellation, workflows in workflows."""

import asyncio

import pytest
from li_models import tree
from llama_index_instrumentation import get_dispatcher
from workflows import Context, Workflow, step
from workflows.errors import WorkflowCancelledByUser, WorkflowTimeoutError
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent
from workflows.retry_policy import retry_policy, stop_after_attempt, wait_fixed

dispatcher = get_dispatcher(__name__)


class Part(Event):
    n: int


class Done(Event):
    n: int


class Fan(Workflow):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Part | None:
        for n in range(3):
            ctx.send_event(Part(n=n))

    @step(num_workers=3)
    async def work(self, ev: Part) -> Done:
        await asyncio.sleep(0)
        return Done(n=ev.n * 2)

    @step
    async def join(self, ctx: Context, ev: Done) -> StopEvent | None:
        found = ctx.collect_events(ev, [Done] * 3)
        return None if found is None else StopEvent(result=sum(e.n for e in found))


class Outer(Workflow):
    @step
    async def delegate(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await Fan().run())


class Flaky(Workflow):
    tries = 0

    @step(retry_policy=retry_policy(wait=wait_fixed(0), stop=stop_after_attempt(3)))
    async def once(self, ev: StartEvent) -> StopEvent:
        self.tries += 1
        if self.tries < 3:
            raise ValueError(f"try {self.tries}")
        return StopEvent(result="ok")


class Slow(Workflow):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.begun = asyncio.Event()

    @step
    async def wait(self, ev: StartEvent) -> StopEvent:
        self.begun.set()
        await asyncio.Event().wait()
        return StopEvent()


class Asks(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(
            HumanResponseEvent, waiter_event=InputRequiredEvent(prefix="Your name?")
        )
        return StopEvent(result=answer.response)


class AsksByEvent(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent(prefix="Your name?")

    @step
    async def greet(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=ev.response)


class Mended(Workflow):
    """Three parts at once, of which two fail, each twice; what handles their errors goes on with them."""

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Part | None:
        for n in range(3):
            ctx.send_event(Part(n=n))

    @step(num_workers=3, retry_policy=retry_policy(wait=wait_fixed(0), stop=stop_after_attempt(2)))
    async def work(self, ev: Part) -> Done:
        if ev.n:
            raise ValueError(f"part {ev.n}")
        return Done(n=ev.n)

    @step
    async def join(self, ctx: Context, ev: Done) -> StopEvent | None:
        found = ctx.collect_events(ev, [Done] * 3)
        return None if found is None else StopEvent(result=sum(e.n for e in found))


try:
    from workflows import catch_error
    from workflows.events import StepFailedEvent
except ImportError:  # before workflows 2.20
    catch_error = None


class InThreads(Workflow):
    @step
    def here(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.topic)


async def test_parallel_steps_are_nodes_with_the_event_that_made_them_run(recorded):
    assert await Fan().run(topic="x") == 6
    run = recorded.run
    assert (run.name, run.framework) == ("Fan", "llama-index-workflows")
    assert (run.input, run.output) == ({"topic": "x"}, 6)
    assert sorted(tree(run)) == ["node join"] * 3 + ["node split"] + ["node work"] * 3
    work = next(s for s in run.steps if s.name == "work")
    assert work.fields["triggers"] == ["Part"]
    assert "n" in work.fields["output"]["Done"]


async def test_a_workflow_in_a_step_is_an_agent_below_it(recorded):
    assert await Outer().run() == 6
    run = recorded.run
    assert tree(run)[:2] == ["node delegate", "  agent Fan"]
    assert len(run.steps) == 9


async def test_each_try_of_a_step_is_a_node_of_its_own_and_counted(recorded):
    assert await Flaky().run() == "ok"
    run = recorded.run
    assert tree(run) == ["node once [error]", "node once [error]", "node once"]
    assert [s.fields.get("attempt") for s in run.steps] == [None, 2, 3]
    assert (run.status, run.totals["retries"], run.totals["errors"]) == ("ok", 2, 2)


async def test_each_try_names_the_one_that_failed_before_it_and_the_last_what_saved_it(recorded):
    assert await Flaky().run() == "ok"
    run = recorded.run
    assert [s.fields.get("after_failed") for s in run.steps] == [None, 1, 2]
    assert [s.recovered_by and s.recovered_by.number for s in run.steps] == [3, 3, None]


@pytest.mark.skipif(catch_error is None, reason="workflows 2.20 brought handlers of errors")
async def test_what_a_handler_of_errors_saved_is_recovered_by_it_also_where_several_fail_at_once(recorded):
    class Workflows(Mended):
        @catch_error(for_steps=["work"], max_recoveries=2)
        async def mend(self, ctx: Context, ev: StepFailedEvent) -> Done:
            return Done(n=100 * ev.input_event.n)

    assert await Workflows().run() == 300
    run = recorded.run
    failed = [one for one in run.steps if one.status == "error"]
    assert [one.name for one in failed] == ["work"] * 4
    for part in (1, 2):
        (handler,) = {one.recovered_by for one in failed if one.error["message"] == f"part {part}"}
        assert (handler.name, handler.fields["triggers"]) == ("mend", ["StepFailedEvent"])
        assert handler.fields["output"] == {"Done": {"n": 100 * part}}
    assert (run.status, run.totals["errors"]) == ("ok", 4)
    assert f"recovered by step {failed[0].recovered_by.number}" in str(run)


@pytest.mark.parametrize("kind", [Asks, AsksByEvent])
async def test_a_workflow_that_was_released_while_it_waited_goes_on_under_its_id(recorded, kind):
    ticks = pytest.importorskip("workflows.runtime.types.ticks")
    if not hasattr(ticks, "TickIdleRelease"):
        pytest.skip("workflows 2.20 brought the release of idle workflows")
    from workflows.plugins.basic import BasicRuntime

    handler = kind(runtime=BasicRuntime()).run(run_id="order-7")
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            break
    kept = handler.ctx.to_dict()
    await handler.ctx._face._external_adapter.send_event(ticks.TickIdleRelease())
    await handler
    again = kind(runtime=BasicRuntime())
    handler = again.run(ctx=Context.from_dict(again, kept), run_id="order-7")
    handler.ctx.send_event(HumanResponseEvent(response="Ada"))
    assert await handler == "Ada"
    released, resumed = recorded.runs
    assert (released.status, resumed.status) == ("interrupted", "ok")
    assert released.metadata["run_id"] == resumed.metadata["run_id"] == "order-7"
    assert resumed.goes_on_from == released.id
    (answer,) = resumed.answers
    assert (answer.run, answer.step) == (released.id, 2)
    assert (answer.question, answer.answer) == (
        {"InputRequiredEvent": {"prefix": "Your name?"}},
        {"HumanResponseEvent": {"response": "Ada"}},
    )


async def test_a_step_that_waits_for_a_human_is_interrupted_and_then_resumed(recorded):
    handler = Asks().run()
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent(response="Ada"))
    assert await handler == "Ada"
    run = recorded.run
    assert tree(run) == ["node ask [interrupted]", "  interrupt", "resume", "node ask"]
    assert run.steps[1].fields["value"] == {"InputRequiredEvent": {"prefix": "Your name?"}}
    assert run.steps[2].fields["value"] == {"HumanResponseEvent": {"response": "Ada"}}
    (answer,) = run.answers
    assert (answer.run, answer.step, answer.answer) == (run.id, 2, run.steps[2].fields["value"])
    assert "answers step 2: Your name? → Ada" in str(run)
    assert (run.status, run.output) == ("ok", "Ada")


async def test_a_question_returned_as_an_event_is_an_interrupt_too(recorded):
    handler = AsksByEvent().run()
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent(response="Ada"))
    assert await handler == "Ada"
    run = recorded.run
    assert tree(run) == ["node ask", "  interrupt", "resume", "node greet"]
    assert run.steps[2].fields["value"] == {"HumanResponseEvent": {"response": "Ada"}}
    assert [(answer.step, answer.answer) for answer in run.answers] == [(2, run.steps[2].fields["value"])]
    assert run.status == "ok"


async def test_a_timeout_is_the_runs_error_and_a_cancelled_step(recorded):
    with pytest.raises(WorkflowTimeoutError):
        await Slow(timeout=0.01).run()
    run = recorded.run
    assert (run.status, run.error["type"]) == ("error", "WorkflowTimeoutError")
    assert tree(run) == ["node wait [cancelled]"]


async def test_a_workflow_that_its_user_cancels_is_cancelled_not_failed(recorded):
    slow = Slow()
    handler = slow.run()
    await slow.begun.wait()
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    run = recorded.run
    assert run.status == "cancelled"
    assert "errors" not in run.totals


async def test_a_workflow_cancelled_from_outside_ends_before_its_step_and_both_are_cancelled(recorded):
    async def ask():
        return await Slow().run()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(), 0.02)
    await asyncio.sleep(0)
    run = recorded.run
    assert run.status == "cancelled"
    assert tree(run) == ["node wait [cancelled]"]


async def test_a_function_that_returns_a_running_workflow_stays_open_until_that_is_done(recorded):
    @dispatcher.span
    async def ask():
        return Fan().run()

    handler = await ask()
    assert await handler == 6
    run = recorded.run
    assert tree(run)[0] == "agent Fan"
    ends = [r["ev"] for r in run.records() if r["ev"].endswith(".end")]
    assert ends[-2:] == ["agent.end", "run.end"]


async def test_a_step_that_is_a_plain_function_runs_in_a_thread_and_has_its_parent(recorded):
    assert await InThreads().run(topic="tea") == "tea"
    assert tree(recorded.run) == ["node here"]


async def test_workflows_at_the_same_time_do_not_mix(recorded):
    assert await asyncio.gather(*(Fan().run() for _ in range(5))) == [6] * 5
    runs = recorded.runs
    assert [len(run.steps) for run in runs] == [7] * 5


class Touchy(list):
    """Asked whether it is something else, it fails, as arrays and tables do."""

    def __ne__(self, other):
        raise ValueError("the truth of this is ambiguous")

    __eq__ = __ne__
    __hash__ = None


class Measuring(Workflow):
    @step
    async def measure(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result="done", measured=Touchy([1, 2]), nothing=Touchy())


async def test_what_an_event_holds_is_asked_for_no_comparison(recorded):
    await Measuring().run(given=Touchy([3]), kept="tea", left_out=[])
    run = recorded.run
    assert run.input == {"given": [3], "kept": "tea"}
    assert run.output == {"result": "done", "measured": [1, 2]}
