package policies

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// costLimit stops a condition that would loop over lists of lists; honest ones cost some tens.
const costLimit = 10_000

// conditions compiles what rules say under when.
type conditions struct{ env *cel.Env }

func newConditions() (*conditions, error) {
	env, err := ruleEnv()
	return &conditions{env: env}, err
}

// compile checks an expression and makes it ready. Its errors give line and column inside the expression.
func (c *conditions) compile(expr string) (condition, error) {
	ast, iss := c.env.Compile(expr)
	if iss.Err() != nil {
		return nil, iss.Err()
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("it yields %s; a condition yields true or false", ast.OutputType())
	}
	prg, err := c.env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, err
	}
	return func(vars map[string]any) (bool, error) {
		val, _, err := prg.Eval(vars)
		if err != nil {
			return false, err
		}
		yes, ok := val.Value().(bool)
		return ok && yes, nil
	}, nil
}

// ruleEnv declares what a condition may say. Every name has a type, so a misspelt one fails when the pack is loaded:
//
//	kind subject text body topic requester_kind anonymity   string; text is folded: lower case, words one space apart
//	personal      list(string): the types of personal data found ("nik", "name" …)
//	attachments   list(string): file names
//	hits          int: in how many places the rule's words stand
//	words         int: length of the text in words
//	has_any(text, ["rekam medis", …])  bool: one of the phrases stands there, as whole words
//	has_all(text, [...])               bool: all of them do
func ruleEnv() (*cel.Env, error) {
	has := func(name string, all bool) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_string_list", []*cel.Type{cel.StringType, cel.ListType(cel.StringType)}, cel.BoolType,
			cel.BinaryBinding(func(text, list ref.Val) ref.Val { return hasPhrases(text, list, all) })))
	}
	return cel.NewEnv(
		cel.Variable("kind", cel.StringType),
		cel.Variable("subject", cel.StringType),
		cel.Variable("text", cel.StringType),
		cel.Variable("body", cel.StringType),
		cel.Variable("topic", cel.StringType),
		cel.Variable("requester_kind", cel.StringType),
		cel.Variable("anonymity", cel.StringType),
		cel.Variable("personal", cel.ListType(cel.StringType)),
		cel.Variable("attachments", cel.ListType(cel.StringType)),
		cel.Variable("hits", cel.IntType),
		cel.Variable("words", cel.IntType),
		has("has_any", false),
		has("has_all", true),
	)
}

func hasPhrases(text, list ref.Val, all bool) ref.Val {
	t, ok := text.Value().(string)
	l, ok2 := list.(traits.Lister)
	if !ok || !ok2 {
		return types.MaybeNoSuchOverloadErr(list)
	}
	padded := " " + plain(t) + " "
	for it := l.Iterator(); it.HasNext() == types.True; {
		phrase, ok := it.Next().Value().(string)
		if !ok {
			return types.MaybeNoSuchOverloadErr(list)
		}
		if p := plain(phrase); (p != "" && strings.Contains(padded, " "+p+" ")) != all {
			return types.Bool(!all)
		}
	}
	return types.Bool(all)
}
