"""A run as Markdown and as a page: for people who have neither the log nor steplog."""

from steplog import export


def test_the_report_begins_with_the_post_mortem_and_ends_with_what_was_said(run_named):
    text = export.markdown(run_named("failed"))
    assert text.startswith("# failed: it failed\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[0] == "## Asked"
    assert headings[-2:] == ["## Steps", "## Conversation"]
    assert "the index is gone" in text
    assert text.count("```") % 2 == 0


def test_what_a_log_says_means_nothing_in_markdown(tmp_path):
    import steplog

    with (
        steplog.Recorder(tmp_path / "log") as recorder,
        recorder.run("# <b>x</b>", input="```\n# no heading\n") as run,
    ):
        run.set(output="````")
    text = export.markdown(steplog.read(tmp_path / "log").run("@last"))
    assert text.splitlines()[0] == "# \\# \\<b\\>x\\</b\\>: it ended well"
    fence = ""
    for line in text.splitlines()[1:]:
        if not fence:
            assert not line.startswith("# ")
            fence = line.removesuffix("text") if line.startswith("```") else ""
        elif line == fence:
            fence = ""
    assert not fence


def test_several_runs_are_one_file_for_the_user_alone(command, folder, log, tmp_path):
    done = command("export", "md", "-n", "2", "-o", "runs.md", "-p", folder)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "runs.md").read_text()
    assert all(f"run {run.id}," in text for run in log.runs[-2:])
    assert (tmp_path / "runs.md").stat().st_mode & 0o777 == 0o600


def test_the_page_is_that_of_steplog_html(command, folder, tmp_path, run_named):
    run = run_named("five")
    done = command("export", "html", run.id, "-o", "run.html", "-p", folder)
    assert done.returncode == 0, done.stderr
    assert "<html" in (tmp_path / "run.html").read_text()
    assert export.html([run], path="log").startswith("<!")
    shown = command("export", "html", run.id, "-p", folder)
    assert "<html" in shown.stdout
