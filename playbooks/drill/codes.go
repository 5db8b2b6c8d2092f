package drill

import "firebreak/playbooks"

// The codes of what can be wrong with a scenario.
const (
	codeSyntax  = "DR001"
	codeKey     = "DR002"
	codeShape   = "DR003"
	codeMissing = "DR004"
	codeValue   = "DR005"
	codeTwice   = "DR006"
	codeName    = "DR007"
	codeLimit   = "DR008"
	codeRefused = "DR009"
	codeFit     = "DR010"
)

// Code is one kind of problem.
type Code struct{ Code, What string }

// Codes are all codes, as docs/drills.md lists them.
func Codes() []Code {
	return []Code{
		{codeSyntax, "not YAML, not UTF-8, empty, or more than one document"},
		{codeKey, "a key that the format does not have, or that stands twice"},
		{codeShape, "a list where a text is wanted, a text where a mapping is, and the like"},
		{codeMissing, "something that has to be there is not"},
		{codeValue, "a value that is none of those allowed"},
		{codeTwice, "two things with one id"},
		{codeName, "a name of something that is not in the scenario"},
		{codeLimit, "too large, too deep, too many"},
		{codeRefused, "anchors, aliases, merge keys, tags, or characters that cannot be seen"},
		{codeFit, "a name of something that is not in the playbook"},
	}
}

// Problem is that of playbooks, so that the two look alike.
type Problem = playbooks.Problem

// Problems are all that is wrong with a scenario, in the order of its file.
type Problems = playbooks.Problems
