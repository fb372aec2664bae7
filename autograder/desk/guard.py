"""Who may see the desk's pages: a link that is good once, a cookie, and the headers of every request and answer.

Who may not can hold a connection for a while, and no more of them than leave room for the graders'.

The pages stand below a path that nobody can guess. Cookies know no ports: without it, a browser would show the cookie
to any other server on this machine.
"""

import asyncio
import contextlib
import hashlib
import random
import re
import secrets
from collections.abc import Collection
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from autograder.errors import CourseError

COOKIE = "desk"
LONGEST = 256 * 1024  # bytes of what a page may send
MOST_FIELDS = 3000
PATIENCE = 60.0  # seconds in which a connection has sent its request
MOST_CONNECTIONS = 200  # a process may have 1,024 files open, as a rule
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # to nobody else; with no-referrer, browsers hide Origin from us too
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; "none": typed, or opened from outside of the browser


class Keys:
    """The links that are good now, and who holds which cookie. What is kept of either is a hash."""

    def __init__(self) -> None:
        self.place = f"desk-{secrets.token_hex(8)}"
        self._links: dict[str, str] = {}
        self._cookies: dict[str, str] = {}

    def link(self, grader: str) -> str:
        """A new link's token."""
        token = secrets.token_urlsafe(24)
        self._links[_hash(token)] = grader
        return token

    def whose(self, token: str) -> str | None:
        """Whom a link is for; None for one that was used, or is not ours."""
        return self._links.get(_hash(token))

    def exchange(self, token: str) -> tuple[str, str] | None:
        """(grader, cookie) for a token that was not used; None for any other."""
        grader = self._links.pop(_hash(token), None)
        if grader is None:
            return None
        cookie = secrets.token_urlsafe(32)
        self._cookies[_hash(cookie)] = grader
        return grader, cookie

    def holder(self, request: Request) -> str | None:
        """Who sent this request."""
        return self._cookies.get(_hash(request.cookies.get(COOKIE, "")))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Connection(H11Protocol):
    """A connection that is ended where its request is long in coming, or where others need its place."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """There is room for it: one of those that have asked for nothing goes, whichever."""
        super().connection_made(transport)
        there = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        others = [one for one in there if one is not self]
        idle = [one for one in others if not one.is_answered()]
        if len(others) >= MOST_CONNECTIONS and idle:
            random.choice(idle).transport.abort()
        self._ends = self.loop.call_later(PATIENCE, self.end)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing of it stays in memory."""
        super().connection_lost(exc)
        self._ends.cancel()

    def is_answered(self) -> bool:
        """Whether a request has come whole, and its answer is not sent to the end."""
        works = self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete
        return works or self.transport.get_write_buffer_size() > 0

    def end(self) -> None:
        """Its time is over, unless it is answered just now; a browser opens another one unasked."""
        if self.is_answered():
            self._ends = self.loop.call_later(PATIENCE, self.end)
        elif not self.transport.is_closing():
            self.transport.abort()


class Guard:
    """Refuses what no page of ours sent, and puts our headers on all answers.

    hosts: by which names and ports a browser may call this server. It is asked by one of them, or not at all: a name
    of somebody else's that leads here (DNS rebinding) is refused.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], entrance: str) -> None:
        """entrance: the path that a link from elsewhere may lead to."""
        self.app, self.hosts, self.entrance = app, frozenset(hosts), entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        why = self.refuses(scope["method"], scope["path"], Headers(scope=scope))
        app = PlainTextResponse(f"refused: {why}\n", 403) if why else self.app
        with contextlib.suppress(ClientDisconnect):  # it has left, and waits for nothing
            await app(scope, receive, with_headers)

    def refuses(self, method: str, path: str, headers: Headers) -> str:
        """Why a request is refused, or ""."""
        if headers.get("host", "") not in self.hosts or len(headers.getlist("host")) != 1:
            return "this server is not known by that name"
        if headers.get("sec-fetch-site", "none") not in OWN_SITES and not (method == "GET" and path == self.entrance):
            return "the request comes from another page"
        if method in ("GET", "HEAD"):
            return ""
        if method != "POST":
            return "only GET and POST are understood"
        if headers.get("origin", "") not in {f"http://{host}" for host in self.hosts}:
            return "the request comes from another page, or does not say from where"
        length = headers.get("content-length", "")  # chunks would count in its place
        if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > LONGEST or "transfer-encoding" in headers:
            return "too much was sent, or it was not said how much"
        return ""


async def form(request: Request) -> dict[str, str]:
    """What a page sent, as fields; the first of a name counts."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        found = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise CourseError(f"a page sent more than {MOST_FIELDS} fields") from error
    return {name: values[0] for name, values in found.items()}
