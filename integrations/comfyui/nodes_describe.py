"""The node that asks the model about pictures."""

from typing import Any, Dict, Tuple

import comfy.model_management

from .client import ServerError
from .drawing import show_text
from .images import to_data_url
from .nodes_draw import HIDDEN, SERVER, connected_pictures, picture_sockets
from .settings import SEED

PAUSE = 0.2  # seconds between looks whether the user has cancelled


class OmniGen2Describe:
    DESCRIPTION = "Answers a question about up to five pictures."
    CATEGORY = "OmniGen2"
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    FUNCTION = "describe"

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        question = {"multiline": True, "default": "Describe this picture."}
        return {
            "required": {
                "server": SERVER,
                "image_1": ("IMAGE",),
                "question": ("STRING", question),
                "max_tokens": ("INT", {"default": 256, "min": 1, "max": 4096, "tooltip": "Longest answer, in tokens."}),
                "seed": SEED,
            },
            "optional": picture_sockets(),
            "hidden": HIDDEN,
        }

    def describe(
        self, server: Any, question: str, max_tokens: int, seed: int, node_id: str, **inputs: Any
    ) -> Tuple[str]:
        parts = [
            {"type": "image_url", "image_url": {"url": to_data_url(picture)}} for picture in connected_pictures(inputs)
        ]
        parts.append({"type": "text", "text": question})
        request = {
            "messages": [{"role": "user", "content": parts}],
            "modalities": ["text"],
            "max_tokens": max_tokens,
            "seed": seed,
        }
        return (read_answer(server, request, node_id),)


def read_answer(server: Any, request: Dict[str, Any], node_id: str) -> str:
    """The answer, shown below the node as it comes. Leaving the connection ends the server's work."""
    answer = ""
    with server.chat(request) as stream:
        for event in stream.poll(PAUSE):
            comfy.model_management.throw_exception_if_processing_interrupted()
            if event is None:
                continue
            if event.name == "done":
                return answer
            if "error" in event.data:
                raise ServerError(event.data["error"]["message"])
            for choice in event.data["choices"]:
                answer += choice["delta"].get("content") or ""
                show_text(node_id, answer)
    raise ServerError("the answer broke off")
