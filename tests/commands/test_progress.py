"""progress.py: plain lines where nobody watches, a bar on a terminal, silence where it is asked for."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from autograder import progress
from autograder.progress import Progress


@pytest.fixture
def console() -> Callable[[bool], tuple[Console, io.StringIO]]:
    def make(terminal: bool = False) -> tuple[Console, io.StringIO]:
        text = io.StringIO()
        return Console(file=text, force_terminal=terminal, width=100, highlight=False), text

    return make


Make = Callable[..., tuple[Console, io.StringIO]]


def test_the_end_tells_how_many_and_how_fast(console: Make) -> None:
    screen, text = console()
    with Progress(2, screen) as bar:
        bar.step()
        bar.step(ok=False)
    assert text.getvalue().startswith("2 done, 1 failed in ")
    assert "a minute" in text.getvalue()


def test_a_long_work_tells_plain_lines_from_time_to_time(console: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    screen, text = console()
    with Progress(3, screen) as bar:
        bar.step()
    assert text.getvalue().splitlines()[0].startswith("1 done of 3, ")
    assert "s left" in text.getvalue()


def test_lines_are_not_read_as_markup(console: Make) -> None:
    screen, text = console()
    with Progress(1, screen) as bar:
        bar.say("[bold]somchai[/]: T5: 1 -> 0")
    assert "[bold]somchai[/]: T5: 1 -> 0" in text.getvalue()


def test_quiet_says_nothing(console: Make) -> None:
    for terminal in (False, True):
        screen, text = console(terminal)
        with Progress(1, screen, quiet=True) as bar:
            bar.say("x")
            bar.step()
        assert text.getvalue() == ""


def test_a_terminal_shows_a_bar(console: Make) -> None:
    screen, text = console(True)
    with Progress(2, screen) as bar:
        bar.at(1, 4)
        bar.step()
    assert "2/4" in text.getvalue()


def test_an_error_ends_it_without_a_sum(console: Make) -> None:
    screen, text = console()
    with pytest.raises(KeyboardInterrupt), Progress(2, screen) as bar:
        bar.step()
        raise KeyboardInterrupt
    assert text.getvalue() == ""
