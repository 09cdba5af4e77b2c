"""A sum of calls costs what the calls cost one by one, by the prices of their day; what has no price is named."""

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import steplog
from steplog import ask
from steplog._ask import price_library
from steplog._ask.prices import Rates, Tariff, price_of, tariff
from steplog._ask.said import Usage

genai_prices = pytest.importorskip("genai_prices")


def test_rates_give_the_librarys_own_price_for_every_model_that_it_knows():
    from genai_prices.data_snapshot import get_snapshot

    chance = random.Random(1)
    compared = 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            prices = price_library.ModelPrices(
                price_library._thresholds(model), price_library._changes(model), model
            )
            read = chance.choice([chance.randint(1, 2_000), chance.randint(1, 600_000)])
            cached, stored = chance.randint(0, read // 2), chance.randint(0, read // 2)
            wrote = chance.randint(0, 5_000)
            reasoned = chance.randint(0, wrote)
            when = datetime(
                2025 + chance.randint(0, 1),
                chance.randint(1, 12),
                chance.randint(1, 28),
                chance.randint(0, 23),
                tzinfo=UTC,
            )
            usage = genai_prices.Usage(
                input_tokens=read, output_tokens=wrote, cache_read_tokens=cached, cache_write_tokens=stored,
                output_reasoning_tokens=reasoned,
            )  # fmt: skip
            expected = model.calc_price(usage, provider, genai_request_timestamp=when).total_price
            tier = sum(read > start for start in prices.thresholds)
            assert (
                Rates(*prices.rates(when, tier)).price(Usage(read, wrote, cached, stored, reasoned))
                == expected
            ), model.id
            compared += 1
    assert compared > 1_000


def test_the_price_is_that_of_the_day():
    def cost(*day):
        return price_of(Usage(1_000_000, 0), "o3", "openai", datetime(*day, tzinfo=UTC))

    assert cost(2025, 5, 1) == 10
    assert cost(2026, 5, 1) == 2


@pytest.mark.parametrize(
    ("usage", "model", "provider", "why"),
    [
        (Usage(), "gpt-4o", "openai", "the log has no token counts"),
        (Usage(10, 0, 20), "gpt-4o", "openai", "the token counts contradict each other"),
        (Usage(10, 1), "", "openai", "the log names no model"),
        (Usage(10, 1), "llama-of-mine", "ollama", "not in the price data"),
        (Usage(10, 1), "gpt-4o", "a-provider-of-mine", "not in the price data"),
    ],
)
def test_what_has_no_price_says_why(usage, model, provider, why):
    assert price_of(usage, model, provider, None) == why


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes a pyproject.toml for the working directory."""

    def write(text):
        (tmp_path / "pyproject.toml").write_text(f"[tool.steplog.prices]\n{text}\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)

    return write


def test_own_prices_come_first_by_name_and_date(project):
    project(
        '"llama*" = { input = 0, output = 0 }\n'
        '"gpt-4o" = [{ input = 1, output = 2 }, { since = 2026-03-01, input = 3, output = 4, cache_read = 0.3 }]'
    )
    assert price_of(Usage(10, 10), "llama-of-mine", "ollama", None) == 0
    assert price_of(Usage(1_000_000, 500_000), "gpt-4o", "openai", datetime(2026, 2, 28, tzinfo=UTC)) == 2
    later = price_of(
        Usage(1_000_000, 500_000, 1_000_000), "gpt-4o", "openai", datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert later == Decimal("2.3")
    found = tariff("gpt-4o", "openai")
    assert isinstance(found, Tariff)
    assert found.source.endswith("pyproject.toml")


@pytest.mark.parametrize(
    "text",
    ['"m" = 3', '"m" = []', '"m" = { input = 1 }', '"m" = { input = -1, output = 1 }', '"m" = { input = 1, output = 1, per = 2 }',
     '"m" = { input = 1, output = 1, since = "soon" }'],
)  # fmt: skip
def test_own_prices_that_cannot_be_used_are_an_error_that_names_the_file_and_the_model(project, text):
    project(text)
    with pytest.raises(ask.PriceError, match=r"pyproject\.toml: tool\.steplog\.prices\.m"):
        price_of(Usage(10, 1), "m", "", None)


def test_own_prices_are_no_unknown_setting(project, capsys, tmp_path):
    project('"m" = { input = 1, output = 1 }')
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r"):
        pass
    assert capsys.readouterr().err == ""


def record(path):
    with steplog.Recorder(path) as recorder:
        for model, provider, read, wrote, cached in [
            ("gpt-4o", "openai", 1_000, 100, 400),
            ("gpt-4o", "openai", 3_000, 300, 0),
            ("gemini-2.5-pro", "google_genai", 100_000, 10, 0),
            ("gemini-2.5-pro", "google_genai", 300_000, 10, 0),
            ("llama-of-mine", "ollama", 50, 5, 0),
            ("gpt-4o", "openai", 10, 1, 20),
        ]:
            with recorder.run("r") as run, run.llm(model=model, provider=provider) as call:
                call.set(usage={"input_tokens": read, "output_tokens": wrote, "cache_read_tokens": cached})
        with recorder.run("r") as run:
            with run.llm(model="gpt-4o", provider="openai") as call:
                call.set(usage={"input_tokens": 9_000, "output_tokens": 9}, cached=True)
            with run.llm(model="gpt-4o", provider="openai") as call:
                call.set(status="error")
    return steplog.read(path)


def test_sums_by_tier_cost_what_the_calls_cost(tmp_path):
    pytest.importorskip("duckdb")
    log = record(tmp_path / "log")
    found = ask.cost(log)
    groups = {group.group[0]: group for group in found.groups}
    now = datetime.now(UTC)
    long = [price_of(Usage(read, 10), "gemini-2.5-pro", "google_genai", now) for read in (100_000, 300_000)]
    assert groups["gemini-2.5-pro"].cost == sum(long)
    assert long[1] > 3 * long[0]  # the tier from 200,000 tokens on
    assert groups["llama-of-mine"].cost is None
    assert found.total.cost == sum(ask.run_cost(run) or 0 for run in log.runs)


def test_a_call_that_a_cache_answered_is_no_call_without_a_price(tmp_path):
    run = record(tmp_path / "log").runs[-1]
    found = ask.totals_below(run.steps)
    assert (found.cost, found.unpriced) == (None, ())


def test_calls_without_a_price_are_counted_and_named_and_cached_or_failed_ones_cost_nothing(tmp_path):
    pytest.importorskip("duckdb")
    found = ask.cost(record(tmp_path / "log"))
    assert {(each.model, each.calls, each.why) for each in found.unpriced} == {
        ("llama-of-mine", 1, "not in the price data"),
        ("gpt-4o", 1, "the token counts contradict each other"),
    }
    assert found.total.unpriced == 2
    assert found.sources == (f"genai-prices {genai_prices.__version__}",)
