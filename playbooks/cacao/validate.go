package cacao

// Problem is a rule of the standard that a file breaks.
type Problem struct {
	Code     string `json:"code"`
	At       string `json:"at"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Validate checks the rules.
func Validate(doc *Object) []Problem { return nil }
