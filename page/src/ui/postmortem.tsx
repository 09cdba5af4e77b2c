// Why a run failed, died, waits or was stopped: the cause as a sentence, then what was in flight, the last answer, what was done before.
import type { JSX } from "preact";
import type { Json, Rec } from "../data/wire";
import { to } from "../data/route";
import type { Run } from "../model/run";
import { clip, safe } from "../model/safe";
import { fails, type Step } from "../model/step";
import { argText, asText, callsOf, humanAnswer, questionText, result, resultText, texts } from "../model/texts";
import { build, type Node } from "../model/tree";
import { ago, fms, fusd, plural } from "../model/units";
import { CallCard, ErrorBox, StepCard } from "./cards";
import { config } from "./copy";
import { Args, Sec } from "./detail";
import { Icon } from "./icons";
import { Notes } from "./note";
import { RawLines } from "./raw";
import { inside } from "./runrow";
import { href, store } from "./state";
import { Content, Text, Value } from "./values";

export function PostMortem({ run }: { run: Run }): JSX.Element {
  const s = run.status;
  const end = run.lines.length;
  return (
    <>
      <Notes run={run.row.id} step={null} keys />
      {s === "crashed" || s === "unfinished" ? <Died run={run} /> : s === "interrupted" ? <Waits run={run} /> : s === "error" ? <Failed run={run} /> : <Stopped run={run} />}
      <RawLines run={run} title="Last raw lines" at={Array.from({ length: Math.min(4, end) }, (_, i) => end - Math.min(4, end) + i)} />
    </>
  );
}

const finalAnswer = (run: Run): Step | undefined => run.llms.findLast((x) => x.message);

function LastAnswer({ run, x }: { run: Run; x: Step | undefined }) {
  if (!x) return null;
  const m = run.answer(x);
  return (
    <Sec title="Last answer of the model" right={<a href={href({ step: x.no })}>step {x.no}</a>}>
      <Content v={m?.content} />
      {callsOf(m).map((c, i) => <CallCard key={i} run={run} call={c} from={x} />)}
    </Sec>
  );
}

function Told({ run }: { run: Run }) {
  const first = run.llms[0];
  if (!first) return null;
  const m = run.resolve(run.message(Number(first.prompt.split(/[-,]/)[0]), first.lines[0])) as Rec;
  return m.role === "system" ? <Sec title="What it was told" right={`system message, m ${m.m}`}><Content v={m.content} /></Sec> : null;
}

const InFlight = ({ run, x }: { run: Run; x: Step }) => (
  <div class="flight">
    <div class="r1">
      <Icon name={x.kind} class={`k-${x.kind}`} />
      <a class="b" href={href({ step: x.no })}>{safe(x.name) || x.kind}</a>
      <span class="faint">step {x.no} · in flight since +{fms(x.t)} · no end</span>
    </div>
    {x.kind === "llm" ? <div class="body small dim"><Text>{clip(texts(run, x)[0], 400)}</Text></div> : run.field(x, "args") != null && <Args v={run.field(x, "args")} />}
  </div>
);

function Before({ run, but }: { run: Run; but?: Step }) {
  const done = run.all.filter((y) => y.kind === "tool" && y !== but && y.done && !y.kids.some((k) => !k.point)).slice(-5).reverse();
  if (!done.length) return null;
  return <Sec title="Finished just before">{done.map((y) => <StepCard key={y.no} x={y} text={`${texts(run, y)[0]} → ${clip(y.failed ? y.failed : resultText(run, y), 90)}`} at={`+${fms(y.t + y.ms)}`} />)}</Sec>;
}

function Died({ run }: { run: Run }) {
  const at = run.flight.at(-1) ?? run.flight[0];
  const w = run.writer;
  const isDead = run.status === "crashed";
  const line = run.lines.length ? run.lines.place(run.lines.length - 1)[1] : 0;
  const asker = at && run.steps.get(at.askedBy);
  return (
    <>
      <div class="pm">
        <h2><span class="k-err"><Icon name="crashed" /></span>{isDead ? "The process died" : "The log has no end of this run"}{at ? ` ${inside(at.kind, safe(at.name))}` : isDead ? " between two steps" : ""}</h2>
        <p>
          Nothing was written after <b class="ink">+{fms(run.last)}</b> (line {line}).{" "}
          {isDead ? <>Process {String(w.pid ?? "?")} on {safe(String(w.host ?? "?"))} is gone and left no end: killed, out of memory, or power lost. All steps that had finished are here.</> : <>It was written on {safe(String(w.host ?? "another machine"))}; from here nobody can tell whether it still runs.</>}
        </p>
        {run.flight.slice(0, 20).map((x) => <InFlight key={x.no} run={run} x={x} />)}
      </div>
      <LastAnswer run={run} x={asker?.kind === "llm" ? asker : finalAnswer(run)} />
      <Before run={run} />
      <Stand run={run} />
    </>
  );
}

/** What is known of where things stand: only what the log tells. */
function Stand({ run }: { run: Run }) {
  const acted = run.all.filter((y) => y.kind === "tool" && y.done && !y.failed);
  const fork = config(run, run.flight.at(-1) ?? run.all.at(-1) ?? null);
  const damage = run.damage.length;
  return (
    <Sec title="Where things stand">
      <dl class="kv">
        <dt>log</dt>
        <dd>complete up to its last line; {damage ? plural(damage, "damaged line") : "no damaged line"}</dd>
        <dt>tools that had acted</dt>
        <dd>{acted.length ? acted.slice(-8).map((y, i) => <>{i > 0 && ", "}<a href={href({ step: y.no })}>{safe(y.name)}</a></>) : "none"}{acted.length > 8 ? ` and ${acted.length - 8} before` : ""}</dd>
        <dt>go on from</dt>
        <dd>{fork ? <pre class="low">{fork}</pre> : "no checkpoint is in the log: this run cannot be resumed"}</dd>
      </dl>
    </Sec>
  );
}

function loops(nodes: Node[]): Node | null {
  let found: Node | null = null;
  const stack = [...nodes];
  while (stack.length) {
    const n = stack.pop()!;
    if (n.loop && n.loop > (found?.loop ?? 0)) found = n;
    stack.push(...n.kids);
  }
  return found;
}

function Failed({ run }: { run: Run }) {
  const e = (run.fields.error ?? {}) as Rec;
  const origin = origins(run, e);
  const loop = loops(build(run, "calls").kids);
  const isLimit = /recursion|limit|iterations|max_/i.test(`${e.type} ${asText(e.message)}`);
  const byLoop = loop && (isLimit || !origin) ? loop : null;
  return (
    <>
      <div class="pm">
        <h2><span class="k-err"><Icon name="error" /></span><span>{byLoop ? `${safe(byLoop.x.name)} was called ${byLoop.loop} times with the same arguments` : origin ? `${safe(origin.name || origin.kind)} failed: ${safe(String(e.type ?? origin.failed))}` : safe(String(e.type ?? "The run failed"))}</span></h2>
        <p>{byLoop ? (isSame(run, byLoop) ? "Each time the answer was the same, so the model asked again until the limit ended the run." : "The answers differed, and the model asked again until the limit ended the run.") : origin ? <>In <a href={href({ step: origin.no })}>step {origin.no}</a>, {fms(origin.t + (origin.point ? 0 : origin.ms))} into the run{origin.agent ? `, in ${safe(origin.agent.name)}` : ""}; nobody caught it.</> : <>No step of it failed: the error came from the run itself, after {fms(run.row.ms)}.</>}</p>
      </div>
      <section class="sec"><ErrorBox e={origin && !e.stack ? ((run.stepFields(origin).error as Rec) ?? e) : e} /></section>
      {byLoop && <Loop run={run} n={byLoop} />}
      {origin && !byLoop && <Input run={run} x={origin} />}
      <LastAnswer run={run} x={finalAnswer(run)} />
      <Before run={run} but={origin} />
      <Told run={run} />
    </>
  );
}

/** Whether a loop got the same answer each time. */
function isSame(run: Run, n: Node): boolean {
  const answers = new Set(n.members!.filter((m) => m.x.kind === n.x.kind).slice(0, 200).map((m) => resultText(run, m.x)));
  return answers.size === 1;
}

/** The step that the run's error came from. */
function origins(run: Run, e: Rec): Step | undefined {
  if (typeof e.step === "number") return run.steps.get(e.step);
  return run.all.findLast((x) => fails(x) && x.kind !== "retry" && x.failed === e.type);
}

function Input({ run, x }: { run: Run; x: Step }) {
  const args = run.field(x, "args") ?? run.field(x, "query") ?? run.field(x, "input");
  if (x.kind === "llm") return <Sec title="What it was asked" right={<a href={href({ step: x.no })}>step {x.no}, with the whole prompt</a>}><Content v={texts(run, x)[0] as Json} /></Sec>;
  return args == null ? null : <Sec title={`What ${x.name || "it"} was given`} right={<a href={href({ step: x.no })}>step {x.no}</a>}><Args v={args} /></Sec>;
}

function Loop({ run, n }: { run: Run; n: Node }) {
  const m = n.members!;
  const final = m.at(-1)!.x;
  const cost = m.reduce((s, k) => s + Math.max(0, k.x.cost), 0);
  return (
    <Sec title="The loop" right={`${fms(final.t + final.ms - m[0]!.x.t)}${cost ? ` · ${fusd(cost)}` : ""} · steps ${m[0]!.x.no} to ${final.no}`}>
      <div class="flight flat">
        <div class="r1"><Icon name="tool" class="k-tool" /><a class="b" href={href({ step: n.x.no })}>{safe(n.x.name)}({safe(argText(run.field(n.x, "args")))})</a><span class="mk w">× {n.loop}</span></div>
        <div class="in"><Value v={result(run, n.x)} /></div>
      </div>
    </Sec>
  );
}

function Waits({ run }: { run: Run }) {
  const all = run.all.filter((x) => x.kind === "interrupt");
  const s = store();
  const goesOn = s.rows.find((r) => r.resumes === run.row.id) ?? s.rows.find((r) => r.thread && r.thread === run.row.thread && (r.started ?? 0) > (run.row.started ?? 0) && r.key !== run.key);
  const since = (run.row.started ?? 0) + (all[0]?.t ?? run.last);
  const fork = config(run, null);
  return (
    <>
      <div class="pm wait">
        <h2><span class="k-interrupt"><Icon name="interrupt" /></span>{goesOn ? "Asked a human" : "Waits for a human"}</h2>
        <p>
          {goesOn ? <>It stopped at +{fms(all[0]?.t ?? run.last)}. A human answered {fms((goesOn.started ?? 0) - since)} later: <b class="ink">{safe(clip(goesOn.question.replace(/^⤷ a human answered: /, ""), 200))}</b> <a href={to("run", goesOn.key)}>The run that goes on from here</a>.</> : <>since {ago(since, s.now)}, +{fms(all[0]?.t ?? run.last)} into the run.</>}
        </p>
        {all.map((x) => <Question key={x.no} run={run} x={x} />)}
      </div>
      <LastAnswer run={run} x={finalAnswer(run)} />
      {fork && <Sec title="Go on from here" right="config for the graph"><pre>{fork}</pre></Sec>}
    </>
  );
}

export function Question({ run, x }: { run: Run; x: Step }) {
  const v = run.field(x, "value");
  const given = typeof v === "object" && v !== null && !Array.isArray(v) ? v.options ?? v.choices ?? v.actions : null;
  return (
    <div class="flight">
      <div class="body b big" dir="auto"><Text>{questionText(v)}</Text></div>
      {Array.isArray(given) && <div class="opts">{given.slice(0, 12).map((o) => <span class="mk">{safe(asText(o))}</span>)}</div>}
      {run.row.status !== "interrupted" && <div class="dim">{safe(humanAnswer(run))}</div>}
    </div>
  );
}

function Stopped({ run }: { run: Run }) {
  return (
    <>
      <div class="pm calm">
        <h2><Icon name={run.status} />{run.status === "cancelled" ? "The run was cancelled" : run.status === "abandoned" ? "Nobody read its stream to the end" : "About this run"}</h2>
        <p>After {fms(run.row.ms)}{run.flight.length ? `, with ${plural(run.flight.length, "step")} without an end` : ""}.</p>
        {run.flight.slice(0, 10).map((x) => <InFlight key={x.no} run={run} x={x} />)}
      </div>
      <LastAnswer run={run} x={finalAnswer(run)} />
      <Before run={run} />
    </>
  );
}
