"""No link of README, docs and the built site leads nowhere."""

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from blocks import ROOT, pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = ("http://", "https://", "mailto:")
MORE = [ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/llms.txt")]
READMES = sorted(ROOT.glob("integrations/*/README.md")) + sorted(ROOT.glob("benchmarks/**/README.md"))


def anchors(text):
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}


@pytest.mark.parametrize(
    "page", [*pages(), *MORE, *READMES], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_relative_links_lead_to_files_and_headings(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if target.startswith(OUTSIDE):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if heading:
            assert heading in anchors(file.read_text(encoding="utf-8")), target


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        self.links += [
            value
            for name in ("href", "src")
            if (value := given.get(name)) and given.get("rel") != "canonical"
        ]


def test_the_site_is_built_without_network_and_no_link_of_it_is_broken(tmp_path):
    pytest.importorskip("zensical")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "make.py"), "--site", str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "site"
    built = {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    sources = [file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")]
    assert {site / source.with_suffix(".html") for source in sources} <= set(built)
    assert all((site / source).is_file() for source in sources), "a Markdown twin of each page"
    assert (site / "llms.txt").is_file()
    for file, page in built.items():
        for target in page.links:
            if re.match(r"[a-z]+:", target) or target.startswith("//"):
                assert not re.search(r"\.(js|css|woff2?)$", target), f"{file.name} loads {target}"
                continue
            name, _, heading = target.partition("#")
            there = (
                (site / name.lstrip("/") if name.startswith("/") else file.parent / name) if name else file
            )
            there = there.resolve()
            if there.is_dir():
                there /= "index.html"
            assert there.exists(), f"{file.relative_to(site)}: {target}"
            if heading and there in built:
                assert heading in built[there].ids, f"{file.relative_to(site)}: {target}"


def test_every_picture_is_made_by_the_script_and_shown_on_a_page():
    pictures = ROOT / "docs/pictures"
    made = set(re.findall(r'Picture\("([\w-]+\.png)"', (pictures / "make.py").read_text(encoding="utf-8")))
    shown = {
        name
        for page in pages()
        for name in re.findall(r"pictures/([\w-]+\.png)", page.read_text(encoding="utf-8"))
    }
    assert {file.name for file in pictures.glob("*.png")} == made
    assert shown | {"page-dark.png"} == made
