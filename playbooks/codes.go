package playbooks

// The codes of problems. A code is never given a second meaning; docs say more
// in docs/playbook-lint.md, which a test keeps in step with this table.
const (
	codeTooLarge     = "PB001"
	codeSyntax       = "PB002"
	codeDocuments    = "PB003"
	codeTooDeep      = "PB004"
	codeAnchor       = "PB005"
	codeTag          = "PB006"
	codeDuplicateKey = "PB007"
	codeUnknownKey   = "PB008"
	codeShape        = "PB009"
	codeMissing      = "PB010"
	codeFormat       = "PB011"
	codeValue        = "PB012"
	codeTooMany      = "PB013"
	codeHidden       = "PB014"

	codeVerb         = "PB020"
	codeLater        = "PB021"
	codeStepID       = "PB022"
	codeDuplicateID  = "PB023"
	codeModifier     = "PB024"
	codeDuration     = "PB025"
	codeNeedsUnknown = "PB026"
	codeCycle        = "PB027"
	codeOnFailure    = "PB028"
	codeArgv         = "PB029"

	codeVariable   = "PB030"
	codeUndeclared = "PB031"
	codeVarValue   = "PB032"
	codeTemplate   = "PB033"
	codeSecret     = "PB034"
	codeDrill      = "PB035"
	codeRequest    = "PB036"

	codeExpression = "PB040"
	codeResult     = "PB041"
	codeUnset      = "PB042"
	codeCase       = "PB043"

	codeAction       = "PB050"
	codeParam        = "PB051"
	codeParamMissing = "PB052"
	codeParamType    = "PB053"
	codeCollector    = "PB054"
	codeTarget       = "PB055"
	codeFilter       = "PB056"
	codePlaybook     = "PB057"
	codeCalls        = "PB058"
	codeConnection   = "PB059"

	codeUndo          = "PB060"
	codeApprove       = "PB061"
	codeUndoDoubt     = "PB062"
	codeUnreachable   = "PB063"
	codeUnused        = "PB064"
	codeReadOnly      = "PB065"
	codeEmptyPlaybook = "PB066"
	codeRole          = "PB067"
	codeRunUndo       = "PB068"
	codeEvidence      = "PB069"
	codeNoDrill       = "PB070"
	codeNoEffect      = "PB071"
	codeMessage       = "PB072"
	codeCalendar      = "PB073"
)

// Code is one kind of problem that Parse or Lint can find.
type Code struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
}

// Codes lists every code, in order.
func Codes() []Code {
	return []Code{
		{codeTooLarge, Error, "file is larger than 1 MiB"},
		{codeSyntax, Error, "not valid YAML"},
		{codeDocuments, Error, "file does not hold exactly one document"},
		{codeTooDeep, Error, "nested too deeply"},
		{codeAnchor, Error, "anchor, alias or merge key"},
		{codeTag, Error, "custom or explicit tag"},
		{codeDuplicateKey, Error, "key is written twice"},
		{codeUnknownKey, Error, "unknown key"},
		{codeShape, Error, "value has the wrong shape"},
		{codeMissing, Error, "required key is missing"},
		{codeFormat, Error, "not a playbook of this format version"},
		{codeValue, Error, "value is not allowed here"},
		{codeTooMany, Error, "too much in one file"},
		{codeHidden, Error, "character that cannot be seen"},
		{codeVerb, Error, "step has no verb or more than one"},
		{codeLater, Error, "not supported yet by this version"},
		{codeStepID, Error, "step id is missing or badly formed"},
		{codeDuplicateID, Error, "step id is used twice"},
		{codeModifier, Error, "modifier does not go with this verb"},
		{codeDuration, Error, "not a duration"},
		{codeNeedsUnknown, Error, "needs names no step that can come before"},
		{codeCycle, Error, "steps wait for each other in a circle"},
		{codeOnFailure, Error, "on_failure does not name a fallback step"},
		{codeArgv, Error, "value could become part of a command"},
		{codeVariable, Error, "variable is badly declared"},
		{codeUndeclared, Error, "name is not declared"},
		{codeVarValue, Error, "value does not fit the variable"},
		{codeTemplate, Error, "badly formed template"},
		{codeSecret, Error, "secret would be shown"},
		{codeDrill, Error, "drill value does not fit"},
		{codeRequest, Error, "http request is badly formed"},
		{codeExpression, Error, "expression is wrong"},
		{codeResult, Error, "expression reads what the result does not have"},
		{codeUnset, Warning, "variable may have no value when it is read"},
		{codeCase, Error, "case of a switch can never be taken"},
		{codeAction, Error, "unknown action"},
		{codeParam, Error, "unknown parameter"},
		{codeParamMissing, Error, "required parameter is missing"},
		{codeParamType, Error, "parameter has the wrong type or form"},
		{codeCollector, Error, "unknown collector or profile"},
		{codeTarget, Error, "unknown connection to notify"},
		{codeFilter, Error, "filter cannot be read"},
		{codePlaybook, Error, "unknown playbook, or none of a fitting version"},
		{codeCalls, Error, "playbooks run each other in a circle, or too deep"},
		{codeConnection, Warning, "unknown connection"},
		{codeUndo, Error, "changes something and does not say how it is undone"},
		{codeApprove, Error, "dangerous without approval"},
		{codeUndoDoubt, Warning, "what is said about undoing is doubtful"},
		{codeUnreachable, Warning, "fallback step is never reached"},
		{codeUnused, Warning, "variable is never used"},
		{codeReadOnly, Warning, "modifier has no use on a read-only step"},
		{codeEmptyPlaybook, Warning, "playbook lacks what a response needs"},
		{codeRole, Warning, "role is not among the playbook's roles"},
		{codeRunUndo, Warning, "program is run without word of what it changes"},
		{codeEvidence, Warning, "something is changed before evidence is taken"},
		{codeNoDrill, Warning, "playbook cannot be drilled to its end"},
		{codeNoEffect, Warning, "modifier has no effect"},
		{codeMessage, Error, "message template is not there, or does not fit"},
		{codeCalendar, Warning, "unknown calendar of business days"},
	}
}

// severityOf is the severity the table gives to code.
func severityOf(code string) Severity {
	for _, c := range Codes() {
		if c.Code == code {
			return c.Severity
		}
	}
	return Error
}
