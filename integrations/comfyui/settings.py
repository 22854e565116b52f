"""The inputs that the drawing nodes share, and what becomes of them in a request."""

from typing import Any, Dict, List, Optional

LARGEST_SEED = 2**32 - 1
AS_SERVER = "default"

SEED = ("INT", {"default": 0, "min": 0, "max": LARGEST_SEED, "control_after_generate": True})
COUNT = ("INT", {"default": 1, "min": 1, "max": 16, "tooltip": "How many pictures are drawn."})
PRESET = (
    [AS_SERVER, "fast", "quality"],
    {"default": AS_SERVER, "tooltip": "Steps, scheduler, guidance range and cache together."},
)
STEPS = ("INT", {"default": 0, "min": 0, "max": 200, "tooltip": "0: as the preset or the server has it."})


def side(name: str) -> Any:
    tooltip = f"The {name} in pixels. 0: what the server's model was made for."
    return ("INT", {"default": 0, "min": 0, "max": 8192, "step": 16, "tooltip": tooltip})


def prompt(placeholder: str) -> Any:
    return ("STRING", {"multiline": True, "default": "", "placeholder": placeholder})


OPTIONAL = {
    "settings": ("OMNIGEN2_SETTINGS", {"tooltip": "From OmniGen2 Settings. Without it the server's own apply."}),
    "lora": ("OMNIGEN2_LORA", {"tooltip": "From OmniGen2 Load LoRA."}),
}


def request(
    server: Any,
    *,
    prompt: str,
    seed: int,
    count: int,
    preset: str,
    steps: int,
    width: int = 0,
    height: int = 0,
    settings: Optional[Dict[str, Any]] = None,
    lora: Optional[List[Dict[str, Any]]] = None,
) -> Dict[str, Any]:
    """The settings of a job. What is left at its default is left out, so that the server decides."""
    fields = dict(settings or {}, prompt=prompt, seed=seed, n=count, preview_interval=server.preview_interval)
    if preset != AS_SERVER:
        fields["preset"] = preset
    if steps:
        fields["num_inference_steps"] = steps
    if bool(width) != bool(height):
        raise ValueError(f"the size is {width}x{height}: give both width and height, or 0 for both")
    if width:
        fields.update(width=width, height=height)
    if lora:
        fields["lora"] = lora
    return fields
