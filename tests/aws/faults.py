"""A faulty network before moto: a loopback proxy that drops answers, refuses, denies, and counts calls.

Beyond faults it stands in for two things that EC2 and SSM do and moto does not:

- a ``ClientToken`` of RunInstances is honoured, as EC2's "Ensuring idempotency" describes: the same token gives the
  same machine, and with other parameters the error IdempotentParameterMismatch;
- public parameters whose names begin with /aws/ are answered from a table.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

__all__ = ["Fault", "Proxy", "faulty"]

_LOST: Final = None
"""In place of an answer: the connection is closed."""
_REFUSALS: Final = {
    "throttle": (503, {"ec2": "RequestLimitExceeded", "s3": "SlowDown", "iam": "Throttling"}, "ThrottlingException"),
    "deny": (
        403,
        {"ec2": "UnauthorizedOperation", "s3": "AccessDenied", "iam": "AccessDenied"},
        "AccessDeniedException",
    ),
    "capacity": (500, {"ec2": "InsufficientInstanceCapacity"}, "InsufficientInstanceCapacity"),
    "quota": (400, {"ec2": "VcpuLimitExceeded"}, "LimitExceededException"),
}
Answer = tuple[int, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        kind: ``drop`` (carried out, and the answer lost), ``lose`` (never arrives), or a refusal: ``throttle``,
            ``deny``, ``capacity``, ``quota``.
        at: Number of the call, from 1; of those that ``only`` matches.
        times: How many calls in a row, from there; botocore tries again by itself.
        only: Part of the call's name, such as ``ec2:RunInstances``.
    """

    kind: str
    at: int = 1
    times: int = 1
    only: str = ""


@dataclass
class Proxy:
    """What happened.

    Attributes:
        target: Host and port of moto.
        fault: What goes wrong; None for nothing.
        parameters: Public SSM parameters.
        calls: Names of the calls, such as ``s3:PUT /bucket/key``, in their order.
        bodies: What was sent, in the same order.
        url: Where it listens.
    """

    target: str
    fault: Fault | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _matched: int = 0
    _made: dict[str, tuple[str, Answer]] = field(default_factory=dict)

    def begin(self, fault: Fault | None = None) -> None:
        """Forget what happened; from now on, this goes wrong."""
        with self._lock:
            self.fault, self._matched = fault, 0
            self.calls.clear()
            self.bodies.clear()
            self._made.clear()

    def answer(self, name: str, body: bytes, forward: Callable[[], Answer]) -> Answer | None:
        """Return the answer to a call; None to close the connection."""
        with self._lock:
            self.calls.append(name)
            self.bodies.append(body)
            fault = self._due(name)
        if fault is None:
            return self._real(name, body, forward)
        if fault == "lose":
            return _LOST
        if fault == "drop":
            self._real(name, body, forward)
            return _LOST
        return _refusal(fault, name)

    def _due(self, name: str) -> str | None:
        if self.fault is None or self.fault.only not in name:
            return None
        self._matched += 1
        within = self.fault.at <= self._matched < self.fault.at + self.fault.times
        return self.fault.kind if within else None

    def _real(self, name: str, body: bytes, forward: Callable[[], Answer]) -> Answer:
        if name == "ssm:GetParameters":
            return self._public(body) or forward()
        if name != "ec2:RunInstances":
            return forward()
        asked = parse_qs(body.decode())
        token = asked.pop("ClientToken")[0]
        with self._lock:
            if token not in self._made:
                self._made[token] = (json.dumps(asked, sort_keys=True), forward())
            before, answered = self._made[token]
        if before != json.dumps(asked, sort_keys=True):
            return _xml(400, "IdempotentParameterMismatch", "ec2")
        return answered

    def _public(self, body: bytes) -> Answer | None:
        names = json.loads(body)["Names"]
        if not all(name.startswith("/aws/") for name in names):
            return None
        found = [
            {"Name": name, "Type": "String", "Value": self.parameters[name], "Version": 1}
            for name in names
            if name in self.parameters
        ]
        missing = [name for name in names if name not in self.parameters]
        text = json.dumps({"Parameters": found, "InvalidParameters": missing}).encode()
        return 200, [("Content-Type", "application/x-amz-json-1.1")], text


def _refusal(kind: str, name: str) -> Answer:
    status, codes, other = _REFUSALS[kind]
    service = name.split(":")[0]
    code = codes.get(service, other)
    if service in {"ssm", "pricing"}:
        text = json.dumps({"__type": code, "message": "as the test wants it"}).encode()
        return 400, [("Content-Type", "application/x-amz-json-1.1")], text
    return _xml(status, code, service)


def _xml(status: int, code: str, service: str) -> Answer:
    error = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>"
    whole = {
        "s3": error,
        "ec2": f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>",
    }.get(service, f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>")
    return status, [("Content-Type", "text/xml")], whole.encode()


def call_name(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return what a request is, such as ``ec2:RunInstances`` or ``s3:PUT /bucket/key``."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("Authorization", ""))
    service = scope[1] if scope else "unknown"
    if target := headers.get("X-Amz-Target"):
        return f"{service}:{target.rsplit('.', 1)[-1]}"
    if action := parse_qs(body.decode("utf-8", "replace")).get("Action") if service != "s3" else None:
        return f"{service}:{action[0]}"
    return f"{service}:{method} {path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return whole

    def _forward(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self.proxy.target, timeout=60)
        kept = {key: value for key, value in self.headers.items() if key.lower() not in _HOPS}
        connection.request(self.command, self.path, body=body, headers={**kept, "Content-Length": str(len(body))})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        # The answer to a HEAD says how long what it does not send is.
        left_out = _HOPS - {"content-length"} if self.command == "HEAD" else _HOPS
        return reply.status, [(k, v) for k, v in reply.getheaders() if k.lower() not in left_out], text

    def _handle(self) -> None:
        body = self._body()
        name = call_name(self.command, urlsplit(self.path).path, self.headers, body)
        answer = self.proxy.answer(name, body, lambda: self._forward(body))
        if answer is None:
            self.close_connection = True
            return
        status, headers, text = answer
        self.send_response_only(status)
        for key, value in headers:
            self.send_header(key, value)
        length = next((value for key, value in headers if key.lower() == "content-length"), None)
        if length is None:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - http.server's names


_HOPS: Final = frozenset({"host", "connection", "transfer-encoding", "expect", "content-length"})


@contextmanager
def faulty(url: str, fault: Fault | None = None, *, parameters: Mapping[str, str] | None = None) -> Iterator[Proxy]:
    """Run a proxy before moto's server while the block runs.

    Args:
        url: Of moto's server.
        fault: What goes wrong.
        parameters: Public SSM parameters.
    """
    proxy = Proxy(target=urlsplit(url).netloc, fault=fault, parameters=parameters or {})
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
