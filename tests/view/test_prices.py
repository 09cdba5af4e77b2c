"""What a call cost: as genai-prices says, and fast."""

from __future__ import annotations

import time

import pytest

from steplog._view import prices

genai_prices = pytest.importorskip("genai_prices", reason="the extra `query` is not installed")


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-4o", "openai"), ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-pro", "google_genai")],
)
def test_a_cost_is_what_genai_prices_says(model, provider):
    for counts in ((1234, 567, 0), (1234, 567, 1000), (300_000, 10, 0), (0, 5, 0)):
        usage = {"input_tokens": counts[0], "output_tokens": counts[1], "cache_read_tokens": counts[2]}
        said = genai_prices.calc_price(
            genai_prices.Usage(**{k: v for k, v in usage.items() if v}), model_ref=model
        )
        found = prices.cost(model, provider, usage, "2026-11-20T00:00:00.000000Z")
        assert found == pytest.approx(float(said.total_price), rel=1e-6), (model, counts)


def test_what_is_unknown_has_no_cost():
    assert prices.cost("local-oak-8b", "ollama", {"input_tokens": 5}, "2026-11-20") is None
    assert prices.cost("", "", {"input_tokens": 5}, "") is None
    assert prices.cost("gpt-4o", "openai", {}, "") is None
    assert prices.cost("gpt-4o", "openai", {"input_tokens": "many"}, "2026-11-20") is None


def test_a_hundred_thousand_calls_are_priced_in_a_moment():
    began = time.process_time()
    for n in range(100_000):
        prices.cost(
            "gpt-4o-mini", "openai", {"input_tokens": n, "output_tokens": 7}, "2026-11-20T00:00:00.000000Z"
        )
    assert time.process_time() - began < 2
