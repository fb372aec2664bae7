"""IPython's shell as grading runs it: quiet, and quick where a cell is plain Python."""

import ast
import contextlib
from collections.abc import Sequence
from types import CodeType
from typing import Any

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from traitlets.config import Config
from travel import moments


class GradingShell(InteractiveShell):
    """IPython's shell, quiet, and faster for cells that are plain Python.

    at_once: these are compiled as a whole, and not each statement when it is its turn; nothing transforms them.
    """

    at_once = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._usual = self._transforms()

    def run_cell(self, raw_cell: str, *args: Any, **settings: Any) -> ExecutionResult:
        """Run a cell: of a plain one, only what IPython does with its code. All are silent, and in no history."""
        source, parts = raw_cell + "\n", None
        name = self.compile.cache(source)
        if self._is_usual(raw_cell) and not self._may_await(raw_cell):
            with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
                parts = self._parts(source, name)
        if parts is None:
            found: ExecutionResult = super().run_cell(raw_cell, *args, **settings)
            return found
        result = ExecutionResult(ExecutionInfo(raw_cell, False, True, True, None, None))
        self.events.trigger("pre_execute")
        try:
            with self.builtin_trap:
                self._run_parts(parts, name, result)
        finally:
            self.events.trigger("post_execute")
        return result

    def _parts(self, source: str, name: str) -> Sequence[CodeType | ast.Module]:
        """What runs of a plain cell, one after the other; SyntaxError where it is none."""
        if self.at_once:
            return [self._compiled(source, name)]
        return [ast.Module([node], []) for node in self.transform_ast(self.compile.ast_parse(source)).body]

    def _compiled(self, part: Any, name: str) -> CodeType:
        return self.compile(part, name, "exec")

    def _run_parts(self, parts: Sequence[CodeType | ast.Module], name: str, result: ExecutionResult) -> None:
        try:
            for part in parts:
                code = self._compiled(part, name) if isinstance(part, ast.Module) else part
                running = self.run_code(code, result)
                with contextlib.suppress(StopIteration):  # it waits for nothing
                    running.send(None)
                if result.error_in_exec is not None:
                    break
        except Exception as error:  # some of what parses is no Python for all that
            result.error_before_exec = error

    def _transforms(self) -> list[Any]:
        text = self.input_transformer_manager
        return [
            *text.cleanup_transforms,
            *text.line_transforms,
            *text.token_transformers,
            *self.input_transformers_post,
        ]

    def transform_cell(self, raw_cell: str) -> str:
        """IPython's syntax as Python. What parses has none of it, but a line alone (`pwd`) and prompts (`In [1]: `)."""
        with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
            if self._is_usual(raw_cell):
                ast.parse(raw_cell)
                return raw_cell + "\n"
        return str(super().transform_cell(raw_cell))

    def _is_usual(self, raw_cell: str) -> bool:
        return "\n" in raw_cell.strip() and "In [" not in raw_cell and self._transforms() == self._usual

    def _may_await(self, raw_cell: str) -> bool:
        return any(word in raw_cell for word in ("await", "async"))

    def should_run_async(
        self, raw_cell: str, *, transformed_cell: str | None = None, preprocessing_exc_tuple: Any = None
    ) -> bool:
        """Whether it awaits at the top level: IPython compiles a cell once more to see it."""
        return self._may_await(raw_cell) and super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, preprocessing_exc_tuple=preprocessing_exc_tuple
        )

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Nobody looks."""

    showsyntaxerror = showtraceback

    def enable_matplotlib(self, *args: Any, **kwargs: Any) -> tuple[str, str]:
        """Figures are drawn nowhere."""
        return "agg", "agg"


def make_shell() -> GradingShell:
    """A shell without a history file."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.ast_node_interactivity = "none"
    shell: GradingShell = GradingShell.instance(config=config)
    shell.events.register("post_execute", moments.close_figures)
    return shell
