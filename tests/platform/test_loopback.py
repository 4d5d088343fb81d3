"""What is of this machine, attacked: no address may be taken for loopback that any client reads otherwise."""

import http.client
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from slipway.localcloud.providers.errors import FenceError
from slipway.localcloud.providers.fence import loopback
from slipway.platform.loopback import is_loopback, is_loopback_host

HERE = (
    "http://127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1:4566/path?with=a@b#c",
    "https://127.255.255.254:6443",
    "http://localhost:80",
    "HTTP://LOCALHOST",
    "http://[::1]",
    "http://[::1]:8080/x",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
    "grpc://127.0.0.1:50051",
)
ELSEWHERE = (
    "",
    "127.0.0.1",
    "localhost:80",
    "//127.0.0.1",
    "http://",
    "http:///127.0.0.1",
    "http:127.0.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://128.0.0.1",
    "http://10.0.0.1",
    "http://169.254.169.254",
    "http://[::ffff:10.0.0.1]",
    "http://[::2]",
    "http://[fe80::1%25lo]",
    # Names: any may resolve to anything, also tomorrow.
    "http://localhost.",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1.nip.io",
    "http://evil.example/127.0.0.1",
    "http://evil.example?@127.0.0.1",
    "http://evil.example#@127.0.0.1",
    # Forms of 127.0.0.1 that inet_aton knows, and of which 010.0.0.1 shows why they are refused.
    "http://127.1",
    "http://2130706433",
    "http://0x7f.0.0.1",
    "http://0177.0.0.1",
    "http://010.0.0.1",
    "http://127.0.0.1.",
    "http://127。0。0。1",
    "http://①②⑦.0.0.1",
    "http://%31%32%37.0.0.1",
    # Who is before the @, and what is behind a backslash, differs from client to client.
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1:80@evil.example",
    "http://me:secret@127.0.0.1",
    "http://@127.0.0.1",
    "http://evil.example\\@127.0.0.1",
    "http://127.0.0.1\\.evil.example",
    "http://127.0.0.1\\@evil.example",
    "http:\\\\127.0.0.1",
    # What urlsplit takes out or ends at.
    "http://127.0.0.1\r\nHost: evil.example",
    "http://127.0.0.1\t.evil.example",
    "http://evil.example\n@127.0.0.1",
    "http://127.0.0.1/\x00",
    "\x00http://127.0.0.1",
    " http://127.0.0.1",
    "http://127.0.0.1 .evil.example",
    "http://127.0.0.1\u2028.evil.example",
    "http://127.0.0.1\u200b.evil.example",
    # Brackets, of which `urlsplit().hostname` reads the inside alone.
    "http://evil[::1].example",
    "http://[::1].evil.example",
    "http://[::1]evil.example:80",
    "http://[127.0.0.1]evil.example",
    "http://[::1",
    "http://::1]",
    "http://::1",
    "http://[]",
    "http://[v1.x]",
    # Ports.
    "http://127.0.0.1:http",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:80:80",
    "http://127.0.0.1:-1",
)


@pytest.mark.parametrize("url", HERE)
def test_what_is_of_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_everything_else_is_not(url: str) -> None:
    assert not is_loopback(url)
    with pytest.raises(FenceError) as refusal:
        loopback(url, "the endpoint")
    assert "secret" not in str(refusal.value)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            (
                "127.0.0.1",
                "localhost",
                "[",
                "]",
                "::1",
                "::ffff:",
                "@",
                ":",
                "80",
                "\\",
                "/",
                "?",
                "#",
                "%",
                ".",
            )
        ),
        st.sampled_from(("evil.example", "//", "\t", "\n", " ", "0", "1", "%25lo", "%2e", "。")),
    ),
    max_size=6,
).map("".join)


@given(PIECES)
@example("evil[::1].example")
@example("[::1]evil.example")
@example("127.0.0.1\\@evil.example")
def test_other_clients_read_an_accepted_url_the_same_way(rest: str) -> None:
    url = f"http://{rest}"
    if not is_loopback(url):
        return
    # botocore's and requests' reader, and the one of the standard library's client.
    try:
        host = parse_url(url).host
    except LocationParseError:
        host = None  # it speaks to nobody
    assert host is None or is_loopback_host(host.strip("[]"))
    assert is_loopback_host(http.client.HTTPConnection(urlsplit(url).netloc).host)
