"""Executes a notebook that runs an agent."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

asked = (
    "await agent.run()"
    if "async def run" in (Path(__file__).parent / f"{sys.argv[1]}.py").read_text()
    else "agent.agent()"
)
cells = [nbformat.v4.new_code_cell(cell) for cell in (f"import {sys.argv[1]} as agent", asked)]
notebook = NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="python3", timeout=120).execute()
print(notebook.cells[1].outputs[-1]["data"]["text/plain"])
