"""The small language of a metric: `count_if(act == "close") / count(*)`, read once into plain dataclasses.

Only the declarations of modules are written in it, never anything that comes from outside; whoever runs a metric walks
the dataclasses and gives values as parameters. Conditions: `==  !=  <  <=  >  >=  in  is null  is not null  and  or
not` over columns of the fact, strings, numbers and true or false. Aggregates: `count(*)`, `count_if(c)`,
`count_distinct(x[, c])`, `sum(x[, c])`, `mean(x[, c])`, `median(x[, c])`, `p90(x[, c])`, and one `/` between two of the
first three kinds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Value = str | int | float | bool


class NotUnderstood(ValueError):
    """An expression that is not one of this language."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`left` stands in this relation to a value or another column of the same row; never true of nothing."""

    left: str
    sign: str  # == != < <= > >=
    right: Value | Column


@dataclass(frozen=True, slots=True)
class IsNull:
    column: str


@dataclass(frozen=True, slots=True)
class OneOf:
    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Compare | IsNull | OneOf | Both | Either | Not


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows."""

    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    column: str
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class CountDistinct:
    """How many different ones: of two groups together not the sum."""

    column: str
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Quantile:
    """The value that `share` of the rows do not exceed, between two rows in proportion; rows without one left out."""

    column: str
    share: float
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """Divided last: of several groups together the sum of the tops by the sum of the bottoms."""

    top: Count | Sum | CountDistinct
    bottom: Count | Sum | CountDistinct


Aggregate = Count | Sum | CountDistinct | Quantile
Expression = Aggregate | Ratio
SIGNS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
NULL, WORDS = "null", {"true": True, "false": False}


def is_additive(expression: Expression) -> bool:
    """Whether the whole follows from the parts: not for medians, nor where different ones are counted."""
    if isinstance(expression, Ratio):
        return is_additive(expression.top) and is_additive(expression.bottom)
    return isinstance(expression, Count | Sum)


def read_condition(text: str) -> Condition:
    """A condition. Raises NotUnderstood."""
    return _condition(_tree(text))


def read_expression(text: str) -> Expression:
    """An expression. Raises NotUnderstood."""
    tree = _tree(text.replace("(*)", "()"))
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
        top, bottom = _aggregate(tree.left), _aggregate(tree.right)
        if isinstance(top, Count | Sum | CountDistinct) and isinstance(bottom, Count | Sum | CountDistinct):
            return Ratio(top, bottom)
        raise NotUnderstood("a ratio is of counts and sums")
    return _aggregate(tree)


def columns_of(part: Expression | Condition | None) -> Iterator[str]:
    """Every column named."""
    match part:
        case Compare(left, _sign, right):
            yield left
            if isinstance(right, Column):
                yield right.name
        case IsNull(column) | OneOf(column, _):
            yield column
        case Both(parts) | Either(parts):
            for one in parts:
                yield from columns_of(one)
        case Not(one):
            yield from columns_of(one)
        case Count(where):
            yield from columns_of(where)
        case Sum(column, where) | CountDistinct(column, where) | Quantile(column, _, where):
            yield column
            yield from columns_of(where)
        case Ratio(top, bottom):
            yield from columns_of(top)
            yield from columns_of(bottom)


def literals_of(part: Expression | Condition | None) -> Iterator[tuple[str, Value]]:
    """(column, value) of every comparison with something written down."""
    match part:
        case Compare(left, _sign, right) if not isinstance(right, Column):
            yield left, right
        case OneOf(column, values):
            for value in values:
                yield column, value
        case Both(parts) | Either(parts):
            for one in parts:
                yield from literals_of(one)
        case Not(one):
            yield from literals_of(one)
        case Count(where) | Sum(_, where) | CountDistinct(_, where) | Quantile(_, _, where):
            yield from literals_of(where)
        case Ratio(top, bottom):
            yield from literals_of(top)
            yield from literals_of(bottom)


def aggregates_of(expression: Expression) -> tuple[Aggregate, ...]:
    return (expression.top, expression.bottom) if isinstance(expression, Ratio) else (expression,)


def both(*conditions: Condition | None) -> Condition | None:
    """All of these that are there."""
    there = tuple(one for one in conditions if one is not None)
    return Both(there) if len(there) > 1 else (there[0] if there else None)


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as wrong:
        raise NotUnderstood(text) from wrong


def _aggregate(node: ast.expr) -> Aggregate | Ratio:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        raise NotUnderstood(ast.unparse(node))
    name, given = node.func.id, node.args
    if name == "count" and not given:
        return Count()
    if name == "count_if" and len(given) == 1:
        return Count(_condition(given[0]))
    if len(given) not in {1, 2}:
        raise NotUnderstood(ast.unparse(node))
    column = _name(given[0])
    where = _condition(given[1]) if len(given) == 2 else None
    match name:
        case "sum":
            return Sum(column, where)
        case "count_distinct":
            return CountDistinct(column, where)
        case "mean":
            return Ratio(Sum(column, where), Count(both(Not(IsNull(column)), where)))
        case "median":
            return Quantile(column, 0.5, where)
        case "p90":
            return Quantile(column, 0.9, where)
    raise NotUnderstood(f"there is no {name}()")


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op, values):
            parts = tuple(_condition(one) for one in values)
            return Both(parts) if isinstance(op, ast.And) else Either(parts)
        case ast.UnaryOp(ast.Not(), operand):
            return Not(_condition(operand))
        case ast.Name():
            return Compare(_name(node), "==", True)
        case ast.Compare(left, [sign], [right]):
            return _comparison(_name(left), sign, right)
    raise NotUnderstood(ast.unparse(node))


def _comparison(left: str, sign: ast.cmpop, right: ast.expr) -> Condition:
    if isinstance(sign, ast.Is | ast.IsNot):
        negated = isinstance(sign, ast.IsNot)
        if _name(right) != NULL:
            raise NotUnderstood("only null is or is not")
        return Not(IsNull(left)) if negated else IsNull(left)
    if isinstance(sign, ast.In) and isinstance(right, ast.Tuple | ast.List):
        return OneOf(left, tuple(_value(one) for one in right.elts))
    if type(sign) not in SIGNS:
        raise NotUnderstood(ast.dump(sign))
    if isinstance(right, ast.Name) and right.id not in WORDS:
        return Compare(left, SIGNS[type(sign)], Column(right.id))
    return Compare(left, SIGNS[type(sign)], _value(right))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise NotUnderstood(f"a column, not {ast.unparse(node)}")


def _value(node: ast.expr) -> Value:
    if isinstance(node, ast.Name) and node.id in WORDS:
        return WORDS[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value
    raise NotUnderstood(f"a value, not {ast.unparse(node)}")
