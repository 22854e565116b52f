"""Server-sent events, read in a thread of their own.

Whoever waits for the next event can look up in between, for example to see whether the user has cancelled.
"""

import http.client
import json
import queue
import socket
import threading
from typing import Any, Iterator, NamedTuple, Optional


class Event(NamedTuple):
    name: str
    data: Any


def parse_events(lines: Iterator[bytes]) -> Iterator[Event]:
    """The events in the lines of a response. Comments, which keep the connection alive, are passed over."""
    name, data = "message", []
    for line in lines:
        text = line.decode("utf-8").rstrip("\r\n")
        field, _, value = text.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if text == "":
            if data:
                yield _event(name, "\n".join(data))
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)


def _event(name: str, text: str) -> Event:
    return Event("done", None) if text == "[DONE]" else Event(name, json.loads(text))


class EventStream:
    """The events of one response; a context manager, which ends the connection when it is left."""

    def __init__(self, connection: socket.socket, response: http.client.HTTPResponse):
        self._socket = connection
        self._response = response
        self._arrived: "queue.Queue[Any]" = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def poll(self, seconds: float) -> Iterator[Optional[Event]]:
        """Every event, and None whenever so many seconds pass without one. Ends with the response."""
        while True:
            try:
                item = self._arrived.get(timeout=seconds)
            except queue.Empty:
                yield None
                continue
            if isinstance(item, Exception):
                raise item
            if item is None:
                return
            yield item

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *_: Any) -> None:
        # Closing would wait for the reading thread; shutting down wakes it.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _read(self) -> None:
        try:
            for event in parse_events(iter(self._response.readline, b"")):
                self._arrived.put(event)
            self._arrived.put(None)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._arrived.put(error)
        finally:
            self._response.close()
            self._socket.close()
