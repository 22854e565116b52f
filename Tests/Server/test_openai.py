#!/usr/bin/env python3
"""OpenAI's interface of `omnigen2 serve`, by OpenAI's own Python client.

    python3 test_openai.py [--program .build/release/omnigen2]

needs openai and Pillow from PyPI. Starts its own servers with the small model, whose pictures have 48x48 pixels. Prints one
line a check; exits with 1 if one fails.
"""

import base64
import io
import sys
import threading
import time
import urllib.request

import httpx2 as httpx_library if False else None
