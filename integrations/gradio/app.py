"""A web page for OmniGen2 that is easily changed in Python. It draws and chats through a running `omnigen2 serve`."""

import argparse
import os
import sys
from typing import Any, Dict

import gradio

from chat import chat_tab
from client import Server, ServerError
from create import create_tab


def build(server: Server, capabilities: Dict[str, Any]) -> gradio.Blocks:
    # Copies that the page shows are looked through every hour and kept for a day.
    with gradio.Blocks(title="OmniGen2", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gradio.Markdown(f"# OmniGen2\n{capabilities['model']}")
        with gradio.Tab("Create"):
            create_tab(server, capabilities)
        with gradio.Tab("Chat"):
            chat_tab(server)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--server", default="http://127.0.0.1:8080", help="address of the server (default: %(default)s)"
    )
    parser.add_argument(
        "--key", default=os.environ.get("OMNIGEN2_API_KEY", ""), help="its API key (default: OMNIGEN2_API_KEY)"
    )
    parser.add_argument("--port", type=int, default=7860, help="port of this page (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address this page listens at (default: %(default)s)")
    parser.add_argument("--share", action="store_true", help="also give the page a public address, through Gradio")
    options = parser.parse_args()
    server = Server(options.server, options.key)
    try:
        capabilities = server.capabilities()
    except ServerError as error:
        sys.exit(str(error))
    page = build(server, capabilities)
    page.launch(server_name=options.host, server_port=options.port, share=options.share)


if __name__ == "__main__":
    main()
