"""Builds an ONNX graph from expressions that read as NumPy: `((image - paper) / scale).floor()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Operand: TypeAlias = "Value | int | float | NDArray[Any]"
Branch: TypeAlias = "Callable[[Value], Value]"
Step: TypeAlias = "Callable[[Value, Value], Value]"


@dataclass
class GraphBuilder:
    """Nodes and constants of a graph in the order in which they were added; names are numbers after a prefix.

    Attributes:
        opset: version of ONNX's operators.
        prefix: of all names.
    """

    opset: int
    prefix: str = "prepare_"
    nodes: list[Any] = field(default_factory=list)
    constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, NDArray[Any]]] = field(default_factory=dict)

    def input(self, name: str, dtype: DTypeLike) -> Value:
        """Return the input of the graph with this name."""
        return Value(self, name, np.dtype(dtype))

    def constant(self, value: object, dtype: DTypeLike) -> Value:
        """Return a constant; equal ones are stored once."""
        array = np.asarray(value, dtype=dtype)
        key = array.dtype.str, array.shape, array.tobytes()
        name, _ = self.constants.setdefault(key, (f"{self.prefix}constant{len(self.constants)}", array))
        return Value(self, name, array.dtype)

    def op(
        self, kind: str, *inputs: Operand, dtype: DTypeLike | None = None, outputs: int = 1, **attributes: Any
    ) -> Value:
        """Add a node.

        Args:
            kind: name of the operator.
            inputs: values; numbers and arrays become constants of the first value's dtype.
            dtype: of the result, if it is not that of the first value.
            outputs: of the operator; the first one is returned.
            attributes: of the operator.
        """
        import onnx  # an optional package

        own = next(one.dtype for one in inputs if isinstance(one, Value))
        values = [one if isinstance(one, Value) else self.constant(one, own) for one in inputs]
        name = f"{self.prefix}{len(self.nodes)}"
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        self.nodes.append(onnx.helper.make_node(kind, [one.name for one in values], names, name=name, **attributes))
        return Value(self, name, own if dtype is None else np.dtype(dtype))

    def named(self, value: Value, name: str) -> Value:
        """Return a value under the name of an output of the graph."""
        import onnx

        self.nodes.append(onnx.helper.make_node("Identity", [value.name], [name], name=f"{self.prefix}{name}"))
        return Value(self, name, value.dtype)

    def choice(
        self, condition: Value, yes: Branch, no: Branch, given: Value, shape: Sequence[str | int | None]
    ) -> Value:
        """Return one of two results, of which only that one is computed.

        Args:
            condition: bool [1].
            yes, no: return the result for a value of another builder; `yes` where the condition is true.
            given: the value.
            shape: of the result; texts name lengths that are not known.
        """
        import onnx

        branches, place = [], len(self.nodes)
        for number, branch in enumerate((yes, no)):
            body = GraphBuilder(self.opset, f"{self.prefix}{place}_{number}_")
            result = branch(body.outside(given))
            made = body.named(result, f"{body.prefix}result")
            kind = onnx.helper.np_dtype_to_tensor_dtype(made.dtype)
            branches.append(body.graph("branch", [], [onnx.helper.make_tensor_value_info(made.name, kind, shape)]))
        return self.op("If", condition, dtype=made.dtype, then_branch=branches[0], else_branch=branches[1])

    def repeated(self, count: Value, start: Value, step: Step) -> Value:
        """Return `start` after so many steps.

        Args:
            count: int64 [1].
            start: of rank 4; all results have its shape.
            step: returns the next result from the number of the step, int64 scalar from 0, and the last result; both
                are of another builder, see `outside`.
        """
        import onnx

        body = GraphBuilder(self.opset, f"{self.prefix}{len(self.nodes)}_step_")
        number, going, last = (
            body.input(f"{body.prefix}{name}", kind)
            for name, kind in (("number", np.int64), ("going", bool), ("last", start.dtype))
        )
        made = body.named(step(number, last), f"{body.prefix}next"), body.named(going, f"{body.prefix}on")
        infos = [
            onnx.helper.make_tensor_value_info(one.name, onnx.helper.np_dtype_to_tensor_dtype(one.dtype), shape)
            for one, shape in ((number, []), (going, []), (last, [None] * 4), (made[1], []), (made[0], [None] * 4))
        ]
        times = self.op("Squeeze", count, self.constant([0], np.int64))
        always = self.constant(True, bool)
        return self.op("Loop", times, always, start, dtype=start.dtype, body=body.graph("step", infos[:3], infos[3:]))

    def outside(self, value: Value) -> Value:
        """Return a value of the graph around this one."""
        return Value(self, value.name, value.dtype)

    def graph(self, name: str, inputs: list[Any], outputs: list[Any]) -> Any:
        """Return the graph, an `onnx.GraphProto`, with inputs and outputs as `onnx.ValueInfoProto`."""
        import onnx

        held = [onnx.numpy_helper.from_array(array, constant) for constant, array in self.constants.values()]
        return onnx.helper.make_graph(self.nodes, name, inputs, outputs, initializer=held)


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of a graph: its name and dtype. Arithmetic adds nodes; both sides must have one dtype."""

    builder: GraphBuilder
    name: str
    dtype: np.dtype[Any]

    def __add__(self, other: Operand) -> Value:
        return self.builder.op("Add", self, other)

    def __sub__(self, other: Operand) -> Value:
        return self.builder.op("Sub", self, other)

    def __mul__(self, other: Operand) -> Value:
        return self.builder.op("Mul", self, other)

    def __truediv__(self, other: Operand) -> Value:
        """Divide; integers are rounded towards zero."""
        return self.builder.op("Div", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self.builder.constant(other, self.dtype) / self

    def __rsub__(self, other: float) -> Value:
        return self.builder.constant(other, self.dtype) - self

    def __and__(self, other: Value) -> Value:
        return self.builder.op("And", self, other)

    def __invert__(self) -> Value:
        return self.builder.op("Not", self)

    def below(self, other: Operand) -> Value:
        """Return where this is less."""
        return self.builder.op("Less", self, other, dtype=bool)

    def above(self, other: Operand) -> Value:
        """Return where this is greater."""
        return self.builder.op("Greater", self, other, dtype=bool)

    def equals(self, other: Operand) -> Value:
        """Return where both are equal."""
        return self.builder.op("Equal", self, other, dtype=bool)

    def at_least(self, other: Operand) -> Value:
        """Return the larger of both."""
        return self.builder.op("Max", self, other)

    def at_most(self, other: Operand) -> Value:
        """Return the smaller of both."""
        return self.builder.op("Min", self, other)

    def where(self, yes: Value, no: Value) -> Value:
        """Return `yes` where this is true, else `no`."""
        return self.builder.op("Where", self, yes, no, dtype=yes.dtype)

    def to(self, dtype: DTypeLike) -> Value:
        """Convert to another dtype; floats are cut off towards zero."""
        import onnx

        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        return self.builder.op("Cast", self, dtype=wanted, to=onnx.helper.np_dtype_to_tensor_dtype(wanted))

    def floor(self) -> Value:
        """Round down."""
        return self.builder.op("Floor", self)

    def ceil(self) -> Value:
        """Round up."""
        return self.builder.op("Ceil", self)

    def round(self) -> Value:
        """Round to the nearest integer, halves to the even one."""
        return self.builder.op("Round", self)

    def length(self, axis: int) -> Value:
        """Return the length of an axis, int64 [1]."""
        return self.builder.op("Shape", self, dtype=np.int64, start=axis, end=axis + 1)

    def take(self, index: Value | list[int], axis: int) -> Value:
        """Return the values at int64 indices [K] of an axis."""
        place = index if isinstance(index, Value) else self.builder.constant(index, np.int64)
        return self.builder.op("Gather", self, place, axis=axis)

    def part(self, start: Operand, end: Operand, axis: int) -> Value:
        """Return the values of an axis from `start` up to `end` without it, both int64 [1]."""
        make = self.builder.constant
        bounds = [one if isinstance(one, Value) else make(one, np.int64) for one in (start, end)]
        return self.builder.op("Slice", self, *bounds, make([axis], np.int64))

    def shaped(self, *shape: int) -> Value:
        """Return these values in another shape: 0 keeps the length of an axis, -1 takes the rest."""
        return self.builder.op("Reshape", self, self.builder.constant(shape, np.int64))

    def largest(self, *axes: int) -> Value:
        """Return the maximum over axes, which keep the length 1."""
        return self._reduced("ReduceMax", axes)

    def smallest(self, *axes: int) -> Value:
        """Return the minimum over axes, which keep the length 1."""
        return self._reduced("ReduceMin", axes)

    def _reduced(self, kind: str, axes: tuple[int, ...]) -> Value:
        if self.builder.opset < 18:
            return self.builder.op(kind, self, axes=list(axes), keepdims=1)
        return self.builder.op(kind, self, self.builder.constant(axes, np.int64), keepdims=1)
