#!/bin/sh
# Sets up what the tests need, in .venv and .venv-clients of this checkout, and runs all of them.
# PYTHON names another interpreter than python3; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1
said=$(mktemp -d)
clients_is='' torture_is=''
trap 'kill $clients_is $torture_is 2>/dev/null || true; rm -rf "$said"' EXIT

# `aside NAME COMMAND…` runs a command in the background; `came_back NAME` waits for it, and shows what it said if it failed.
aside() {
    name=$1
    shift
    "$@" >"$said/$name" 2>&1 &
    eval "${name}_is=$!"
}
came_back() {
    eval "wait \$${1}_is" || { cat "$said/$1"; exit 1; }
    eval "${1}_is=''"
    tail -n 1 "$said/$1"
}

# LlamaIndex's provider clients want older SDKs than LangChain's.
clients() {
    "$python" -m venv .venv-clients
    .venv-clients/bin/pip install -q -c tests/constraints-clients.txt -e . -e integrations/langchain-steplog \
        -e integrations/llama-index-observability-steplog -r tests/requirements-clients.txt
}

"$python" -m venv .venv
.venv/bin/pip install -q -c constraints.txt -e . -e integrations/langchain-steplog \
    -e integrations/llama-index-observability-steplog -e integrations/steplog-auto -r tests/requirements.txt
PATH="$here/.venv/bin:$PATH"
export PATH
aside clients clients
ruff check .
ruff format --check .
pyright
came_back clients
# On two processors at once, but for what measures time or looks through a browser, each of which has one of its own.
pytest -q -n 2 --dist loadfile --ignore tests/benchmarks --ignore tests/torture --ignore tests/view "$@"
aside torture pytest -q tests/benchmarks tests/torture "$@"
pytest -q tests/view "$@"
came_back torture
.venv-clients/bin/pytest -q integrations/llama-index-observability-steplog/tests/test_providers.py
