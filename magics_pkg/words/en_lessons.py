"""What a cell teaches, in English: the questions that people ask."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    "weights": "v says how much each entry of {output} counts: differentiating {sum} gives {grad}.",
    "needs_weights": "{output} has {n} entries, and each has a gradient of its own: v must say how much each counts."
    " {call} counts all alike.",
    "one_hot": "v is 1 at {entry} and 0 elsewhere, so this is one row of the Jacobian J: {row}. One backward"
    " is one vector-Jacobian product; the whole J takes one for each entry of {output}.",
    "freed": "This backward freed its graph: another one through it raises an error, unless this one has"
    " retain_graph=True. The panel keeps a copy of its own.",
    "second_time": "The backward{first} freed what {what} had saved, and the one{second} needs it again: write"
    " retain_graph=True in the first.",
    "accumulated_many": "{grads} were not empty before this backward, so the new gradients were added to what was"
    " there. Set them to None, or call zero_grad(), to start anew.",
    "accumulated": (
        "{grads} was not empty before this backward, so the new gradient was added to what was there: {held}."
        " Set it to None, or call zero_grad(), to start anew.",
        "{grads} were not empty before this backward, so the new gradients were added to what was there: {held}."
        " Set them to None, or call zero_grad(), to start anew.",
    ),
    "no_graph_none": "No path leads from {output} to a tensor with requires_grad=True, so there is no graph to go back"
    " through.",
    "no_graph_data": (
        "{leaf} was made without requires_grad=True, so {output} has no graph: write it where {leaf} is made.",
        "{leaf} were made without requires_grad=True, so {output} has no graph: write it where one of them is made.",
    ),
    "no_graph_frozen": (
        "{leaf} is frozen (requires_grad=False), so {output} has no graph: {leaf}.requires_grad_() lets it have one.",
        "{leaf} are frozen (requires_grad=False), so {output} has no graph: requires_grad_() on one lets it have one.",
    ),
    "no_graph_new": "{what}{where} takes Python's numbers, which carry no graph, so {output} has none: compute it from"
    " the tensors themselves, without .item() or torch.tensor(...).",
    "no_graph_linear": "The gradient that autograd.grad{where} gave is constant, since what it differentiates is"
    " linear: so {output} has no graph, create_graph=True or not.",
    "no_graph_whole": "{what}{where} has no derivative, so the path from {leaf} to {output} ends there.",
    "no_graph_late": "{leaf} did not have requires_grad=True yet when {what}{where} was computed, so {output} has no"
    " graph: write it where {leaf} is made.",
    "no_graph_cut": "{leaf} has requires_grad=True, but {what}{where} cuts the path to {output}: it was computed"
    " without a graph.",
    "no_graph_grad": "{output} came from {call}{where} without create_graph=True, so it has no graph of its own"
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
    " is a {order} derivative.",
    "order_2": "second",
    "order_3": "third",
    "order_more": "{n}th",
    "walked": "Each card of an operation is a node of this graph: {output}.grad_fn is {op}, its next_functions are the"
    " cards above it, and at a leaf the walk ends in AccumulateGrad.",
    "no_path": (
        "{leaf} got no gradient: no path leads from it to {output}. So it is None, which is not zero.",
        "{leaf} got no gradient: no path leads from them to {output}. So they are None, which is not zero.",
    ),
    "materialized": "No path leads from {leaf} to {output}: its gradient would be None, and materialize_grads=True"
    " makes zeros of that.",
    "not_among_inputs": (
        "{leaf} got no gradient: it is not among inputs=.",
        "{leaf} got no gradient: they are not among inputs=.",
    ),
    "zero_not_none": "{grad} is 0 and not None: a path leads from {leaf} to {output}, and the derivative along it is"
    " 0.",
    "zeros_not_none": "{grads} are 0 and not None: paths lead from these leaves to {output}, and the derivatives along"
    " them are 0.",
    "hook_changed": (
        "The hook {hook} changed the gradient of {name}: {before} came in, {after} went on (at v as written).",
        "The hooks {hook} changed the gradient of {name}: {before} came in, {after} went on (at v as written).",
    ),
    "hook_same": (
        "The hook {hook} saw the gradient of {name} and left it as it was.",
        "The hooks {hook} saw the gradient of {name} and left it as it was.",
    ),
    "retained": (
        "{name} is no leaf; retain_grad() keeps its gradient in {name}.grad.",
        "{name} are no leaves; retain_grad() keeps the gradient of each in its .grad.",
    ),
    "and_more_such": ("One more gradient has such a hook.", "{n} more gradients have such hooks."),
    "freed_before": "A backward before this cell freed what {what} had saved: compute {output} again, or write"
    " retain_graph=True in that backward.",
    "second_time_again": "The backward{where} has run before and freed what {what} had saved, and now needs it again:"
    " compute {what} anew each time, or write retain_graph=True.",
    "second_time_carried": "The graph of this round goes on into that of the round before, where the backward{where}"
    " freed what {what} had saved: detach() what one round hands to the next, or call backward once, after the loop.",
    "second_time_within": "{source}{where} goes backward twice: the first time freed what {what} had saved, and the"
    " second needs it again: write retain_graph=True in the first.",
    "needs_shape": "{output} has shape {shape}, and v has shape {given}: v must have one weight for each entry of"
    " {output}.",
    "held_zero": (
        "{grads} was 0 before this backward, so adding to it changed nothing.",
        "{grads} were 0 before this backward, so adding to them changed nothing.",
    ),
    "card_freed_before": "freed before this cell",
    "then_nan": "Out of that {what}{where} made the first NaN.",
    "given_bad": "{name} held {bad} already when this graph began{where}: no operation here made it.",
    "card_given_bad": "held {bad} from the start",
    "card_saved_value": "saved version {expected} of a value",
    "not_a_leaf_inside": "{name}.grad is None: {name} is the result of {what}{where}, and the leaf is {leaf} inside"
    " of it: that has the gradient, and no name. Write requires_grad_() after all of it, and {name} is the leaf.",
    "not_asked": "{name}.grad is None: {name} has requires_grad=False.",
    "read_early": "{name}.grad is None{where}: no backward has run before that.",
    "unused_input": "No path leads from {leaf} to {output}, so autograd.grad has nothing to give for {leaf}:"
    " allow_unused=True makes it None.",
    "batched": "is_grads_batched=True takes several v at once, which no sliders can move: here is the graph alone.",
    "unseen": "The gradients on the way, nan here, are known as soon as a slider has been moved.",
}
