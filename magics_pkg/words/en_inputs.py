"""English: inputs that are moved."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    # ------------------------------------------------------------ the line, and numbers
    "inputs_above_cell": "--inputs runs the operations of a cell again: %%backward --inputs",
    "wants_leaves": "{flag} takes names of leaves, like x,w",
    "help_inputs": "sliders for the entries of these leaves, or of all: the recorded operations run again on copies",
    "input_leaf": "--inputs: the leaf",
    "input_wants": "{name} takes numbers, in its shape {shape}",
    "input_shape": "{name} has shape {wanted}, not {found}",
    # ------------------------------------------------------------ what cannot be run again
    "again_at": "line {line}, {source},",
    "again_generator": "{call} draws random numbers from a generator of its own, which cannot be drawn again.",
    "again_autocast": "{call} ran under autocast, and is not run again.",
    "again_unknown": "{call} made a tensor whose numbers cannot be read, as inside vmap or func.grad.",
    "again_value": "a tensor from outside of the cell has numbers that cannot be read.",
    "again_custom": "{name} is a function of the program's own, which does not run a second time.",
    "again_earlier": "a part of the graph was made before this cell or block, or out of sight, so it cannot be computed"
    " again.",
    "again_number": "with these inputs {where} gives {n} tensors in place of {was}, and the rest cannot be followed.",
    "again_shape": "with these inputs {where} has shape {now} in place of {was}, and the rest cannot be followed.",
    "again_error": "with these inputs {where} raises {error}",
    "again_differs": "{where} did not come to the cell's own result when it was computed again.",
    "again_unseen": "{where} is given what no recorded call has changed, but an optimizer, NumPy or .data.",
    "again_no_cell": "only calls that are recorded run again: %%backward --inputs, or with explore(inputs=True).",
    "again_hook": "a hook takes part in this backward pass, and the program's own code runs only once.",
    "again_much": "the cell made more calls than are kept.",
    "again_none": "no recorded call leads from a leaf to the output.",
    "again_other": "with these inputs the graph is another one.",
    "inputs_stuck": "The inputs cannot be moved: {why}",
    "inputs_refused": "Not computed: {why} The panel shows the inputs before.",
    "inputs_copies": "Computed on copies: in the notebook {names} keep their values, and .grad is theirs at this v.",
    "inputs_saved": "The inputs, {names}, move only with a running kernel.",
    "inputs_saved_moved": "Here an input is not as the cell has it: {inputs}.",
    "branch": "{where} was {was} when the cell ran and is {now} with these inputs: what is drawn is the path that was"
    " recorded.",
    "branch_number": "{where} gave Python {was} when the cell ran and gives {now} with these inputs: what the cell did"
    " with it is as recorded.",
    "page_inputs": "Inputs",
    "page_tell_inputs": "The inputs as the cell has them",
    "page_rerun": "copy the cell with these inputs",
    "page_tell_rerun": "Paste it into a cell and run that: it takes the path that these inputs take",
    "page_input_index": "Entry of an input, such as {{0}}",
    "page_some_inputs": "{{0}} of the {{1}} entries of the inputs have a slider.",
}
