"""The nodes that draw: from text, from one picture, from several."""

from typing import Any, Dict, Optional, Tuple

import torch

from . import settings
from .drawing import draw
from .images import mask_for, pictures_of

SERVER = ("OMNIGEN2_SERVER", {"tooltip": "From OmniGen2 Server."})
HIDDEN = {"node_id": "UNIQUE_ID"}
MOST_PICTURES = 5
SOCKETS = [f"image_{number}" for number in range(1, MOST_PICTURES + 1)]


def picture_sockets() -> Dict[str, Any]:
    """Five, of which only the first must be connected. Each picture of a batch counts as one."""
    return {name: ("IMAGE",) for name in SOCKETS[1:]}


def connected_pictures(inputs: Dict[str, Any]) -> Any:
    """Takes the pictures out of a node's inputs."""
    batches = [inputs.pop(name, None) for name in SOCKETS]
    pictures = pictures_of([batch for batch in batches if batch is not None])
    if len(pictures) > MOST_PICTURES:
        raise ValueError(f"{len(pictures)} pictures are connected, expected at most {MOST_PICTURES}")
    return pictures


class OmniGen2Node:
    CATEGORY = "OmniGen2"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "draw"


class OmniGen2Generate(OmniGen2Node):
    DESCRIPTION = "Draws pictures from text."

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        return {
            "required": {
                "server": SERVER,
                "prompt": settings.prompt("What is to be seen"),
                "width": settings.side("width"),
                "height": settings.side("height"),
                "preset": settings.PRESET,
                "steps": settings.STEPS,
                "count": settings.COUNT,
                "seed": settings.SEED,
            },
            "optional": settings.OPTIONAL,
            "hidden": HIDDEN,
        }

    def draw(self, server: Any, node_id: str, **inputs: Any) -> Tuple[torch.Tensor]:
        return (draw(server, settings.request(server, **inputs), node_id),)


class OmniGen2Edit(OmniGen2Node):
    DESCRIPTION = "Changes a picture as the prompt says; each one of a batch by itself."

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        exact = "The result has precisely the picture's size, and nothing moves. A mask implies it."
        mask = "White may change. The rest comes back as it was."
        return {
            "required": {
                "server": SERVER,
                "image": ("IMAGE",),
                "prompt": settings.prompt("What is to be changed"),
                "exact_size": ("BOOLEAN", {"default": False, "tooltip": exact}),
                "preset": settings.PRESET,
                "steps": settings.STEPS,
                "count": settings.COUNT,
                "seed": settings.SEED,
            },
            "optional": {"mask": ("MASK", {"tooltip": mask}), **settings.OPTIONAL},
            "hidden": HIDDEN,
        }

    def draw(
        self,
        server: Any,
        image: torch.Tensor,
        exact_size: bool,
        node_id: str,
        mask: Optional[torch.Tensor] = None,
        **inputs: Any,
    ) -> Tuple[torch.Tensor]:
        fields = settings.request(server, **inputs)
        if exact_size:
            fields["exact_size"] = True
        results = []
        for index, picture in enumerate(image):
            own_mask = None
            if mask is not None:
                own_mask = mask_for(mask[index] if len(mask) == len(image) else mask, picture)
            results.append(draw(server, fields, node_id, [picture], own_mask))
        return (torch.cat(results),)


class OmniGen2Compose(OmniGen2Node):
    DESCRIPTION = "Draws a new picture with what is in up to five others. The prompt calls them image 1, image 2, ..."

    @classmethod
    def INPUT_TYPES(cls) -> Dict[str, Any]:
        return {
            "required": {
                "server": SERVER,
                "image_1": ("IMAGE",),
                "prompt": settings.prompt("The cat of image 1 sits on the chair of image 2"),
                "width": settings.side("width"),
                "height": settings.side("height"),
                "preset": settings.PRESET,
                "steps": settings.STEPS,
                "count": settings.COUNT,
                "seed": settings.SEED,
            },
            "optional": {**picture_sockets(), **settings.OPTIONAL},
            "hidden": HIDDEN,
        }

    def draw(self, server: Any, node_id: str, **inputs: Any) -> Tuple[torch.Tensor]:
        pictures = connected_pictures(inputs)
        fields = settings.request(server, **inputs)
        if "width" in fields:
            fields["align_res"] = False  # or one picture alone would decide the size
        return (draw(server, fields, node_id, pictures),)
