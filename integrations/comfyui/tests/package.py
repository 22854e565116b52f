"""Imports the nodes as ComfyUI does, as one package; with stand-ins for ComfyUI's own modules where it is not there."""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
NAME = "omnigen2_nodes"
CAN_DRAW = all(importlib.util.find_spec(name) for name in ("torch", "numpy", "PIL"))


class Interrupted(Exception):
    pass


class Screen:
    """What ComfyUI would have shown, and whether the user has pressed its button to cancel."""

    def __init__(self):
        self.bars, self.texts, self.interrupt_at, self.looks = [], [], None, 0

    def look(self):
        self.looks += 1
        if self.interrupt_at is not None and self.looks >= self.interrupt_at:
            raise Interrupted()

    def bar(self, total, node_id=None):
        def update(value, total=None, preview=None):
            self.bars.append((value, total, preview))

        return types.SimpleNamespace(update_absolute=update)


def module(name):
    """One module of the package, without what the others need."""
    if NAME not in sys.modules:
        package = types.ModuleType(NAME)
        package.__path__ = [str(FOLDER)]
        sys.modules[NAME] = package
    return importlib.import_module(f"{NAME}.{name}")


def whole(screen):
    """The package with its node mappings; its nodes show what they do on `screen`."""
    comfy = types.ModuleType("comfy")
    comfy.utils = types.ModuleType("comfy.utils")
    comfy.utils.ProgressBar = screen.bar
    comfy.model_management = types.ModuleType("comfy.model_management")
    comfy.model_management.throw_exception_if_processing_interrupted = screen.look
    server = types.ModuleType("server")
    server.PromptServer = types.SimpleNamespace(
        instance=types.SimpleNamespace(send_progress_text=lambda text, node: screen.texts.append(text))
    )
    for each in (comfy, comfy.utils, comfy.model_management, server):
        sys.modules[each.__name__] = each
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]
    entry, folders = FOLDER / "__init__.py", [str(FOLDER)]
    spec = importlib.util.spec_from_file_location(NAME, entry, submodule_search_locations=folders)
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    return package
