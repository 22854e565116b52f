"""The node that chooses LoRA adapters by the names under which the server offers them."""

from typing import Any, Dict, List, Optional, Tuple

from . import adapters

NO_ADAPTER = "none"


class OmniGen2LoadLoRA:
    DESCRIPTION = "Adds one of the server's LoRA adapters. Several are chained. The list is renewed by refreshing."
    CATEGORY = "OmniGen2"
    RETURN_TYPES = ("OMNIGEN2_LORA",)
    RETURN_NAMES = ("lora",)
    FUNCTION = "add"

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        return {
            "required": {
                "name": ([NO_ADAPTER, *adapters.known_names()],),
                "scale": ("FLOAT", {"default": 1, "min": -4, "max": 4, "step": 0.05}),
            },
            "optional": {"lora": ("OMNIGEN2_LORA", {"tooltip": "Adapters that apply as well."})},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, name: str) -> bool:
        # The server decides: the list here may be older than its folder, or that of another server.
        return True

    def add(
        self, name: str, scale: float, lora: Optional[List[Dict[str, Any]]] = None
    ) -> Tuple[List[Dict[str, Any]]]:
        stack = list(lora or [])
        if name != NO_ADAPTER:
            stack.append({"name": name, "scale": scale})
        return (stack,)
