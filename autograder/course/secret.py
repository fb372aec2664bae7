"""The course's secret and the seeds made from it.

The secret is made on first use, in .autograder/secret, outside git. Its loss costs only replays:
the inputs of old verdicts cannot be made again, the verdicts themselves stay.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from autograder.course import Course
from autograder.files import write_whole


def load_secret(course: Course) -> bytes:
    """The secret's 32 bytes, made now where there is none."""
    path: Path = course.state / "secret"
    if not path.is_file():
        write_whole(path, secrets.token_hex(32).encode(), 0o600)
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def seed(secret: bytes, *parts: str) -> int:
    """A 63-bit seed that nobody without the secret can tell: HMAC-SHA256 over the parts."""
    digest = hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1
