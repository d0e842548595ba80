"""What a cell teaches, in Simplified Chinese."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    "weights": "v 表示 {output} 的每个元素占多大权重：{grad} 是 {sum} 的梯度。",
    "needs_weights": "{output} 有 {n} 个元素，每个元素各有自己的梯度：必须用 v 说明各占多大权重。"
    "{call} 表示权重都是 1。",
    "one_hot": "v 在 {entry} 处为 1，其余为 0，所以这是雅可比矩阵 J 的一行：{row}。"
    "一次反向传播就是一次向量-雅可比积；要得到整个 J，{output} 的每个元素各需一次。",
    "freed": "这次反向传播释放了计算图：再次反向传播会报错，除非这一次写了 retain_graph=True。面板自己留有一份副本。",
    "second_time": "反向传播{first}已经释放了 {what} 保存的值，而另一次{second}还需要它："
    "请在第一次里写 retain_graph=True。",
    "accumulated_many": "这次反向传播之前 {grads} 不是空的，所以新的梯度累加到了原有的值上。"
    "要重新开始，请把它们设为 None，或者调用 zero_grad()。",
    "accumulated": (
        "这次反向传播之前 {grads} 不是空的，所以新的梯度累加到了原有的值上：{held}。"
        "要重新开始，请把它设为 None，或者调用 zero_grad()。",
    ),
    "no_graph_none": "{output} 没有路径通向任何 requires_grad=True 的张量，所以没有可以反向传播的计算图。",
    "no_graph_data": (
        "创建 {leaf} 时没有写 requires_grad=True，所以 {output} 没有计算图：请在创建 {leaf} 的地方写上。",
    ),
    "no_graph_frozen": (
        "{leaf} 被冻结了（requires_grad=False），所以 {output} 没有计算图：对其中一个调用 requires_grad_() 即可。",
    ),
    "no_graph_new": "{what}{where}用的是 Python 的数，它们不带计算图，所以 {output} 没有计算图：请直接用张量计算，"
    "不要经过 .item() 或 torch.tensor(...)。",
    "no_graph_linear": "autograd.grad{where}给出的梯度是常数，因为被求导的是线性函数：所以 {output} 没有计算图，"
    "写不写 create_graph=True 都一样。",
    "no_graph_whole": "{what}{where}没有导数，所以从 {leaf} 到 {output} 的路径到此为止。",
    "no_graph_late": "计算 {what}{where}时 {leaf} 还没有 requires_grad=True，所以 {output} 没有计算图："
    "请在创建 {leaf} 的地方写上。",
    "no_graph_cut": "{leaf} 是 requires_grad=True，但是 {what}{where}切断了通向 {output} 的路径："
    "它是在没有计算图的情况下算出来的。",
    "no_graph_grad": "{output} 来自没有写 create_graph=True 的 {call}{where}，所以它自己没有计算图，不能再求导。",
    "written_over": "{what}{where}覆盖了 {saver} 为求导而保存的值：保存时是版本 {expected}，现在是版本 {found}。",
    "written_leaf": "{leaf} 是叶子张量：它的 .grad 属于它现在的值，所以在记录计算图时不允许原地修改它。"
    "{what}{where}正是这样做的；放在 torch.no_grad() 里就可以。",
    "not_a_leaf": "{name}.grad 是 None：{name} 不是叶子张量，而是 {what}{where}的结果，反向传播只保留叶子张量的梯度。"
    "要保留它，请在 backward 之前调用 {name}.retain_grad()。",
    "overwritten": "{name}.grad 是 None：名字 {name} 现在指向 {what}{where}的结果，不再是原来创建的叶子张量{made}。"
    "梯度在那个叶子张量上。",
    "cut": "{what}{where}切断了路径：没有梯度从这里流回去。",
    "cut_no_grad": "{what}{where}是在没有计算图的情况下算出来的（no_grad）：没有梯度经过它流回 {leaf}。",
    "cloned": "{what}{where}是仍在计算图中的副本：clone() 不切断路径，梯度会经过它。",
    "first_bad": "{what}{where}第一个产生了 {bad}：它的输入都是有限的数。",
    "first_bad_gradient": "反向传播时，{what}{where}由有限的梯度第一个产生了 {bad} 梯度。",
    "zero_times_inf": "反向传播时，{what}{where}由有限的梯度第一个产生了 NaN 梯度：在 {entry} 处它得到 0，"
    "而它在那里的导数是无穷大，0 × inf 就是 NaN。",
    "v_is_leaf": "v 就是 {leaf} 本身：{leaf}.grad = Jᵀ {leaf}，即导数乘以 {leaf}。"
    "只要导数，请写 backward(torch.ones_like({leaf}))。",
    "v_is_leaf_identity": "v 就是 {leaf} 本身，而 {output} 就是 {leaf}：J 是单位矩阵，"
    "所以 {leaf}.grad = Jᵀ {leaf} = {leaf}。"
    "只要导数 1，请写 backward(torch.ones_like({leaf}))。",
    "created": "create_graph=True：梯度有自己的计算图，可以再次求导。",
    "second_derivative": "{output} 本身就是用 create_graph=True 得到的梯度{where}，所以到达 {grad} 的是{order}导数。",
    "order_2": "二阶",
    "order_3": "三阶",
    "order_more": " {n} 阶",
    "walked": "每张运算卡片就是计算图的一个节点：{output}.grad_fn 是 {op}，它的 next_functions 是它上面的卡片，"
    "到叶子张量处以 AccumulateGrad 结束。",
    "no_path": ("{leaf} 没有梯度：没有路径从它通向 {output}。所以是 None，而不是零。",),
    "materialized": "没有路径从 {leaf} 通向 {output}：它的梯度本来是 None，materialize_grads=True 把它变成了零。",
    "not_among_inputs": ("{leaf} 没有梯度：它不在 inputs= 之中。",),
    "zero_not_none": "{grad} 是 0 而不是 None：有路径从 {leaf} 通向 {output}，只是沿这条路径的导数为 0。",
    "zeros_not_none": "{grads} 是 0 而不是 None：有路径从这些叶子张量通向 {output}，只是沿这些路径的导数为 0。",
    "hook_changed": (
        "钩子 {hook} 改变了 {name} 的梯度：进来的是 {before}，继续向后传的是 {after}（v 取单元格中所写的值）。",
    ),
    "hook_same": ("钩子 {hook} 看到了 {name} 的梯度，但没有改变它。",),
    "retained": ("{name} 不是叶子张量；retain_grad() 把梯度保留在各自的 .grad 中。",),
    "and_more_such": ("另外 {n} 个梯度也有这样的钩子。",),
    "freed_before": "这个单元格之前的一次反向传播已经释放了 {what} 保存的值：请重新计算 {output}，"
    "或者在那一次里写 retain_graph=True。",
    "second_time_again": "反向传播{where}已经运行过一次，释放了 {what} 保存的值，而现在又需要它："
    "请每次重新计算 {what}，或者写 retain_graph=True。",
    "second_time_carried": "这一轮的计算图连着上一轮的计算图，而那里的反向传播{where}已经释放了 {what} 保存的值："
    "请对传给下一轮的张量调用 detach()，或者在循环结束后只做一次反向传播。",
    "second_time_within": "{source}{where}做了两次反向传播：第一次释放了 {what} 保存的值，而第二次还需要它："
    "请在第一次里写 retain_graph=True。",
    "needs_shape": "{output} 的形状是 {shape}，而 v 的形状是 {given}：v 必须对 {output} 的每个元素各有一个权重。",
    "held_zero": ("这次反向传播之前 {grads} 是 0，所以累加没有改变结果。",),
    "card_freed_before": "在这个单元格之前已释放",
    "then_nan": "{what}{where}由此第一个产生了 NaN。",
    "given_bad": "计算开始之前 {name} 就已含有 {bad}{where}：它不是这里的任何运算产生的。",
    "card_given_bad": "本来就含有 {bad}",
    "card_saved_value": "保存了某个值的版本 {expected}",
    "not_a_leaf_inside": "{name}.grad 是 None：{name} 是 {what}{where}的结果，叶子张量是其中的 {leaf}："
    "梯度在它那里，而它没有名字。请在整个表达式之后写 requires_grad_()，这样 {name} 就是叶子张量。",
    "not_asked": "{name}.grad 是 None：{name} 的 requires_grad=False。",
    "read_early": "{name}.grad 在此处{where}是 None：之前还没有运行过反向传播。",
    "unused_input": "没有路径从 {leaf} 通向 {output}，所以 autograd.grad 给不出 {leaf} 的梯度："
    "写 allow_unused=True 则得到 None。",
    "batched": "is_grads_batched=True 一次使用多个 v，滑块无法移动它们：这里只有计算图。",
    "unseen": "途中的梯度（此处显示为 nan）在移动一次滑块之后就会知道。",
}
