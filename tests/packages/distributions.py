"""Where our four distributions are made."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "steplog": ROOT,
    "langchain-steplog": ROOT / "integrations" / "langchain-steplog",
    "llama-index-observability-steplog": ROOT / "integrations" / "llama-index-observability-steplog",
    "steplog-auto": ROOT / "integrations" / "steplog-auto",
}
