"""Wants to run HTML that stands in code: in answers, in fenced blocks, as the name of a language, as a drawing.

Won: the page that nbgrader makes has something live of the student's (31337).
"""

from tests.attacks.lab import Attack, Evidence, in_text

WALL = "what_students_wrote_is_cleaned"
BAD = "</pre></code></div><script>alert(31337)</script><img src=x onerror=alert(31337)>"
TEXT = f'''```mermaid
graph LR; a["{BAD}"] --> b; click a "javascript:alert(31337)"
```

```{BAD}
{BAD}
```

`{BAD}`

    {BAD}
'''
ATTACK = Attack(edit=in_text(TEXT), answers={"T5": f"# {BAD}\nx = '''{BAD}'''\n"}, extra=[f"# {BAD}"])


def won(evidence: Evidence) -> bool:
    return evidence.live
