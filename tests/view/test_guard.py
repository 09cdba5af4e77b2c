"""Who may ask the page's server: real requests over a real socket."""

from __future__ import annotations

import http.client
import json

import pytest
from page_tools import serving

pytest.importorskip("starlette", reason="the extra `view` is not installed")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    import steplog

    path = tmp_path_factory.mktemp("guard") / "log"
    with steplog.Recorder(path) as recorder, recorder.run("one", input="secret question"):
        pass
    return path


@pytest.fixture
def server(log):
    with serving(log) as served:
        yield served


def ask(server, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    host = headers.pop("host", f"127.0.0.1:{server.port}")
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def cookie(server) -> str:
    answer, _ = ask(server, f"/?token={server.token}")
    assert answer.status == 200
    return answer.getheader("Set-Cookie").partition(";")[0]


def test_without_the_token_nothing_is_told(server):
    for path in (
        "/",
        "/api/runs",
        "/api/run/x",
        "/api/live",
        "/api/find?q=a",
        "/api/health",
        "/?token=wrong",
        "/?token=",
    ):
        answer, body = ask(server, path)
        assert answer.status == 401, path
        assert b"secret question" not in body


def test_the_token_opens_one_browser_and_is_exchanged_for_a_strict_cookie(server):
    answer, body = ask(server, f"/?token={server.token}")
    assert answer.status == 200
    assert b"<!doctype html>" in body.lower()
    given = answer.getheader("Set-Cookie")
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert server.token not in given
    assert ask(server, f"/?token={server.token}")[0].status == 401
    answer, body = ask(server, "/api/runs", cookie=given.partition(";")[0])
    assert answer.status == 200
    assert json.loads(body)["rows"][0]["question"] == "secret question"


def test_a_name_that_leads_here_from_elsewhere_is_refused(server):
    known = cookie(server)
    for host in (
        "evil.example",
        f"evil.example:{server.port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        f"127.0.0.1.evil.example:{server.port}",
    ):
        assert ask(server, "/api/runs", host=host, cookie=known)[0].status == 400, host
    for host in (f"localhost:{server.port}", f"LOCALHOST:{server.port}", f"127.0.0.1:{server.port}"):
        assert ask(server, "/api/runs", host=host, cookie=known)[0].status == 200, host


def test_a_foreign_origin_is_refused_and_ours_is_not(server):
    known = cookie(server)
    for origin in ("https://evil.example", "null", f"https://127.0.0.1:{server.port}", "http://127.0.0.1:1"):
        assert ask(server, "/api/runs", origin=origin, cookie=known)[0].status == 403, origin
    assert ask(server, "/api/runs", origin=server.origin, cookie=known)[0].status == 200
    assert (
        ask(server, "/api/runs", sec_fetch_site="cross-site", sec_fetch_mode="no-cors", cookie=known)[
            0
        ].status
        == 403
    )
    assert ask(server, "/api/runs", sec_fetch_site="same-site", cookie=known)[0].status == 403


def test_only_get_is_answered(server):
    known = cookie(server)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"):
        answer, _ = ask(server, "/api/runs", method, cookie=known)
        assert answer.status == 405, method


def noting(server, body, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    given = {"Content-Type": "application/json", "Origin": server.origin, **headers}
    connection.request("POST", "/api/note", body, {k: v for k, v in given.items() if v is not None})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_only_the_page_itself_may_note_something(server, log):
    import steplog

    known = cookie(server)
    run = steplog.read(log)[-1]
    body = json.dumps({"run": run.id, "text": "seen", "labels": ["x"]})
    for status, headers in (
        (401, {}),
        (405, {"Cookie": known, "Origin": None}),
        (403, {"Cookie": known, "Origin": "http://evil.example"}),
        (405, {"Cookie": known, "Content-Type": "text/plain"}),
        (403, {"Cookie": known, "Sec-Fetch-Site": "cross-site"}),
    ):
        assert noting(server, body, **headers)[0] == status, headers
    for wrong in (
        "{",
        "[]",
        json.dumps({"run": run.id}),
        json.dumps({"run": "ffffffffffffffff", "text": "x"}),
    ):
        assert noting(server, wrong, Cookie=known)[0] == 400
    assert noting(server, "x" * 300_000, Cookie=known)[0] == 413
    assert run.notes == ()
    status, told = noting(server, body, Cookie=known)
    assert status == 200
    assert run.notes[0].as_json() == json.loads(told)


def test_every_answer_is_kept_apart_from_everything_else(server):
    known = cookie(server)
    for path in ("/", "/api/runs", "/api/nothing", "/api/run/nothing"):
        answer, _ = ask(server, path, cookie=known)
        policy = answer.getheader("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Referrer-Policy") == "no-referrer"
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Access-Control-Allow-Origin") is None
        assert answer.getheader("Server") is None


def test_the_page_says_what_a_used_link_is(server):
    cookie(server)
    _, body = ask(server, f"/?token={server.token}")
    assert b"This link has been used" in body


def test_paths_lead_nowhere_else(server):
    known = cookie(server)
    for path in ("/../../etc/passwd", "/api/run/..%2f..%2fetc%2fpasswd", "/page.html", "/api/run/%00"):
        assert ask(server, path, cookie=known)[0].status in (404, 400), path


def test_answers_are_compressed_for_whoever_can_read_that(server):
    known = cookie(server)
    answer, body = ask(server, "/", cookie=known, accept_encoding="gzip")
    assert answer.getheader("Content-Encoding") == "gzip"
    assert len(body) < len(ask(server, "/", cookie=known)[1]) / 2
