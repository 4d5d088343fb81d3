"""No process of the embedded cloud gets off this machine, whoever asks; what is on it stays in reach."""

import subprocess
import sys
from pathlib import Path

import pytest
from botocore.parsers import ResponseParserError

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud, log_file
from tests.localcloud.functions import Deployer

SAID = "the embedded cloud never leaves this machine"
# 192.0.2.0/24 and 2001:db8::/32 are for documentation: RFC 5737 and RFC 3849.
ATTEMPTS = {
    "a connection": "socket.create_connection(('192.0.2.1', 80), 1)",
    "a connection over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "a connection that reports by number": "socket.socket().connect_ex(('192.0.2.1', 80))",
    "a look-up": "socket.getaddrinfo('example.invalid', 80)",
    "an old look-up": "socket.gethostbyname('example.invalid')",
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "a datagram in parts": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
}


def fenced(code: str) -> subprocess.CompletedProcess[str]:
    begin = (
        "import socket\nfrom slipway.localcloud.fence import raise_fence\n"
        "from slipway.platform.loopback import is_loopback_host\nraise_fence(is_loopback_host)\n"
    )
    command = [sys.executable, "-c", begin + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_every_way_out_is_refused_with_a_reason(attempt: str) -> None:
    done = fenced(ATTEMPTS[attempt])
    assert done.returncode == 1
    assert SAID in done.stderr


def test_loopback_and_local_sockets_stay_in_reach() -> None:
    done = fenced(
        "held = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(('localhost', held.getsockname()[1])).close()\n"
        "socket.getaddrinfo(b'127.0.0.1', 1); socket.getaddrinfo(None, 1); socket.getaddrinfo('::1', 1)\n"
        "one, other = socket.socketpair(); one.sendmsg([b'x'])\n"
        "try: socket.socket(socket.AF_UNIX).connect('/nowhere/at/all')\n"
        "except FileNotFoundError: pass\n"
    )
    assert done.returncode == 0, done.stderr


def test_the_server_itself_is_fenced(root: Path) -> None:
    """moto posts what is published to the HTTP address of a subscriber, from the server's process."""
    sns = Deployer(runtime.start(root)).client("sns")
    topic = sns.create_topic(Name="off-loopback")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://192.0.2.1/hook")
    with pytest.raises(ResponseParserError, match="500 Internal Server Error"):
        sns.publish(TopicArn=topic, Message="hello")
    assert SAID in log_file(root).read_text()
    assert sns.list_topics()["Topics"], "it goes on"


def test_a_function_is_fenced_and_still_calls_the_embedded_cloud(cloud: Cloud) -> None:
    source = """
import socket
def handle(event, context):
    socket.create_connection(("192.0.2.1", 80), 1)
"""
    deploy = Deployer(cloud)
    answer = deploy.invoke(deploy.function(source))
    assert answer["FunctionError"]
    assert answer["Payload"]["errorType"] == "OffLoopback"
    assert SAID in answer["Payload"]["errorMessage"]
