"""ComfyUI nodes that have an OmniGen2 server draw, edit, compose and describe."""

from .nodes_describe import OmniGen2Describe
from .nodes_draw import OmniGen2Compose, OmniGen2Edit, OmniGen2Generate
from .nodes_lora import OmniGen2LoadLoRA
from .nodes_server import OmniGen2Server, OmniGen2Settings

NODE_CLASS_MAPPINGS = {
    "OmniGen2Server": OmniGen2Server,
    "OmniGen2Settings": OmniGen2Settings,
    "OmniGen2LoadLoRA": OmniGen2LoadLoRA,
    "OmniGen2Generate": OmniGen2Generate,
    "OmniGen2Edit": OmniGen2Edit,
    "OmniGen2Compose": OmniGen2Compose,
    "OmniGen2Describe": OmniGen2Describe,
}

NODE_DISPLAY_NAME_MAPPINGS = {
    "OmniGen2Server": "OmniGen2 Server",
    "OmniGen2Settings": "OmniGen2 Settings",
    "OmniGen2LoadLoRA": "OmniGen2 Load LoRA",
    "OmniGen2Generate": "OmniGen2 Generate",
    "OmniGen2Edit": "OmniGen2 Edit",
    "OmniGen2Compose": "OmniGen2 Compose",
    "OmniGen2Describe": "OmniGen2 Describe",
}
