"""Pictures as ComfyUI holds them, and as they go over the wire.

IMAGE is a float tensor [B, H, W, C], MASK one [B, H, W], both from 0 to 1. The server takes and gives PNG.
"""

import base64
import io
from typing import List

import numpy
import torch
from PIL import Image


def to_png(picture: torch.Tensor) -> bytes:
    """One picture [H, W, C], or one mask [H, W], as PNG. Rounded, so that what was read from a file comes back."""
    values = picture.detach().cpu().float().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG", compress_level=1)
    return file.getvalue()


def to_data_url(picture: torch.Tensor) -> str:
    return "data:image/png;base64," + base64.b64encode(to_png(picture)).decode("ascii")


def open_picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def to_tensor(files: List[bytes]) -> torch.Tensor:
    """Pictures of one size as an IMAGE [B, H, W, 3]."""
    pictures = [numpy.asarray(open_picture(data), dtype=numpy.float32) / 255 for data in files]
    return torch.from_numpy(numpy.stack(pictures))


def pictures_of(batches: List[torch.Tensor]) -> List[torch.Tensor]:
    """Every picture [H, W, C] of some IMAGEs, in order."""
    return [picture for batch in batches for picture in batch]


def mask_for(mask: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """The mask [H, W] of one picture [H, W, C], or an error that says why it is not one."""
    if mask.ndim == 3:
        mask = mask[0]
    if not bool((mask >= 0.5).any()):
        # Load Image gives such a mask, of 64x64, for a picture without transparency.
        raise ValueError("the mask selects nothing, so nothing may change: paint one in the mask editor")
    if tuple(mask.shape) != tuple(picture.shape[:2]):
        raise ValueError(
            f"the mask has {mask.shape[1]}x{mask.shape[0]} pixels, "
            f"expected {picture.shape[1]}x{picture.shape[0]} as the picture has"
        )
    return mask
