"""Pictures on their way between Gradio's files and the server."""

import base64
import io
from typing import Any, List, Sequence

from PIL import Image, ImageOps


def data_url(path: str) -> str:
    """A file as a PNG that lies upright, whatever format it has."""
    file = io.BytesIO()
    with Image.open(path) as picture:
        ImageOps.exif_transpose(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def from_base64(text: str) -> Image.Image:
    """A picture that came in base64."""
    return Image.open(io.BytesIO(base64.b64decode(text)))


def files_of(gallery: Sequence[Any]) -> List[str]:
    """The paths in a gallery, which has a caption beside each."""
    return [entry[0] for entry in gallery or []]
