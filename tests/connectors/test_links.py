"""The one form in which a link is stored."""

from collections.abc import Iterator

import pycurl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.links import LONGEST, BadLink, digest, host_of, normalise
from tests.connectors.strangers import Server, header_of, path_of, reply

AGODA = "https://ycs.agoda.com/en-us/api/ari/icalendar?key=a%2bB%2F%3d%3D+x%25"


@pytest.mark.parametrize(
    ("given_link", "stored"),
    [
        ("  webcal://www.airbnb.com/calendar/ical/1.ics?s=ab\n", "https://www.airbnb.com/calendar/ical/1.ics?s=ab"),
        ("WEBCAL://Example.ORG", "https://example.org/"),
        ("webcals://example.org/x", "https://example.org/x"),
        ("http://www.vrbo.com/icalendar/1.ics", "https://www.vrbo.com/icalendar/1.ics"),
        ("http://example.org:80/x", "https://example.org/x"),
        ("https://example.org:443/x", "https://example.org/x"),
        ("https://example.org./x", "https://example.org/x"),
        ("https://example.org:/x", "https://example.org/x"),
        ("https://example.org?key=1", "https://example.org/?key=1"),
        ("https://example.org/x#part", "https://example.org/x"),
        ("https://bücher.example.org/ä", "https://xn--bcher-kva.example.org/%C3%A4"),
        ("https://example.org/a/../b/./c//d", "https://example.org/a/../b/./c//d"),
        ("https://a_b.example.org/", "https://a_b.example.org/"),
        ("https://1.1.1.1/x", "https://1.1.1.1/x"),
        ("www.airbnb.com/calendar/ical/1.ics?s=a", "https://www.airbnb.com/calendar/ical/1.ics?s=a"),
        ("Example.org?u=http://x.org/", "https://example.org/?u=http://x.org/"),
        ("bücher.example.org/x", "https://xn--bcher-kva.example.org/x"),
        ("https://[2606:4700:0::1111]/x", "https://[2606:4700::1111]/x"),
        (AGODA, AGODA),
    ],
)  # fmt: skip
def test_a_link_is_stored_in_one_form(given_link: str, stored: str) -> None:
    assert normalise(given_link) == stored
    assert normalise(stored) == stored


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("https://example.org/" + "a" * LONGEST, "too_long"),
        ("https://example.org/" + "ä" * (LONGEST // 3), "too_long"),
        ("https://example.org/a b", "characters"),
        ("https://example.org/a\x00b", "characters"),
        ("https://example.org/a\u200bb", "characters"),
        ("https://example.org/a\r\nX: 1", "characters"),
        ("https://example.org\\@example.com/", "characters"),
        ("www.airbnb.com", "scheme"),
        ("calendar.ics", "scheme"),
        ("10.0.0.1/x", "scheme"),
        ("me@example.org/x", "scheme"),
        ("example.org:8443/x", "port"),
        ("router.local/x", "host"),
        ("ftp://example.org/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("https://me:secret@example.org/", "credentials"),
        ("https://@example.org/", "credentials"),
        ("https:///x", "host"),
        ("https://localhost/", "host"),
        ("https://10.0.0.1/", "host"),
        ("https://router.local/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://a..b/", "host"),
        ("https://xn--0.example.org/", "host"),
        ("https://exa%6dple.org/", "host"),
        ("https://example.org:8443/", "port"),
        ("https://example.org:22/", "port"),
        ("https://example.org:0/", "port"),
    ],
)
def test_a_link_that_will_not_do_is_refused_with_its_reason(link: str, code: str) -> None:
    with pytest.raises(BadLink) as refusal:
        normalise(link)
    assert refusal.value.code == code
    assert "secret" not in f"{refusal.value} {refusal.value.detail}"


def test_an_allowed_loopback_port_keeps_plain_http() -> None:
    allowed = frozenset({8900})
    assert normalise("http://127.0.0.1:8900/x", loopback_ports=allowed) == "http://127.0.0.1:8900/x"
    assert normalise("webcal://localhost:8900/x", loopback_ports=allowed) == "http://localhost:8900/x"
    assert normalise("http://[::1]:8900/x", loopback_ports=allowed) == "http://[::1]:8900/x"
    assert normalise("http://example.org/x", loopback_ports=allowed) == "https://example.org/x"
    for link in (
        "http://127.0.0.1:8901/",
        "http://127.0.0.1/",
        "http://127.0.0.2:8900/",
        "http://10.0.0.1:8900/",
    ):
        with pytest.raises(BadLink):
            normalise(link, loopback_ports=allowed)
    with pytest.raises(BadLink) as refusal:
        normalise("http://example.org:8900/", loopback_ports=allowed)
    assert refusal.value.code == "port"


def test_logs_know_a_link_by_host_and_digest_only() -> None:
    link = normalise("https://Example.org/secret?key=1")
    assert host_of(link) == "example.org"
    assert host_of("https://[2606:4700::1111]/x") == "2606:4700::1111"
    assert len(digest(link)) == 12
    assert digest(link) != digest(link + "2")
    assert set(digest(link)) <= set("0123456789abcdef")


@pytest.fixture(scope="module")
def everywhere() -> Iterator[Server]:
    with Server(lambda conn, _: conn.sendall(reply())) as server:
        yield server


def asked_by_curl(link: str, server: Server) -> tuple[str, str]:
    """The host and path that curl asks for, whatever the link, when every connection leads to our server."""
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, link.replace("https:", "http:", 1).encode())
    handle.setopt(pycurl.CONNECT_TO, [f"::127.0.0.1:{server.port}"])
    handle.setopt(pycurl.PROXY, "")
    handle.setopt(pycurl.PATH_AS_IS, 1)
    handle.setopt(pycurl.WRITEFUNCTION, lambda _: None)
    handle.setopt(pycurl.TIMEOUT, 5)
    handle.perform()
    handle.close()
    request = server.requests[-1]
    return (header_of(request, "Host") or "").removesuffix(":80"), path_of(request)


HOSTS = st.one_of(
    st.from_regex(r"\A[a-zA-Z0-9_-]{1,8}(\.[a-zA-Z0-9-]{1,8}){1,3}\.?\Z"),
    st.from_regex(r"\A(0x[0-9a-f]{1,8}|0?[0-9]{1,3})(\.(0x[0-9a-f]{1,3}|0?[0-9]{1,3})){0,3}\Z"),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address.exploded}]"),
    st.text(st.sampled_from("aZ1.-_%@:\\/[]?#；。．１ⓐßäж℀ "), min_size=1, max_size=12),
    st.text(min_size=1, max_size=10).map(lambda text: f"{text}.example.org"),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTS, st.sampled_from(["", ":80", ":443", ":"]), st.sampled_from(["/", "/x?y=@z", "?q", "/%2b%2B"]))
def test_the_host_we_decide_on_is_the_host_curl_asks(
    everywhere: Server, host: str, port: str, path: str
) -> None:
    try:
        link = normalise(f"http://{host}{port}{path}")
    except BadLink:
        assume(False)
    asked, _ = asked_by_curl(link, everywhere)
    assert asked.strip("[]") == host_of(link)
