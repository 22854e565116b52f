"""The names of the LoRA adapters that the servers in use offer, for the list in the Load LoRA node.

ComfyUI asks for that list when it loads its page and when it refreshes its node definitions, before any node has run.
So the server of the environment is asked, and every server that a node has used since.
"""

import os
import threading
import time
from typing import Dict, List

from .client import Server, ServerError

DEFAULT_URL = "http://127.0.0.1:8080"
FRESH = 5  # seconds an answer is used for
LONGEST_WAIT = 1  # seconds that ComfyUI's page is held up at most

_servers: Dict[str, Server] = {}
_names: Dict[str, List[str]] = {}
_asked_at = float("-inf")


def default_url() -> str:
    return os.environ.get("OMNIGEN2_SERVER", DEFAULT_URL)


def default_key() -> str:
    return os.environ.get("OMNIGEN2_API_KEY", "")


def remember(server: Server) -> None:
    global _asked_at
    _servers[server.url] = server
    _asked_at = float("-inf")


def known_names() -> List[str]:
    """The adapters of all known servers, sorted. A server that does not answer in time is left for the next call."""
    global _asked_at
    if time.monotonic() - _asked_at > FRESH:
        _asked_at = time.monotonic()
        asking = threading.Thread(target=_ask, daemon=True)
        asking.start()
        asking.join(LONGEST_WAIT)
    return sorted({name for names in list(_names.values()) for name in names})


def _ask() -> None:
    try:
        servers = {default_url(): Server(default_url(), default_key()), **_servers}
    except ServerError:
        servers = dict(_servers)
    for url, server in servers.items():
        try:
            _names[url] = [adapter["name"] for adapter in server.capabilities()["loras"]]
        except ServerError:
            _names.pop(url, None)
