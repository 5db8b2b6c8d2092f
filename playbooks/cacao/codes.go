package cacao

// Problem is a rule of CACAO 2.0 that a file breaks. At is a JSON pointer
// (RFC 6901) to the place; Code is a key of Codes.
type Problem struct {
	Code     string `json:"code"`
	At       string `json:"at"`
	Severity string `json:"severity"` // error or warning
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// String is "/workflow/…: error CA007: …".
func (p Problem) String() string {
	at := p.At
	if at == "" {
		at = "/"
	}
	s := at + ": " + p.Severity + " " + p.Code + ": " + p.Message
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

const (
	codeNoPlaybook = "CA001"
	codeID         = "CA002"
	codeTime       = "CA003"
	codeMissing    = "CA004"
	codeShape      = "CA005"
	codeStart      = "CA006"
	codeDangling   = "CA007"
	codeUnreached  = "CA008"
	codeEnd        = "CA009"
	codeWays       = "CA010"
	codeSharedEnd  = "CA011"
	codeCircle     = "CA012"
	codeVariable   = "CA013"
	codeUndeclared = "CA014"
	codeCondition  = "CA015"
	codeCommand    = "CA016"
	codeAgent      = "CA017"
	codeAddress    = "CA018"
	codeSecret     = "CA019"
	codeMarking    = "CA020"
	codeExtension  = "CA021"
	codeRange      = "CA022"
	codeStepType   = "CA023"
	codeClear      = "CA024"
	codeOrder      = "CA025"
	codeBranches   = "CA026"
	codeActivity   = "CA027"
	codeSignature  = "CA028"
)

// Codes says in a few words what each code means; docs/cacao.md has the rest.
func Codes() map[string]string {
	return map[string]string{
		codeNoPlaybook: "not a playbook of CACAO 2.0",
		codeID:         "identifier is badly formed",
		codeTime:       "timestamp is badly formed",
		codeMissing:    "required property is missing",
		codeShape:      "property has the wrong type",
		codeStart:      "the playbook does not begin with its start step",
		codeDangling:   "reference names no step",
		codeUnreached:  "no way leads to the step",
		codeEnd:        "start or end step has what it cannot have",
		codeWays:       "on_completion beside on_success or on_failure",
		codeSharedEnd:  "branches share an end step",
		codeCircle:     "steps lead in a circle",
		codeVariable:   "variable is badly declared",
		codeUndeclared: "variable is not declared",
		codeCondition:  "condition is no comparison expression",
		codeCommand:    "command does not say what its type wants",
		codeAgent:      "agent or target is not defined",
		codeAddress:    "agent or target has no address",
		codeSecret:     "secret stands beside its reference",
		codeMarking:    "marking is not defined",
		codeExtension:  "extension is not defined",
		codeRange:      "number is out of range",
		codeStepType:   "step type is not known",
		codeClear:      "secret stands in the clear",
		codeOrder:      "one time is before another that it must follow",
		codeBranches:   "step has too few branches",
		codeActivity:   "playbook has types and no activities",
		codeSignature:  "signature is badly formed",
	}
}
