"""The node that names the server, and the one for settings that few change."""

from typing import Any, Dict, Tuple

from . import adapters
from .client import Server
from .settings import AS_SERVER


class Connection(Server):
    """A server, and how often it is asked for a preview."""

    def __init__(self, url: str, key: str, preview_interval: int):
        super().__init__(url, key)
        self.preview_interval = preview_interval


class OmniGen2Server:
    DESCRIPTION = "Connects to a running `omnigen2 serve`."
    CATEGORY = "OmniGen2"
    RETURN_TYPES = ("OMNIGEN2_SERVER",)
    RETURN_NAMES = ("server",)
    FUNCTION = "connect"

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        key = "Empty: the variable OMNIGEN2_API_KEY of ComfyUI's environment. What is typed here is stored in \
workflows and in the pictures that ComfyUI saves."
        every = "A preview every so many steps. 0: none."
        return {
            "required": {
                "url": ("STRING", {"default": adapters.default_url()}),
                "api_key": ("STRING", {"default": "", "tooltip": key}),
                "preview_interval": ("INT", {"default": 5, "min": 0, "max": 200, "tooltip": every}),
            }
        }

    def connect(self, url: str, api_key: str, preview_interval: int) -> Tuple[Connection]:
        connection = Connection(url, api_key or adapters.default_key(), preview_interval)
        connection.capabilities()  # a wrong address or key is an error of this node, not of those behind it
        adapters.remember(connection)
        return (connection,)


class OmniGen2Settings:
    DESCRIPTION = "Settings for the OmniGen2 nodes that draw."
    CATEGORY = "OmniGen2"
    RETURN_TYPES = ("OMNIGEN2_SETTINGS",)
    RETURN_NAMES = ("settings",)
    FUNCTION = "gather"

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        def number(default: float, largest: float, tooltip: str) -> Any:
            return ("FLOAT", {"default": default, "min": 0, "max": largest, "step": 0.1, "tooltip": tooltip})

        def size(tooltip: str, largest: int) -> Any:
            return ("INT", {"default": 0, "min": 0, "max": largest, "tooltip": tooltip + " 0: the server's."})

        caches = [AS_SERVER, "none", "teacache", "taylorseer"]
        return {
            "required": {
                "negative_prompt": ("STRING", {"multiline": True, "placeholder": "Empty: the server's own"}),
                "text_guidance": number(5, 20, "How closely the prompt is followed. 1: off."),
                "image_guidance": number(2, 20, "How closely pictures are followed: 1.2 to 2 to edit, 2.5 to 3 to \
compose."),
                "guidance_from": number(0, 1, "Where in the run guidance begins."),
                "guidance_to": number(1, 1, "Where it ends. Less is faster. From 0 to 1: as the preset has it."),
                "scheduler": ([AS_SERVER, "euler", "dpmsolver++"],),
                "cache": (caches, {"tooltip": "Reuses what hardly changes between steps. Faster, less exact."}),
                "max_pixels": size("Larger pictures are drawn with so many pixels, then stretched.", 2**26),
                "max_input_side": size("Larger input pictures are made smaller.", 8192),
            }
        }

    def gather(
        self,
        negative_prompt: str,
        text_guidance: float,
        image_guidance: float,
        guidance_from: float,
        guidance_to: float,
        scheduler: str,
        cache: str,
        max_pixels: int,
        max_input_side: int,
    ) -> Tuple[Dict[str, Any]]:
        fields: Dict[str, Any] = {"guidance_scale": text_guidance, "guidance_scale_2": image_guidance}
        if negative_prompt.strip():
            fields["negative_prompt"] = negative_prompt
        if (guidance_from, guidance_to) != (0, 1):
            fields["cfg_range"] = [guidance_from, guidance_to]
        if scheduler != AS_SERVER:
            fields["scheduler"] = scheduler
        if cache != AS_SERVER:
            fields["cache"] = cache
        if max_pixels:
            fields["max_pixels"] = max_pixels
        if max_input_side:
            fields["max_input_image_side_length"] = max_input_side
        return (fields,)
