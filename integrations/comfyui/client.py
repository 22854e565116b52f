"""A client of `omnigen2 serve`: its requests, its errors and its jobs. Standard library only."""

import http.client
import json
import time
import urllib.parse
from typing import Any, Dict, Iterator, Optional, Tuple

from .event_stream import Event, EventStream

Job = Dict[str, Any]

ANSWER_TIMEOUT = 60  # seconds a request may take; drawing is not waited for in one
SILENCE_TIMEOUT = 120  # seconds without an event or a sign of life before a stream counts as broken
RECONNECTIONS = 10  # in a row, before a job is given up; enough for a server to be started again
LONGEST_WAIT_FOR_A_PLACE = 1800  # seconds

ENDS = ("job.completed", "job.failed", "job.cancelled")
NEWS = ("job.queued", "job.started", "job.progress")  # what shows that a connection was of use
WAITING_HELPS = (429, 503)


class ServerError(Exception):
    """What the server refused, in its own words, or why it cannot be reached."""

    def __init__(self, message: str, status: Optional[int] = None, retry_after: Optional[float] = None):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Server:
    """One server, named by its address and, where it asks for one, a key."""

    def __init__(self, url: str, key: str = ""):
        self.url = url.strip().rstrip("/")
        self.key = key.strip()
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerError(f"the server's address is '{url}', expected one like http://127.0.0.1:8080")

    # --- requests

    def capabilities(self) -> Dict[str, Any]:
        return self._json("GET", "/v1/capabilities")

    def submit(self, settings: Dict[str, Any]) -> Job:
        return self._json("POST", "/v1/jobs", settings)

    def cancel(self, job_id: str) -> Job:
        return self._json("POST", f"/v1/jobs/{job_id}/cancel", {})

    def picture(self, url: str) -> bytes:
        """The bytes of a picture under the address that a job gave it."""
        path = urllib.parse.urlsplit(url).path
        _, response = self._request("GET", path)
        with response:
            return response.read()

    def chat(self, request: Dict[str, Any]) -> EventStream:
        return self._stream("POST", "/v1/chat/completions", {**request, "stream": True})

    # --- jobs

    def submit_patiently(self, settings: Dict[str, Any], pause: float = 0.2) -> Iterator[Optional[Job]]:
        """Yields the job once the server has a place for it, and None every `pause` seconds until then."""
        limit = time.monotonic() + LONGEST_WAIT_FOR_A_PLACE
        while True:
            try:
                yield self.submit(settings)
                return
            except ServerError as error:
                if error.status not in WAITING_HELPS or error.retry_after is None or time.monotonic() > limit:
                    raise
                yield from _wait(error.retry_after, pause)

    def watch(self, job_id: str, pause: float = 0.2) -> Iterator[Optional[Event]]:
        """Yields what happens to a job until it ends, and None whenever `pause` seconds pass without news.

        A connection that breaks is made again: the first event of each tells how far the job is.
        """
        failures = 0
        while True:
            try:
                with self._stream("GET", f"/v1/jobs/{job_id}/events") as stream:
                    for event in stream.poll(pause):
                        yield event
                        if event is not None and event.name in NEWS:
                            failures = 0
                        if event is not None and event.name in ENDS:
                            return
                reason = "it ended before the job did"
            except ServerError as error:
                if error.status is not None:  # the server is there and refuses
                    raise
                reason = str(error)
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = str(error) or type(error).__name__
            failures += 1
            if failures > RECONNECTIONS:
                raise ServerError(f"the connection to {self.url} broke {failures} times in a row: {reason}")
            yield from _wait(failures, pause)

    # --- the wire

    def _json(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        _, response = self._request(method, path, body)
        with response:
            text = response.read()
        try:
            return json.loads(text)
        except ValueError:
            raise ServerError(f"{self.url}{path} did not answer with JSON; is it an OmniGen2 server?") from None

    def _stream(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> EventStream:
        return EventStream(*self._request(method, path, body, timeout=SILENCE_TIMEOUT))

    def _request(
        self, method: str, path: str, body: Optional[Dict[str, Any]] = None, timeout: float = ANSWER_TIMEOUT
    ) -> Tuple[Any, http.client.HTTPResponse]:
        """The socket and the response, whose status says success. Redirections are not followed: the key stays here."""
        parts = urllib.parse.urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=timeout)
        headers = {"Accept": "*/*", "Connection": "close"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, parts.path + path, None if body is None else json.dumps(body), headers)
            sock = connection.sock
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ServerError(f"no answer from {self.url}: {error}. Is `omnigen2 serve` running there?") from error
        if response.status >= 300:
            with response:
                raise _refusal(f"{method} {self.url}{path}", response)
        return sock, response


def _refusal(request: str, response: http.client.HTTPResponse) -> ServerError:
    try:
        message = json.loads(response.read())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"{request} was answered with {response.status} {response.reason}"
    waiting = response.getheader("Retry-After", "")
    return ServerError(message, response.status, float(waiting) if waiting.isdigit() else None)


def _wait(seconds: float, pause: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(pause)
        yield None
