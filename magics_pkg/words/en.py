"""English."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    "comma": ", ",
    "and": " and ",
    "in_line": " in line {line}",
    "a_leaf": "a leaf",
    "the_output": "the output",
    "hint": "Hint: {text}",
    # ------------------------------------------------------------ what there is to say of the panel
    "stale": "Values that backward needs were changed after it ran, so the gradients now come from the rows of J:"
    " equal to rounding.",
    "hooked": "Code of yours takes part in this backward pass ({hooks}), so the gradient need not be linear in v:"
    " every move runs it again in the kernel.",
    "module_hook": "a module's backward hook",
    "not_finite": "J has an entry that is not finite, so its rows cannot be added up: every move asks the kernel.",
    "not_a_weight": "v has an entry that is not finite: no slider can stand there until a button gives it a number.",
    "not_kept": "The graph under this was not kept, so the weights cannot be moved here.",
    "not_linear": "These gradients are not linear in v, so only a running kernel can follow the sliders.",
    "returned": "autograd.grad returns its gradients and touches no .grad; the sliders move what is shown, not .grad.",
    "no_backward": "This cell calls no backward and its last expression is no output, so there is no v: {advice}.",
    "end_with": "end the cell with {name}, or write %%backward {name}",
    "end_with_output": "end the cell with the output",
    "memory": "The panel keeps {size} MB of saved values, until its cell is run again or it is closed.",
    "not_drawn": "The graph could not be drawn, so here it is as text ({error}).",
    "no_panel": "The panel could not be made ({error}).",
    "changed_since": (
        "{grads} was changed after this cell; moving a slider sets it again.",
        "{grads} were changed after this cell; moving a slider sets them again.",
    ),
    "renamed": (
        "By now {names} stands for another tensor: the sliders move the one of this cell.",
        "By now {names} stand for other tensors: the sliders move those of this cell.",
    ),
    "cell_set_none": "The cell set {leaf}.grad to None after its backward: the sliders leave that alone, and the panel"
    " shows what backward gave.",
    "cell_set_zero": "The cell set {leaf}.grad to zero after its backward: the sliders leave that alone, and the panel"
    " shows what backward gave.",
    "cell_changed": "The cell changed {leaf}.grad after its backward: the sliders leave that alone, and the panel shows"
    " what backward gave.",
    # ------------------------------------------------------------ where a cell went wrong, on the card there
    "failed_backward": "{error}: this backward{where} failed",
    "failed_call": "{error}: {what}{where} failed",
    "failed_after": "{error} after this",
    # ------------------------------------------------------------ the questions that people ask
    "weights": "v says how much each entry of {output} counts: {grad} is the gradient of {sum}.",
    "needs_weights": "{output} has {n} entries, and each has a gradient of its own: v must say how much each counts."
    " backward(torch.ones_like({output})) counts all alike.",
    "one_hot": "v is 1 at {entry} and 0 elsewhere, so this is one row of the Jacobian J: ∂{entry}/∂{leaf}. One backward"
    " is one vector-Jacobian product; the whole J takes one for each entry of {output}.",
    "freed": "This backward freed its graph: another one through it raises an error, unless this one has"
    " retain_graph=True. The panel keeps a copy of its own.",
    "second_time": "The backward{first} freed what {what} had saved, and the one{second} needs it again: write"
    " retain_graph=True in the first.",
    "accumulated": (
        "{grads} was not empty before this backward, so the new gradient was added to what was there: {held}."
        " Set it to None, or call zero_grad(), to start anew.",
        "{grads} were not empty before this backward, so the new gradients were added to what was there: {held}."
        " Set them to None, or call zero_grad(), to start anew.",
    ),
    "no_graph_none": "No path leads from {output} to a tensor with requires_grad=True, so there is no graph to go back"
    " through.",
    "no_graph_data": "{leaf} was made without requires_grad=True, so {output} has no graph: write it where {leaf} is"
    " made.",
    "no_graph_cut": "{leaf} has requires_grad=True, but {what}{where} cuts the path to {output}: it was computed"
    " without a graph.",
    "no_graph_grad": "{output} came from autograd.grad{where} without create_graph=True, so it has no graph of its own"
    " and cannot be differentiated again.",
    "written_over": "{what}{where} wrote over a value that {saver} had saved for its derivative: version {expected} was"
    " saved, and now it is version {found}.",
    "written_leaf": "{leaf} is a leaf: its .grad belongs to the value that it has, so while a graph is recorded no"
    " operation may write over it. {what}{where} tried to; torch.no_grad() allows it.",
    "not_a_leaf": "{name}.grad is None: {name} is no leaf, but the result of {what}{where}, and backward keeps the"
    " gradients of leaves only. Call {name}.retain_grad() before backward to keep it.",
    "overwritten": "{name}.grad is None: the name {name} now stands for the result of {what}{where}, no longer for the"
    " leaf that was made{made}. That leaf has the gradient.",
    "cut": "{what}{where} cuts the path: nothing flows back through it.",
    "cut_no_grad": "{what}{where} was computed without a graph (no_grad): nothing flows back through it to {leaf}.",
    "cloned": "{what}{where} is a copy that stays in the graph: clone() cuts nothing, the gradient flows through it.",
    "first_bad": "{what} made the first {bad}{where}: it came from finite numbers.",
    "first_bad_gradient": "Going back, {what}{where} made the first {bad} gradient out of a finite one.",
    "zero_times_inf": "Going back, {what}{where} made the first NaN gradient out of a finite one: at {entry} it got 0,"
    " its derivative there is infinite, and 0 × inf is NaN.",
    "v_is_leaf": "v is {leaf} itself: {leaf}.grad = Jᵀ {leaf}, the derivative times {leaf}. The derivative alone is"
    " backward(torch.ones_like({leaf})).",
    "v_is_leaf_identity": "v is {leaf} itself, and {output} is {leaf}: J is the identity, so {leaf}.grad = Jᵀ {leaf} ="
    " {leaf}. The derivative alone, 1, is backward(torch.ones_like({leaf})).",
    "created": "create_graph=True: the gradients have a graph of their own, so they can be differentiated again.",
    "second_derivative": "{output} is itself a gradient, made{where} with create_graph=True, so what arrives at {grad}"
    " is a second derivative.",
    "walked": "Each card of an operation is a node of this graph: {output}.grad_fn is {op}, its next_functions are the"
    " cards above it, and at a leaf the walk ends in AccumulateGrad.",
    "no_path": "{leaf} got no gradient: no path leads from it to {output}. So it is None, which is not zero.",
    "not_among_inputs": "{leaf} got no gradient: it is not among inputs=.",
    "zero_not_none": "{grad} is 0 and not None: a path leads from {leaf} to {output}, and the derivative along it is"
    " 0.",
    "hook_changed": "The hook {hook} changed the gradient of {name}: {before} came in, {after} went on (at v as"
    " written).",
    "hook_same": "The hook {hook} saw the gradient of {name} and left it as it was.",
    "retained": "{name} is no leaf; retain_grad() keeps its gradient in {name}.grad.",
    # ------------------------------------------------------------ remarks on cards
    "card_renamed": "the name {name} now stands for something else",
    "card_middle": ("{n} operation, not drawn one by one", "{n} operations, not drawn one by one"),
    "card_module_hook": "a module's backward hook sees what passes here",
    "card_custom": "a function of your own: what it computes inside is not recorded",
    "card_unrecorded": "not recorded: made before this cell, or out of its sight",
    "card_written_since": "changed in place since",
    "card_cut": "cut by {what}",
    "card_no_grad": "computed without a graph",
    "card_no_requires": "requires_grad=False",
    "card_none": "None: no path to {output}",
    "card_freed": "freed{where}",
    "card_held": "held {held} before",
    "card_saved": "saved version {expected} of {name}",
    "card_wrote": "wrote over it: version {found}, not {expected}",
    "card_not_leaf": ".grad is None: no leaf",
    "card_first_bad": "the first {bad}",
    "card_first_bad_gradient": "the first {bad} gradient",
    "card_v": "v is {leaf} itself",
    "card_gradient": "a gradient, with a graph",
    "card_accumulate": "AccumulateGrad",
    "card_zero": "0, not None",
    "card_hook": "hook: {hook}",
    "card_retained": "kept by retain_grad()",
    "card_copy": "a copy, still in the graph",
    # ------------------------------------------------------------ what a drawing leaves out
    "leaves_together": "so many leaves that those used alike share a card",
    "constants_left_out": "not every tensor without a gradient is drawn",
    "complex": "Gradients of complex values have two parts each and are not drawn; they take part all the same.",
    "shapes_unknown": "some shapes are not known: {error}",
    "rows_not_taken": "the rows of J could not be taken: {error}",
    "cannot_move": "the sliders cannot move this: {error}",
    # ------------------------------------------------------------ cards
    "leaf": "leaf",
    "data": "data",
    "again": "{what}, again",
    "operations": ("{n} operation", "{n} operations"),
    "leaves": ("{n} leaf", "{n} leaves"),
    "times": ("once", "{n} times"),
    "value": "value",
    "grad": "grad",
    "no_gradient": "no gradient",
    "shape": "shape {shape}",
    "line": "line {line}",
    "of_operations": "{what} of {operations}",
    "no_leaf": "no leaf",
    "summary": "Graph of {output}, from {leaves}, in {operations}",
    "describe": "{name}: {kind}{made}, shape {shape}.",
    "made_from": " from {names}",
    "closed": "<Exploration, closed>",
    "above": "(above)",
    "more_operations": "... {n} more operations and leaves",
    "note": "Note: {text}",
    "with_j": "{grads} = Jᵀ v, with J = ∂{output}/∂{leaf}",
    # ------------------------------------------------------------ the page's own labels
    "page_weights": "Weights v",
    "page_gradients": "Gradients",
    "page_graph": "Graph",
    "page_code": "Code",
    "page_copy": "copy image",
    "page_copy_title": "Copy the graph as an image",
    "page_copied": "copied",
    "page_copy_saved": "saved as {{0}}",
    "page_copy_failed": "this browser could not make the image",
    "page_written": "as written",
    "page_one": "one",
    "page_ones": "ones",
    "page_zero": "zero",
    "page_zeros": "zeros",
    "page_random": "random",
    "page_tell_written": "v as the cell wrote it",
    "page_tell_ones": "v = 1 everywhere: the gradient of the sum",
    "page_tell_zeros": "v = 0 everywhere",
    "page_tell_random": "v from a normal distribution",
    "page_tell_hot": "{{0}} = 1, the rest 0: one row of J",
    "page_set_all": "Set all of v",
    "page_hot": "One-hot v",
    "page_some": "{{0}} of the {{1}} entries of v have a slider.",
    "page_index": "Index of an entry of v",
    "page_add": "add slider",
    "page_held": "held before",
    "page_what_it_held": "what it held",
    "page_the_rest": "the rest",
    "page_symbol_held": "held",
    "page_symbol_rest": "rest",
    "page_no_gradient": "no gradient reaches a leaf",
    "page_more": "{{0}} more",
    "page_shape": "shape {{0}}",
    "page_first": "the first {{0}} entries",
    "page_type": "{{0}}, type any number",
    "page_weight_of": "the weight of {{0}}",
    # ------------------------------------------------------------ hints for the errors of a library
    "hint_torch": "import torch first, or import engine as torch; %%backward --as torch needs neither.",
    "hint_list": "the weights v must be a tensor of the output's shape: y.backward(torch.tensor([...])).",
    "hint_number": "backward takes a tensor, not a number: y.backward(torch.tensor(1.0)).",
    "hint_shape": "v has one weight for each entry of the output, so it must have the output's shape; for a scalar"
    " output that is torch.tensor(1.0), or no argument at all.",
    "hint_creator": "since PyTorch 0.4 it is called grad_fn: None for a leaf, a backward node for a result.",
    "hint_scalar": "the output has several entries, and v says how much each counts: y.backward(torch.ones_like(y))"
    " adds up their gradients; or make one number of them first, with y.sum() or y.mean().",
    "hint_freed": "the first backward freed what it had saved; write retain_graph=True in it to go through the graph"
    " again.",
    "hint_no_graph": "no path leads from this tensor to one made with requires_grad=True: detach(), .data, no_grad() or"
    " a new torch.tensor(...) may have cut it.",
    "hint_in_place": "an operation saved this tensor for its derivative, and a later one (+=, add_, x[...] = ...) wrote"
    " over it: write a new tensor instead (y = y + 1), or change a clone().",
    "hint_leaf": "the graph starts at this tensor, so it cannot be overwritten while it is recorded: wrap the update in"
    " torch.no_grad(), or make a new tensor.",
    "hint_numpy": "NumPy keeps no graph; x.detach().numpy() says that you know.",
    "hint_unused": "the output does not depend on this input; allow_unused=True gives None for it.",
    "hint_dtype": "write the numbers with a decimal point (2., not 2), or give dtype=torch.float32.",
}
