package policies

import "errors"

// ruleProblems gives each mistake in err (from compileRules or LintRules) its file and line. find is the loader's: it
// knows where a YAML path stands.
func ruleProblems(err error, find func(path string) (string, int)) []Problem {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var problems []Problem
		for _, e := range joined.Unwrap() {
			problems = append(problems, ruleProblems(e, find)...)
		}
		return problems
	}
	var re *RuleError
	if !errors.As(err, &re) {
		file, line := find("$.rules")
		return []Problem{{File: file, Line: line, Message: err.Error()}}
	}
	file, line := find(re.Path)
	message := re.Msg
	if re.Rule != "" {
		message = "rule " + re.Rule + ": " + message
	}
	return []Problem{{File: file, Line: line, Message: message}}
}
