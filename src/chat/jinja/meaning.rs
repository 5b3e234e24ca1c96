//! Gives a parsed template Python's meaning: every operation that Jinja leaves to Python becomes a
//! filter of ours, under a name that no template can spell.

use std::borrow::Cow;

use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    self, BinOpKind, CallArg, CompareOpKind, Expr, Spanned, Stmt, UnaryOpKind,
};
use minijinja::{Error, ErrorKind, Value};

/// The names of the filters, which are Python's operations.
pub(super) mod name {
    pub const PRINT: &str = "{{}}";
    pub const EACH: &str = "{%%}";
    pub const SHOWN: &str = "''";
    pub const ATTRIBUTE: &str = ".";
    pub const ITEM: &str = "[]";
    pub const SLICE: &str = "[:]";
    pub const DICT: &str = "{:}";
    pub const COMPARE: &str = "<=>";
    pub const NEGATIVE: &str = "0-";
    pub const CONCATENATE: &str = "~";
    pub const ADD: &str = "+";
    pub const SUBTRACT: &str = "-";
    pub const MULTIPLY: &str = "*";
    pub const DIVIDE: &str = "/";
    pub const FLOOR: &str = "//";
    pub const REMAINDER: &str = "%";
    pub const POWER: &str = "**";
}

/// The template with Python's meaning.
///
/// # Errors
/// When it uses a tag that transformers does not know.
pub(super) fn of<'a>(template: &Stmt<'a>) -> Result<Stmt<'a>, Error> {
    statement(template)
}

fn statements<'a>(all: &[Stmt<'a>]) -> Result<Vec<Stmt<'a>>, Error> {
    all.iter().map(statement).collect()
}

fn statement<'a>(stmt: &Stmt<'a>) -> Result<Stmt<'a>, Error> {
    Ok(match stmt {
        Stmt::Template(node) => {
            let children = statements(&node.children)?;
            Stmt::Template(Spanned::new(ast::Template { children }, node.span()))
        }
        Stmt::EmitExpr(node) => {
            let printed = match &node.expr {
                // Recursion of a loop is a statement of its own kind, which gives a text.
                Expr::Call(call) if is_loop(call) => expression(&node.expr),
                other => filter(name::PRINT, expression(other), [], node.span()),
            };
            Stmt::EmitExpr(Spanned::new(ast::EmitExpr { expr: printed }, node.span()))
        }
        Stmt::EmitRaw(node) => {
            Stmt::EmitRaw(Spanned::new(ast::EmitRaw { raw: node.raw }, node.span()))
        }
        Stmt::ForLoop(node) => {
            let is_unpacked = matches!(node.target, Expr::List(_) | Expr::Tuple(_));
            let is_unpacked = constant(Value::from(is_unpacked), node.span());
            let node_of = ast::ForLoop {
                target: target(&node.target),
                iter: filter(
                    name::EACH,
                    expression(&node.iter),
                    [is_unpacked],
                    node.span(),
                ),
                filter_expr: optional(node.filter_expr.as_ref()),
                recursive: node.recursive,
                body: statements(&node.body)?,
                else_body: statements(&node.else_body)?,
            };
            Stmt::ForLoop(Spanned::new(node_of, node.span()))
        }
        Stmt::IfCond(node) => {
            let node_of = ast::IfCond {
                expr: expression(&node.expr),
                true_body: statements(&node.true_body)?,
                false_body: statements(&node.false_body)?,
            };
            Stmt::IfCond(Spanned::new(node_of, node.span()))
        }
        Stmt::WithBlock(node) => {
            let assignments = node.assignments.iter();
            let node_of = ast::WithBlock {
                assignments: assignments
                    .map(|(name, value)| (target(name), expression(value)))
                    .collect(),
                body: statements(&node.body)?,
            };
            Stmt::WithBlock(Spanned::new(node_of, node.span()))
        }
        Stmt::Set(node) => {
            let node_of = ast::Set {
                target: target(&node.target),
                expr: expression(&node.expr),
            };
            Stmt::Set(Spanned::new(node_of, node.span()))
        }
        Stmt::SetBlock(node) => {
            let node_of = ast::SetBlock {
                target: target(&node.target),
                filter: optional(node.filter.as_ref()),
                body: scope(&node.body, node.span())?,
            };
            Stmt::SetBlock(Spanned::new(node_of, node.span()))
        }
        Stmt::FilterBlock(node) => {
            let node_of = ast::FilterBlock {
                filter: expression(&node.filter),
                filter_span: node.filter_span,
                body: scope(&node.body, node.span())?,
            };
            Stmt::FilterBlock(Spanned::new(node_of, node.span()))
        }
        Stmt::Macro(node) => Stmt::Macro(made(node)?),
        Stmt::CallBlock(node) => {
            let node_of = ast::CallBlock {
                call: called(&node.call),
                call_expr_span: node.call_expr_span,
                macro_decl: made(&node.macro_decl)?,
            };
            Stmt::CallBlock(Spanned::new(node_of, node.span()))
        }
        Stmt::Continue(node) => Stmt::Continue(Spanned::new(ast::Continue, node.span())),
        Stmt::Break(node) => Stmt::Break(Spanned::new(ast::Break, node.span())),
        Stmt::AutoEscape(node) => return Err(unknown("autoescape", node.span())),
        Stmt::Do(node) => return Err(unknown("do", node.span())),
    })
}

/// Statements whose variables are their own.
fn scope<'a>(all: &[Stmt<'a>], span: Span) -> Result<Vec<Stmt<'a>>, Error> {
    let node = ast::WithBlock {
        assignments: Vec::new(),
        body: statements(all)?,
    };
    Ok(vec![Stmt::WithBlock(Spanned::new(node, span))])
}

fn unknown(tag: &str, span: Span) -> Error {
    let line = span.start_line;
    let told = format!("line {line} has a tag that chat templates do not have: {tag}");
    Error::new(ErrorKind::SyntaxError, Cow::Owned(told))
}

fn made<'a>(node: &Spanned<ast::Macro<'a>>) -> Result<Spanned<ast::Macro<'a>>, Error> {
    let node_of = ast::Macro {
        name: node.name,
        args: node.args.iter().map(target).collect(),
        defaults: expressions(&node.defaults),
        body: statements(&node.body)?,
    };
    Ok(Spanned::new(node_of, node.span()))
}

/// What a value is assigned to.
fn target<'a>(expr: &Expr<'a>) -> Expr<'a> {
    match expr {
        Expr::Var(node) => variable(node),
        Expr::GetAttr(node) => {
            let node_of = ast::GetAttr {
                expr: target(&node.expr),
                name: node.name,
            };
            Expr::GetAttr(Spanned::new(node_of, node.span()))
        }
        Expr::List(node) => {
            let items = node.items.iter().map(target).collect();
            Expr::List(Spanned::new(ast::List { items }, node.span()))
        }
        Expr::Tuple(node) => {
            let items = node.items.iter().map(target).collect();
            Expr::Tuple(Spanned::new(ast::Tuple { items }, node.span()))
        }
        other => expression(other),
    }
}

fn expressions<'a>(all: &[Expr<'a>]) -> Vec<Expr<'a>> {
    all.iter().map(expression).collect()
}

fn optional<'a>(expr: Option<&Expr<'a>>) -> Option<Expr<'a>> {
    expr.map(expression)
}

fn expression<'a>(expr: &Expr<'a>) -> Expr<'a> {
    match expr {
        Expr::Var(node) => variable(node),
        Expr::Const(node) => constant(node.value.clone(), node.span()),
        Expr::Slice(node) => {
            let bound = |bound: Option<&Expr<'a>>| {
                optional(bound).unwrap_or_else(|| constant(Value::from(()), node.span()))
            };
            let [start, stop, step] = [&node.start, &node.stop, &node.step];
            let bounds = [start, stop, step].map(|expr| bound(expr.as_ref()));
            filter(name::SLICE, expression(&node.expr), bounds, node.span())
        }
        Expr::UnaryOp(node) => match node.op {
            UnaryOpKind::Not => {
                let node_of = ast::UnaryOp {
                    op: UnaryOpKind::Not,
                    expr: expression(&node.expr),
                };
                Expr::UnaryOp(Spanned::new(node_of, node.span()))
            }
            UnaryOpKind::Neg => filter(name::NEGATIVE, expression(&node.expr), [], node.span()),
        },
        Expr::BinOp(node) => binary(node),
        Expr::Compare(node) => {
            let compared = node.ops.iter().flat_map(|op| {
                let operator = constant(Value::from(compare_name(op.op)), node.span());
                [operator, expression(&op.expr)]
            });
            filter(name::COMPARE, expression(&node.expr), compared, node.span())
        }
        Expr::IfExpr(node) => {
            let node_of = ast::IfExpr {
                test_expr: expression(&node.test_expr),
                true_expr: expression(&node.true_expr),
                false_expr: optional(node.false_expr.as_ref()),
            };
            Expr::IfExpr(Spanned::new(node_of, node.span()))
        }
        Expr::Filter(node) => {
            let node_of = ast::Filter {
                name: node.name,
                expr: optional(node.expr.as_ref()),
                args: arguments(&node.args),
            };
            Expr::Filter(Spanned::new(node_of, node.span()))
        }
        Expr::Test(node) => {
            let node_of = ast::Test {
                name: node.name,
                expr: expression(&node.expr),
                args: arguments(&node.args),
            };
            Expr::Test(Spanned::new(node_of, node.span()))
        }
        Expr::GetAttr(node) => {
            let attribute = constant(Value::from(node.name), node.span());
            filter(
                name::ATTRIBUTE,
                expression(&node.expr),
                [attribute],
                node.span(),
            )
        }
        Expr::GetItem(node) => {
            let item = expression(&node.subscript_expr);
            filter(name::ITEM, expression(&node.expr), [item], node.span())
        }
        Expr::Call(node) => Expr::Call(called(node)),
        Expr::List(node) => {
            let items = expressions(&node.items);
            Expr::List(Spanned::new(ast::List { items }, node.span()))
        }
        Expr::Tuple(node) => {
            let items = expressions(&node.items);
            Expr::Tuple(Spanned::new(ast::Tuple { items }, node.span()))
        }
        Expr::Map(node) => {
            let entries = node.keys.iter().zip(&node.values);
            let entries = entries.flat_map(|(key, value)| [expression(key), expression(value)]);
            let none = constant(Value::from(()), node.span());
            filter(name::DICT, none, entries, node.span())
        }
    }
}

fn binary<'a>(node: &Spanned<ast::BinOp<'a>>) -> Expr<'a> {
    let (left, right) = (expression(&node.left), expression(&node.right));
    let operation = match node.op {
        BinOpKind::ScAnd | BinOpKind::ScOr => {
            let node_of = ast::BinOp {
                op: node.op,
                left,
                right,
            };
            return Expr::BinOp(Spanned::new(node_of, node.span()));
        }
        BinOpKind::Add => name::ADD,
        BinOpKind::Sub => name::SUBTRACT,
        BinOpKind::Mul => name::MULTIPLY,
        BinOpKind::Div => name::DIVIDE,
        BinOpKind::FloorDiv => name::FLOOR,
        BinOpKind::Rem => name::REMAINDER,
        BinOpKind::Pow => name::POWER,
        BinOpKind::Concat => name::CONCATENATE,
        comparison => {
            let operator = match comparison {
                BinOpKind::Eq => CompareOpKind::Eq,
                BinOpKind::Ne => CompareOpKind::Ne,
                BinOpKind::Lt => CompareOpKind::Lt,
                BinOpKind::Lte => CompareOpKind::Lte,
                BinOpKind::Gt => CompareOpKind::Gt,
                BinOpKind::Gte => CompareOpKind::Gte,
                _ => CompareOpKind::In,
            };
            let operator = constant(Value::from(compare_name(operator)), node.span());
            return filter(name::COMPARE, left, [operator, right], node.span());
        }
    };
    filter(operation, left, [right], node.span())
}

/// How Python spells a comparison.
fn compare_name(op: CompareOpKind) -> &'static str {
    match op {
        CompareOpKind::Eq => "==",
        CompareOpKind::Ne => "!=",
        CompareOpKind::Lt => "<",
        CompareOpKind::Lte => "<=",
        CompareOpKind::Gt => ">",
        CompareOpKind::Gte => ">=",
        CompareOpKind::In => "in",
        CompareOpKind::NotIn => "not in",
    }
}

fn variable<'a>(node: &Spanned<ast::Var<'a>>) -> Expr<'a> {
    Expr::Var(Spanned::new(ast::Var { id: node.id }, node.span()))
}

fn constant<'a>(value: Value, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(ast::Const { value }, span))
}

fn filter<'a>(
    name: &'static str,
    expr: Expr<'a>,
    args: impl IntoIterator<Item = Expr<'a>>,
    span: Span,
) -> Expr<'a> {
    let args = args.into_iter().map(CallArg::Pos).collect();
    let node = ast::Filter {
        name,
        expr: Some(expr),
        args,
    };
    Expr::Filter(Spanned::new(node, span))
}

fn is_loop(call: &ast::Call<'_>) -> bool {
    matches!(&call.expr, Expr::Var(variable) if variable.id == "loop")
}

fn called<'a>(node: &Spanned<ast::Call<'a>>) -> Spanned<ast::Call<'a>> {
    let callee = match &node.expr {
        // A method is called, not looked up first.
        Expr::GetAttr(attribute) => {
            let attribute_of = ast::GetAttr {
                expr: expression(&attribute.expr),
                name: attribute.name,
            };
            Expr::GetAttr(Spanned::new(attribute_of, attribute.span()))
        }
        other => expression(other),
    };
    let mut args = arguments(&node.args);
    if matches!(&node.expr, Expr::GetAttr(attribute) if attribute.name == "changed") {
        // The crate would compare the values as they are, however often one holds another.
        for arg in &mut args {
            if let CallArg::Pos(expr) = arg {
                let none = constant(Value::from(()), node.span());
                let value = std::mem::replace(expr, none);
                *expr = filter(name::SHOWN, value, [], node.span());
            }
        }
    }
    let node_of = ast::Call { expr: callee, args };
    Spanned::new(node_of, node.span())
}

fn arguments<'a>(all: &[CallArg<'a>]) -> Vec<CallArg<'a>> {
    let argument = |argument: &CallArg<'a>| match argument {
        CallArg::Pos(expr) => CallArg::Pos(expression(expr)),
        CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, expression(expr)),
        CallArg::PosSplat(expr) => CallArg::PosSplat(expression(expr)),
        CallArg::KwargSplat(expr) => CallArg::KwargSplat(expression(expr)),
    };
    all.iter().map(argument).collect()
}
