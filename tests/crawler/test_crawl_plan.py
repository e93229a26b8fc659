"""What is refused before anything is asked, and the manners that are set."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler import Folder, Plan, Site, make_plan
from crawler.attribution import attribution_text
from crawler.hosts import RESTRICTED, address_trouble, restriction
from crawler.job import settings_of
from crawler.scraping.manners import waiting
from utils.errors import InputError


def plan(tmp_path: Path, site: str = "https://wiki.example.org", **more: Any) -> Plan:
    return make_plan("locations", site, folder=tmp_path, **{"contact": "me@example.org", **more})


@pytest.mark.parametrize(
    "site", ["https://show.fandom.com/wiki/Home", "fandom.com", "HTTPS://X.FANDOM.COM.", "https://www.scribd.com/doc"]
)
def test_restricted_hosts_need_permission_and_the_reason_is_said(tmp_path: Path, site: str) -> None:
    with pytest.raises(InputError, match=r"terms.*--i-have-permission"):
        plan(tmp_path, site)
    assert plan(tmp_path, site, permitted=True).permitted


def test_hosts_that_only_look_alike_are_not_restricted() -> None:
    assert restriction("notfandom.com") is None
    assert restriction("fandom.com.example.org") is None
    assert all(len(reason) > 20 for reason in RESTRICTED.values())


@pytest.mark.parametrize(
    "site",
    [
        "ftp://wiki.example.org", "file:///etc/passwd", "https://", "https:///x", "https://a b.example", "https://wiki.example.org:99999",
        "http://169.254.169.254/latest", "http://[fe80::1]/", "http://100.100.100.200/",
        "https://me:secret@wiki.example.org", "ftp://me:secret@wiki.example.org", "http://me:secret@h:port/", "http://[::ffff:169.254.169.254]/",
        "https://" + "a" * 70 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_site(tmp_path: Path, site: str) -> None:
    with pytest.raises(InputError) as refused:
        plan(tmp_path, site)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("contact", "nobody"), ("contact", "a@b.example\r\nX: y"), ("contact", "mé@example.org"),
        ("limit", 0), ("limit", 10**9), ("depth", -1), ("delay", 0.5), ("delay", float("nan")), ("delay", 10**6),
        ("categories", ["  "]), ("categories", ["a|b"]), ("categories", ["x" * 300]),
    ],
)  # fmt: skip
def test_options_that_cannot_be_used_are_named(tmp_path: Path, option: str, value: object) -> None:
    with pytest.raises(InputError) as refused:
        plan(tmp_path, **{option: value})
    assert ("contact" if option == "contact" else f"--{option}".replace("categories", "category")) in str(refused.value)


def test_a_crawl_needs_a_contact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HAWKINS_CONTACT", raising=False)
    with pytest.raises(InputError, match="--contact"):
        plan(tmp_path, contact=None)
    (tmp_path / ".env").write_text("HAWKINS_CONTACT=https://me.example.org/about\n")
    assert plan(tmp_path, contact=None).contact == "https://me.example.org/about"
    monkeypatch.setenv("HAWKINS_CONTACT", "you@example.org")
    assert plan(tmp_path, contact=None).contact == "you@example.org"


def test_a_plan_survives_its_record(tmp_path: Path) -> None:
    made = plan(tmp_path, "wiki.example.org", categories=["Category:Grey_places"], limit=5)
    assert made.site == "https://wiki.example.org/"
    assert made.categories == ("Grey places",)
    assert Plan.of(made.record()) == made


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("http://wiki.example.org/wiki/X", None),
        ("https://wiki.example.org/wiki/X", None),
        ("https://WIKI.example.org./x", None),
        ("http://wiki.example.org:8080/", "another service"),
        ("https://example.org/", "another site"),
        ("https://wiki.example.org@evil.example/", "another site"),
        ("http://127.0.0.1/", "private address"),
        ("http://localhost/", "private address"),
        ("http://[::1]/", "private address"),
        ("http://10.0.0.1/", "private address"),
        ("http://169.254.169.254/latest", "private address"),
        ("file:///etc/passwd", "file:"),
        ("javascript:alert(1)", "javascript:"),
        ("//wiki.example.org/x", "not http"),
        ("http://wiki.example.org:port/", "no web address"),
    ],
)
def test_only_the_named_host_is_asked(url: str, trouble: str | None) -> None:
    said = Site.read("http://wiki.example.org").trouble(url)
    assert said is None if trouble is None else trouble in str(said)


def test_a_secure_site_does_not_lead_to_an_insecure_page() -> None:
    assert "another service" in str(Site.read("https://wiki.example.org").trouble("http://wiki.example.org/"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "::ffff:10.0.0.1", "0.0.0.7", "fd00::1"],
)
def test_a_name_of_the_internet_must_not_lead_inside(address: str) -> None:
    public = Site.read("https://wiki.example.org")
    assert address in str(address_trouble(public, "wiki.example.org", address))
    # A proxy, which the user has set up.
    assert address_trouble(public, "proxy.example.org", address) is None
    # What the user has named by address, or as this machine.
    assert address_trouble(Site.read("http://localhost:8000"), "localhost", "127.0.0.1") is None
    assert address_trouble(Site.read("http://10.1.2.3"), "10.1.2.3", "10.1.2.3") is None
    # A number that is no address by its looks.
    assert address_trouble(Site.read("http://2130706433/"), "2130706433", "127.0.0.1")
    assert address_trouble(public, "wiki.example.org", "93.184.216.34") is None


def test_the_manners_are_set(tmp_path: Path) -> None:
    settings = settings_of(plan(tmp_path))
    assert settings.getbool("ROBOTSTXT_OBEY")
    assert settings.getbool("AUTOTHROTTLE_ENABLED")
    assert settings.getfloat("AUTOTHROTTLE_START_DELAY") >= 2
    assert settings.getfloat("DOWNLOAD_DELAY") >= 1
    assert settings.getfloat("DOWNLOAD_DELAY_JITTER") == 0
    assert settings.getint("CONCURRENT_REQUESTS") == settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") == 1
    assert "me@example.org" in settings["USER_AGENT"]
    assert settings.getint("DOWNLOAD_MAXSIZE") <= 8 * 2**20
    assert settings.getbool("HTTPCACHE_ENABLED")
    assert settings["JOBDIR"] == str(tmp_path / "job")
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
    for door in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "COOKIES_ENABLED", "METAREFRESH_ENABLED"):
        assert not settings.getbool(door), door
    handlers = settings.getdict("DOWNLOAD_HANDLERS")
    assert [name for name in ("data", "file", "ftp", "s3") if handlers[name] is not None] == []
    assert 429 in settings.getlist("RETRY_HTTP_CODES")


def test_only_a_site_on_this_machine_is_asked_faster(tmp_path: Path) -> None:
    local = settings_of(plan(tmp_path, "http://127.0.0.1:8000", delay=0))
    assert local.getfloat("AUTOTHROTTLE_START_DELAY") == 0
    slow = settings_of(plan(tmp_path, delay=7))
    assert slow.getfloat("DOWNLOAD_DELAY") == 7


def test_how_long_to_wait() -> None:
    assert waiting(b"120", times=0, step=5) == 120
    assert waiting(b"Wed, 21 Oct 2015 07:28:00 GMT", times=0, step=5, now=1445412470) == 10
    assert waiting(b"Wed, 21 Oct 2015 07:28:00 GMT", times=0, step=5, now=1445412999) == 0
    assert [waiting(None, times=times, step=5) for times in range(3)] == [5, 10, 20]
    assert waiting(b"soon", times=1, step=5) == 10
    assert waiting(b"9" * 40, times=0, step=5) > 10**8


def test_what_a_wiki_says_is_text_in_the_attribution() -> None:
    row = {
        "url": "u",
        "revision": 5,
        "licence": "<b>free</b>\n# Mine",
        "attribution": "“[x](javascript:alert)<script>” | `rm`",
    }
    text = attribution_text({"places.jsonl": [row, {**row, "licence": ""}]})
    assert "<" not in text.replace("\\<", "")
    assert "\n# Mine" not in text
    assert "](" not in text.replace("\\](", "")
    assert "states no licence" in text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["locations", "--site", "https://show.fandom.com"], "Fandom's terms"),
        (["characters", "--site", "ftp://wiki.example.org"], "no web address"),
        (["locations", "--site", "https://wiki.example.org", "--out", "places.csv"], ".jsonl"),
        (["locations", "--site", "http://127.0.0.1:9", "--delay", "0", "--out", "places.jsonl"], "nobody answers"),
    ],
    ids=["restricted", "site", "out", "nobody answers"],
)
def test_the_command_refuses_in_one_line(
    hawkins: Callable[..., Any], tmp_path: Path, arguments: list[str], word: str
) -> None:
    done = hawkins(*arguments)
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert word in errors[0]
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*.jsonl") if ".crawl" not in path.parts]


@pytest.mark.parametrize("out", ["..", ".", "a/..", "x/places.jsonl"])
def test_what_is_kept_lies_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert os.path.normpath(Folder.beside(Path(out)).path.parent).endswith(".crawl")
    assert Folder.beside(Path(out)).path.name not in {"", ".", "..", ".crawl"}


def _ended(folder: Folder, **ending: object) -> None:
    folder.job.mkdir(parents=True, exist_ok=True)
    folder.end.write_text(json.dumps(ending))


def test_a_stopped_run_is_gone_on_with_only_by_the_same_call(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert not folder.begin(plan(tmp_path, limit=5))
    _ended(folder, stopped=True)
    assert folder.begin(plan(tmp_path, limit=5))
    _ended(folder, stopped=True)
    assert not folder.begin(plan(tmp_path, limit=50))
    assert not folder.job.exists()


def test_a_refresh_that_was_stopped_or_broken_keeps_what_it_fetched(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def since() -> float:
        return float(json.loads(folder.plan.read_text())["since"])

    assert not folder.begin(plan(tmp_path, refresh=True))
    began = since()
    assert began > 0
    _ended(folder, stopped=True)
    assert folder.begin(plan(tmp_path, refresh=True))
    assert since() == began
    # Killed: no end at all.
    assert not folder.begin(plan(tmp_path, refresh=True))
    assert since() == began
    _ended(folder, finished=True)
    assert not folder.begin(plan(tmp_path, refresh=True))
    assert since() > began
    assert not folder.begin(plan(tmp_path))
    assert since() == 0
