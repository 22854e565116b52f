"""What the app asks of `omnigen2 serve`, over httpx, which Gradio brings along."""

import asyncio
import json
from typing import Any, AsyncIterator, Dict, List, Tuple

import httpx

ENDS = ("job.completed", "job.failed", "job.cancelled")
NEWS = ("job.queued", "job.started", "job.progress")  # what shows that a connection was of use
TIMEOUT = httpx.Timeout(60, read=120)  # seconds; the server gives a sign of life more often
RECONNECTIONS = 10  # in a row, before a job is given up; enough for a server to be started again


class ServerError(Exception):
    """What the server refused, in its own words, or why it cannot be reached."""


class Server:
    def __init__(self, url: str, key: str = ""):
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def capabilities(self) -> Dict[str, Any]:
        """Asked once, before the app is built, so without waiting for anything else."""
        try:
            response = httpx.get(self.url + "/v1/capabilities", headers=self._headers, timeout=TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise refusal(response)
        return response.json()

    async def submit(self, settings: Dict[str, Any]) -> Dict[str, Any]:
        return (await self._request("POST", "/v1/jobs", settings)).json()

    async def cancel(self, job_id: str) -> None:
        await self._request("POST", f"/v1/jobs/{job_id}/cancel", {})

    async def picture(self, url: str) -> bytes:
        return (await self._request("GET", httpx.URL(url).path)).content

    async def watch(self, job_id: str) -> AsyncIterator[Tuple[str, Any]]:
        """Name and data of what happens to a job until it ends. A connection that breaks is made again."""
        failures = 0
        while True:
            try:
                async for name, data in self._events("GET", f"/v1/jobs/{job_id}/events"):
                    yield name, data
                    if name in NEWS:
                        failures = 0
                    if name in ENDS:
                        return
                reason = "it ended before the job did"
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            failures += 1
            if failures > RECONNECTIONS:
                raise ServerError(f"The connection to {self.url} broke {failures} times in a row: {reason}")
            await asyncio.sleep(failures)

    async def chat(self, messages: List[Dict[str, Any]]) -> AsyncIterator[Dict[str, Any]]:
        """The chunks of an answer. Leaving the iteration ends the server's work on it."""
        try:
            request = {"messages": messages, "stream": True}
            async for _, data in self._events("POST", "/v1/chat/completions", request):
                if data is None:
                    return
                if "error" in data:
                    raise ServerError(data["error"]["message"])
                yield data
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        raise ServerError("The answer broke off.")

    async def _request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT) as client:
            try:
                response = await client.request(method, self.url + path, json=body)
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
        if response.is_error:
            raise refusal(response)
        return response

    async def _events(self, method: str, path: str, body: Any = None) -> AsyncIterator[Tuple[str, Any]]:
        """Server-sent events. The end mark of a chat has no data."""
        async with httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT) as client:
            async with client.stream(method, self.url + path, json=body) as response:
                if response.is_error:
                    await response.aread()
                    raise refusal(response)
                name, data = "message", ""
                async for line in response.aiter_lines():
                    if line.startswith("event:"):
                        name = line[6:].strip()
                    elif line.startswith("data:"):
                        data += line[5:]
                    elif line == "" and data:
                        yield name, None if data.strip() == "[DONE]" else json.loads(data)
                        name, data = "message", ""

    def _unreachable(self, error: Exception) -> ServerError:
        return ServerError(f"No answer from {self.url}: {error}. Is `omnigen2 serve` running there?")


def refusal(response: httpx.Response) -> ServerError:
    try:
        return ServerError(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ServerError(f"{response.url} was answered with {response.status_code} {response.reason_phrase}")
