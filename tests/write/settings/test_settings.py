"""Settings: which source goes first, and what becomes of a value or a name that cannot be used."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import steplog
from steplog._format.project import path_and_source
from steplog._write.settings.settings import Settings, sourced


def test_type_checkers_know_every_setting():
    from dataclasses import fields

    from steplog._write.settings.keywords import SettingsFields

    known = {field.name: field.type for field in fields(Settings) if field.name != "path"}
    assert {name: kind.__forward_arg__ for name, kind in SettingsFields.__annotations__.items()} == known


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes the working directory's pyproject.toml."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "pyproject.toml").write_text(text)
        return str(tmp_path / "pyproject.toml")

    return write


def load(environ=None, path=None, **given):
    said = []
    return Settings.load(path, environ=environ or {}, warn=said.append, **given), said


def test_arguments_go_before_variables_and_those_before_the_project_and_that_before_defaults(project):
    file = project(
        '[tool.steplog]\ncontent = "none"\ndetail = "all"\nredact = false\npath = "from/project"\n'
    )
    environ = {"STEPLOG_CONTENT": "preview", "STEPLOG_DETAIL": "steps"}
    settings, found = sourced(None, environ, {"content": "full"})
    assert (settings.content, settings.detail, settings.redact, settings.max_items) == (
        "full",
        "steps",
        False,
        1000,
    )
    assert settings.path == str(Path(file).parent / "from/project")
    assert found.sources == {"content": "argument", "detail": "STEPLOG_DETAIL", "redact": file, "path": file}
    assert found.problems == []


@pytest.mark.parametrize(
    ("environ", "argument", "path", "source"),
    [
        ({}, None, "project", "pyproject.toml"),
        ({"STEPLOG": "1"}, None, "project", "pyproject.toml"),
        ({"STEPLOG": "switch"}, None, "switch", "STEPLOG"),
        ({"STEPLOG": "switch", "STEPLOG_PATH": "variable"}, None, "variable", "STEPLOG_PATH"),
        ({"STEPLOG": "switch", "STEPLOG_PATH": "variable"}, "argument", "argument", "argument"),
    ],
)
def test_the_path_is_found_in_the_same_order(project, tmp_path, environ, argument, path, source):
    project('[tool.steplog]\npath = "project"\n')
    settings, found = sourced(argument, environ, {})
    assert settings.path == str(tmp_path / path)
    assert Path(found.sources["path"]).name == source


def test_the_projects_file_is_found_after_the_program_changed_its_directory(project, tmp_path, monkeypatch):
    file = project('[tool.steplog]\npath = "logs"\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert path_and_source({}) == ("steplogs", "default")
    assert path_and_source({"STEPLOG_PYPROJECT": file}) == (str(tmp_path / "logs"), file)


def test_a_project_that_does_not_speak_of_us_changes_nothing(project):
    project('[project]\nname = "x"\ndependencies = ["steplog"]\n')
    settings, said = load()
    assert (settings, said) == (Settings(path=settings.path), [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steplog = [", ["cannot read ", "pyproject.toml: "]),
        ('[tool]\nsteplog = "yes"', ["tool.steplog is no table"]),
        (
            '[tool.steplog]\ncontent = "some"',
            ["content='some': allowed are full, preview, none", "using the default"],
        ),
        ("[tool.steplog]\nmax_items = 1", ["max_items=1: allowed are whole numbers from 10"]),
        ("[tool.steplog]\nredact = 0", ["redact=0: allowed are True and False"]),
        ("[tool.steplog]\npath = 1", ["path=1: allowed is a text", "using the default"]),
        (
            "[tool.steplog]\ncontnt = 'none'",
            ["unknown setting 'contnt'", "did you mean content? There are chain"],
        ),
        ("[tool.steplog]\nredactor = 'f'", ["unknown setting 'redactor'"]),
    ],
)
def test_what_is_bad_in_the_project_is_named_with_what_is_allowed_and_the_default_taken(project, text, words):
    file = project(text)
    settings, said = load()
    assert settings == Settings(path=settings.path)
    assert len(said) == 1
    assert all(word in said[0] for word in [*words, file])


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("STEPLOG_CONTENT", "some", "content='some': allowed are full, preview, none (from STEPLOG_CONTENT; using the default)"),
        ("STEPLOG_REDACT", "2", "redact='2': allowed are 1 and 0 (from STEPLOG_REDACT; using the default)"),
        ("STEPLOG_MAX_ITEMS", "many", "max_items='many' is not a whole number (from STEPLOG_MAX_ITEMS; using the default)"),
        ("STEPLOG_CONTNT", "none", "unknown variable STEPLOG_CONTNT; did you mean STEPLOG_CONTENT? There are STEPLOG_"),
        ("STEPLOG_REDACTOR", "f", "unknown variable STEPLOG_REDACTOR; did you mean STEPLOG_REDACT? "),
        ("STEPLOG_PYPROJECT", "/no/such.toml", "cannot read /no/such.toml: No such file or directory"),
    ],
)  # fmt: skip
def test_a_bad_or_unknown_variable_is_named_with_what_is_allowed_and_the_default_taken(
    variable, value, words
):
    settings, said = load({variable: value}, path="x")
    assert settings == Settings(path=settings.path)
    assert len(said) == 1
    assert said[0].startswith(words)


def test_a_bad_variable_leaves_what_the_project_says(project):
    file = project('[tool.steplog]\ncontent = "none"')
    settings, said = load({"STEPLOG_CONTENT": "some"})
    assert settings.content == "none"
    assert f"using that of {file}" in said[0]


def test_everything_that_is_bad_is_one_warning():
    _, said = load(
        {"STEPLOG_CONTENT": "some", "STEPLOG_DETIAL": "all", "STEPLOG_REDACT": "perhaps"}, path="x"
    )
    assert len(said) == 1
    assert all(name in said[0] for name in ("STEPLOG_CONTENT", "STEPLOG_DETIAL", "STEPLOG_REDACT"))


def test_the_value_of_a_secret_setting_is_not_in_its_warning():
    _, said = load({"STEPLOG_CHAIN_KEY": "s3cret" * 50}, path="x")
    assert len(said) == 1
    assert "s3cret" not in said[0]


@pytest.mark.parametrize("given", [{"content": "some"}, {"contnt": "none"}, {"max_items": 1}])
def test_a_bad_argument_raises(given):
    with pytest.raises(steplog.SettingsError, match=r"allowed are|there are"):
        load(path="x", **given)


def test_settings_are_loaded_inside_an_event_loop_that_forbids_blocking(project):
    from blockbuster import blockbuster_ctx

    project('[tool.steplog]\ncontent = "none"')

    async def loaded():
        return load(path="/x")[0]

    with blockbuster_ctx():
        assert asyncio.run(loaded()).content == "none"


@pytest.mark.parametrize(
    ("text", "size"), [("64M", 64 << 20), ("2 GiB", 2 << 30), ("512kb", 512 << 10), ("70000", 70000)]
)
def test_sizes_are_said_as_people_say_them(monkeypatch, text, size):
    monkeypatch.setenv("STEPLOG_ROTATE_BYTES", text)
    assert Settings.load("logs").rotate_bytes == size
