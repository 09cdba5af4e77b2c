#!/bin/sh
# Sets up what the tests need, in .venv and .venv-clients of this checkout, and runs all of them.
# PYTHON names another interpreter than python3; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1

"$python" -m venv .venv
.venv/bin/pip install -q -c constraints.txt -e . -e integrations/langchain-steplog \
    -e integrations/llama-index-observability-steplog -e integrations/steplog-auto -r tests/requirements.txt
PATH="$here/.venv/bin:$PATH"
export PATH
ruff check .
ruff format --check .
pyright
# On two processors at once, but for what measures time or looks through a browser.
pytest -q -n 2 --dist loadfile --ignore tests/benchmarks --ignore tests/torture --ignore tests/view "$@"
pytest -q tests/benchmarks tests/torture tests/view "$@"

# LlamaIndex's provider clients want older SDKs than LangChain's.
"$python" -m venv .venv-clients
.venv-clients/bin/pip install -q -c tests/constraints-clients.txt -e . -e integrations/langchain-steplog \
    -e integrations/llama-index-observability-steplog -r tests/requirements-clients.txt
.venv-clients/bin/pytest -q integrations/llama-index-observability-steplog/tests/test_providers.py
