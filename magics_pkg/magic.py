"""`%%backward` and `%backward`: run a cell once, as it is, and show under it what its backward call means."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import traitlets
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from . import backends, errors, options, words
from .cells import substitute
from .cells.cell import Cell, Outcome, awaiting, read_cell, run_cell, run_cell_async
from .cells.uncollected import uncollected
from .errors import OutputError, UsageError
from .exploration import Exploration, in_notebook
from .graphs.linear import RowPasses
from .graphs.names import look_up
from .graphs.outputs import outputs_of
from .lessons import explain
from .opening import call_backward, explore_tensor, open_exploration, weights_of
from .options import Options
from .panel.settings import Settings
from .pictures import layout
from .reruns import compare
from .tracing.passes import BackwardPasses
from .tracing.recorder import Recorder
from .tracing.trace import Trace

NAME = "backward"
# What a cell with a top-level await is rewritten to call
RUNNER = "get_ipython().magics_manager.registry['BackwardMagics'].run_waiting"


@magics_class
class BackwardMagics(Magics):
    """Shows what `backward(v)` means: the graph, the weights v, and `x.grad`, live."""

    shell: Any  # Magics has it as optional; these are made with one
    renderer = traitlets.Enum(("wasm", "dot"), "wasm").tag(config=True)
    range = traitlets.Unicode("").tag(config=True)
    max_nodes = traitlets.Int(100, min=1).tag(config=True)
    depth = traitlets.Unicode("").tag(config=True)
    language = traitlets.Enum(("", *words.LANGUAGES), "").tag(config=True)
    seconds = traitlets.Float(5.0, min=0.1).tag(config=True)

    def __init__(self, shell: Any = None, **settings: Any) -> None:
        super().__init__(shell=shell, **settings)
        self._speak()
        self.panels = Panels()
        self.transformers = (hoist, awaiting(NAME, RUNNER))
        self.hidden: dict[str, Any] = {}  # other magics of our name, which come back when we go

    @traitlets.observe("language")
    def _speak(self, _: Any = None) -> None:
        """In the language that was chosen, else in that of the surroundings; what `?` and `%config` print as well."""
        words.use(self.language)
        type(self).backward.__doc__ = options.help_text()
        for name, trait in type(self).class_own_traits(config=True).items():
            trait.help = words.say(f"config_{name}")

    @traitlets.validate("range")
    def _valid_range(self, proposal: Any) -> str:
        return options.valid(proposal, options.limits)

    @traitlets.validate("depth")
    def _valid_depth(self, proposal: Any) -> str:
        return options.valid(proposal, options.levels)

    @no_var_expand
    @line_cell_magic
    @options.with_options
    def backward(self, line: str, cell: str | None = None) -> None:
        """Run the cell once, and show its graph, a slider for each weight of v, and x.grad as they move.

        Above a cell it is about the cell's last backward call, else about its last expression; alone on a line,
        %backward y, about a tensor that exists already.
        """
        __tracebackhide__ = True
        words.surroundings.cache_clear()  # somebody may have chosen another in JupyterLab's menu
        asked = options.parse(type(self).backward, line)
        if asked.help:
            print(type(self).backward.__doc__)
        elif cell is None:
            self._run_line(line, asked)
        else:
            self._run_cell(line, asked, cell)

    # ------------------------------------------------------------------ a tensor
    def _run_line(self, line: str, asked: Options) -> None:
        if asked.library is not None:
            raise UsageError(words.say("as_above_cell"))
        if asked.output is None:
            raise UsageError(words.say("wants_tensor"))
        if asked.inputs is not None:
            raise UsageError(words.say("inputs_above_cell"))
        if asked.compare:
            raise UsageError(words.say("compare_above_cell"))
        names = self.shell.user_ns
        try:
            (output, *_) = outputs_of(Trace(None, None, namespace=names), asked.output)
            v = None if asked.weights is None else weights_of(asked.weights, output.shape, asked.output)
            made = explore_tensor(output, v, asked.wrt, names, self._settings(asked))
        except OutputError as error:
            raise UsageError(str(error)) from None
        self._deliver([made], f"%backward {line}", asked)

    # ------------------------------------------------------------------ a cell
    def _run_cell(self, line: str, asked: Options, source: str) -> None:
        __tracebackhide__ = True
        with uncollected():
            cell, recorder = self._prepare(line, asked, source)
        outcome = run_cell(self.shell, cell, recorder, recorder.attach)
        self._finish(line, asked, cell, recorder, outcome)

    async def run_waiting(self, line: str, source: str) -> None:
        """`%%backward` over a cell with a top-level `await`."""
        __tracebackhide__ = True
        asked = options.parse(type(self).backward, line)
        if asked.help:
            print(type(self).backward.__doc__)
            return
        with uncollected():
            cell, recorder = self._prepare(line, asked, source)
        outcome = await run_cell_async(self.shell, cell, recorder, recorder.attach)
        self._finish(line, asked, cell, recorder, outcome)

    def _prepare(self, line: str, asked: Options, source: str) -> tuple[Cell, Recorder]:
        __tracebackhide__ = True
        rewrite = None if asked.library is None else substitute.substitute
        cell = read_cell(self.shell, source, line, libraries=backends.NAMES, rewrite=rewrite)
        if not cell.tree.body:
            raise UsageError(words.say("empty_cell"))
        if asked.compare:
            compare.check()
        for backend in backends.active():
            backend.look_at(self.shell.user_ns)
        named = None if asked.output is None else functools.partial(self._named, asked.output)
        taped = asked.compare or asked.inputs is not None
        return cell, Recorder(cell.code, functools.partial(RowPasses, named), taped)

    def _named(self, name: str) -> Any:
        """The output that the line names, as soon as it is there."""
        try:
            found = look_up(self.shell.user_ns, name)
        except (LookupError, SyntaxError, ValueError):
            return None
        return found if backends.of(found) is not None and found.requires_grad else None

    def _finish(self, line: str, asked: Options, cell: Cell, recorder: Recorder, outcome: Outcome) -> None:
        """Show the result, then the panel; then raise what the cell or the options have to say."""
        __tracebackhide__ = "__ipython_bottom__"
        problem: Exception | None = None
        made: list[Exploration] = []
        if outcome.error is not None:
            errors.add_hint(outcome.error)
            substitute.add_hint(outcome.error, self.shell.user_ns, asked.library is not None)
        else:
            outcome.show()
        try:
            with uncollected():
                problem = self._explore(asked, cell, recorder, outcome, made)
            with uncollected():  # by itself: what the last panel lets go of would be counted against what this one made
                self._deliver(made, f"%%backward {line}\n{cell.source}", asked)
        except UsageError as error:
            problem = problem or error
        except Exception as error:  # our fault must never hide what the cell did
            for each in made:
                each.close()
            told = words.say("no_panel", error=f"{type(error).__name__}: {error}")
            print(words.say("note", text=told))
        if asked.compare:
            found = compare.attempt(recorder.tapes, made)
            if found is not None and not asked.quiet:
                display(found) if in_notebook() else print(found)
        recorder.close()
        outcome.raise_error()
        if problem is not None:
            raise problem

    def _explore(
        self, asked: Options, cell: Cell, recorder: Recorder, outcome: Outcome, made: list[Exploration]
    ) -> Exception | None:
        """Put into ``made`` a panel for each library of the cell; returns what was wrong with the line.

        Neither takes the other away. The line is about the library that the cell is about."""
        problem: Exception | None = None
        output, weights = None, None
        if outcome.error is None:
            output, weights, problem = self._started_from(asked, recorder, outcome)
            if output is None and problem is not None and recorder.main() is None:
                return problem
        traces = recorder.traces(cell, self.shell, outcome, self.shell.user_ns, output)
        trace, passes = traces[0]
        try:
            if problem is not None and output is None and trace.backward is None:
                return problem
            if outcome.error is None and output is None and trace.backward is None:
                made.append(Exploration(notes=[explain.no_backward(trace)]))
                return problem
            made.append(self._open(trace, passes, asked, output, weights))
        except OutputError as error:
            if outcome.error is None and problem is None:
                problem = UsageError(str(error))
        except UsageError as error:  # a leaf that is not there: the panel is shown with all of them
            every = dataclasses.replace(asked, wrt=(), inputs=asked.inputs and ())
            made.append(self._open(trace, passes, every, output, weights))
            problem = problem or error
        finally:
            if not made:
                trace.close()
        for trace, passes in traces[1:]:
            try:
                made.append(self._open(trace, passes, dataclasses.replace(asked, wrt=(), inputs=None), None, None))
            except OutputError:  # the other library's backward did not get anywhere
                trace.close()
        return problem

    def _started_from(self, asked: Options, recorder: Recorder, outcome: Outcome) -> tuple[Any, Any, Exception | None]:
        """The output that the panel is about where it is not the cell's own, v where the line gives one, and a problem.

        Runs the backward call that the cell leaves to the line."""
        output, weights = None, None
        problem: Exception | None = None
        try:
            output = self._output(asked, recorder, outcome)
            weights = self._weights(asked, output, recorder)
        except UsageError as error:
            problem = error
        watch = recorder.main(output)
        passes = watch.passes if watch is not None else None
        if isinstance(passes, RowPasses) and passes.overtaken:
            return None, None, UsageError(words.say("overtaken", output=asked.output))
        if output is None or passes is None or _started(passes, output):
            return output, weights, problem
        if problem is not None:
            return None, None, problem
        try:
            call_backward(passes, output, weights)
        except Exception as error:  # a hook's, or a graph freed in another cell: the user's own to see
            errors.add_hint(error)
            problem = error
        return output, None, problem

    def _open(self, trace: Trace, passes: BackwardPasses, asked: Options, output: Any, weights: Any) -> Exploration:
        return open_exploration(trace, passes, self._settings(asked), output=output, wrt=asked.wrt, weights=weights)

    def _output(self, asked: Options, recorder: Recorder, outcome: Outcome) -> Any:
        """The output that the line names, or the last expression of a cell without a backward call; else None.

        Errors: UsageError where that is no output."""
        trace = Trace(None, None, namespace=self.shell.user_ns, result=outcome.result)
        try:
            if asked.output is not None:
                return outputs_of(trace, asked.output)[0]
            called = [each for watch in recorder.watches for each in watch.passes.passes]
            if any(each.error is None for each in called) or outcome.result is None:
                return None
            return outputs_of(trace)[0]
        except OutputError as error:
            raise UsageError(str(error)) from None

    def _weights(self, asked: Options, output: Any, recorder: Recorder) -> Any:
        watch = recorder.main(output)
        if asked.weights is None or watch is None:
            return None
        done = [each for each in watch.passes.passes if each.error is None and each.roots]
        root = output if output is not None else done[-1].roots[0] if done else None
        if root is None:
            return None
        try:
            return weights_of(asked.weights, root.shape, asked.output or words.say("the_output"))
        except OutputError as error:
            raise UsageError(str(error)) from None

    # ------------------------------------------------------------------ the panel
    def _settings(self, asked: Options) -> Settings:
        limits = asked.range or (options.limits(self.range) if self.range else None)
        depth = options.levels(self.depth) if asked.depth is None and self.depth else asked.depth
        most = asked.max_nodes or self.max_nodes
        opens = "quiz" if asked.quiz else "steps" if asked.step else ""
        return Settings(self.renderer, limits, most, asked.graph, self.seconds, depth, opens, asked.inputs)

    def _deliver(self, made: Sequence[Exploration], text: str, asked: Options) -> None:
        """Close the panels' predecessors, keep these, show them; the first is named and saved."""
        for each in made:
            self.panels.add(each, *self._run_of(text))
        if asked.name is not None and made:
            self.shell.user_ns[asked.name] = made[0]
        for each in made if not asked.quiet else ():
            each.show()
        if asked.save is not None and made:
            try:
                print(words.say("saved", path=made[0].save(asked.save)))
            except OSError as error:
                raise UsageError(words.say("not_saved", path=asked.save, error=error.strerror or error)) from None

    def _run_of(self, text: str) -> tuple[str, str]:
        """Which cell this is, and which run of it: by the notebook's own mark, else by the text."""
        header = getattr(self.shell, "parent_header", None) or {}
        cell = (header.get("metadata") or {}).get("cellId") if isinstance(header, dict) else None
        run = str((header.get("header") or {}).get("msg_id", "")) if isinstance(header, dict) else ""
        return (f"cell {cell}" if cell else text), (run or str(self.shell.execution_count))

    def after_cell(self, *_: Any) -> None:
        """A cell has run: panels over its tensors say what it has changed."""
        self.panels.check(self.shell.user_ns)


class Panels:
    """The open panels by the cell that they stand under: running the cell again closes those of its last run."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, list[Exploration]]] = {}

    def add(self, made: Exploration, cell: str, run: str) -> None:
        """Keep this one; close those of earlier runs of its cell."""
        last, panels = self._open.get(cell, (run, []))
        if last != run:
            for each in panels:
                each.close()
            panels = []
        panels = [each for each in panels if not each.closed]
        self._open[cell] = (run, [*panels, made])

    def check(self, names: dict[str, Any]) -> None:
        """See what has become of the tensors under each."""
        for _, panels in self._open.values():
            for each in panels:
                each.check(names)

    def close(self) -> None:
        """Close all."""
        for _, panels in self._open.values():
            for each in panels:
                each.close()
        self._open.clear()


def _started(passes: BackwardPasses, output: Any) -> bool:
    """Whether the cell has run a backward from this output, or kept its graph while running another."""
    return any(
        each.error is None and (each.snapshot_of(output) is not None or any(root is output for root in each.roots))
        for each in passes.passes
    )


def hoist(lines: list[str]) -> list[str]:
    """An input transformer: comments above `%%backward` go below it, where they do no harm; no line is renumbered."""
    for place, line in enumerate(lines):
        if line.split(None, 1)[:1] == [f"%%{NAME}"] and line.startswith("%%"):
            if len(lines) == 1:
                return [line, "\n"]  # IPython refuses a cell magic over nothing, even where it only asks for --help
            return [line, *lines[:place], *lines[place + 1 :]] if place else lines
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines


hoist.has_side_effects = False  # type: ignore[attr-defined]  # IPython asks for it: it may run several times


def load(shell: Any) -> None:
    """Register the magics; a second time does nothing."""
    if "BackwardMagics" in shell.magics_manager.registry:
        return
    magics = BackwardMagics(shell)
    for kind, table in shell.magics_manager.magics.items():
        if NAME in table:
            magics.hidden[kind] = table[NAME]
    shell.register_magics(magics)
    shell.input_transformers_cleanup[:0] = magics.transformers
    shell.events.register("post_run_cell", magics.after_cell)
    if in_notebook():
        layout.warm()


def unload(shell: Any) -> None:
    """Close every panel, and leave the shell as it was before `load`."""
    magics = shell.magics_manager.registry.pop("BackwardMagics", None)
    if magics is None:
        return
    for kind, table in shell.magics_manager.magics.items():
        if getattr(table.get(NAME), "__self__", None) is magics:
            del table[NAME]
        if kind in magics.hidden:
            table[NAME] = magics.hidden[kind]
    for each in magics.transformers:
        if each in shell.input_transformers_cleanup:
            shell.input_transformers_cleanup.remove(each)
    shell.events.unregister("post_run_cell", magics.after_cell)
    shell.configurables.remove(magics)
    magics.panels.close()
