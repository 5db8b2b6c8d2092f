package playbooks

import "strings"

// The codes of problems in a file of tests. PT001 to PT014 mean for it what
// PB001 to PB014 mean for a playbook; docs/playbook-test.md describes all.
const (
	codeTestPlaybook = "PT020"
	codeTestStep     = "PT021"
	codeMeets        = "PT022"
	codeTestVar      = "PT023"
	codeCaseTwice    = "PT024"
	codeTestName     = "PT025"
	codeNothing      = "PT026"
)

// TestCodes lists every code that a file of tests can have, in order.
func TestCodes() []Code {
	var out []Code
	for _, c := range Codes() {
		if c.Code <= codeHidden {
			title := strings.ReplaceAll(c.Title, "a playbook", "a file of tests")
			out = append(out, Code{"PT" + c.Code[2:], c.Severity, title})
		}
	}
	return append(
		out,
		Code{codeTestPlaybook, Error, "playbook is not the one that is tested, or cannot be read"},
		Code{codeTestStep, Error, "playbook has no such step"},
		Code{codeMeets, Error, "step cannot meet that"},
		Code{codeTestVar, Error, "variable is not there, or does not take the value"},
		Code{codeCaseTwice, Error, "two cases have the same name"},
		Code{codeTestName, Error, "playbook has no such action or clock"},
		Code{codeNothing, Error, "case expects nothing"},
	)
}
