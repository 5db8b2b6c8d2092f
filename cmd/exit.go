package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"firebreak/internal/term"
	"firebreak/response"
)

// Code is the exit status of the program.
type Code int

// The exit codes; scripts rely on them.
const (
	OK           Code = 0
	Failed       Code = 1
	Usage        Code = 2
	Refused      Code = 3 // approval, role, state or read-only forbids it
	Auth         Code = 4 // the other side does not accept the credential
	Partial      Code = 5 // done in part
	Verification Code = 6 // the record or the evidence is damaged
	Cancelled    Code = 130
)

// errFlag marks what cobra says of arguments and flags.
type errFlag struct{ error }

func (e errFlag) Unwrap() error { return e.error }

// errVerification is returned after a report was printed.
var errVerification = errors.New("verification failed")

// errReported is returned where the command has said everything itself.
type errReported struct{ code Code }

func (e errReported) Error() string { return fmt.Sprintf("exit %d", int(e.code)) }

// codeOf maps an error to the exit code.
func codeOf(err error) Code {
	var flag errFlag
	var reported errReported
	switch {
	case err == nil:
		return OK
	case errors.As(err, &reported):
		return reported.code
	case errors.Is(err, errVerification):
		return Verification
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.As(err, &flag):
		return Usage
	}
	switch response.CodeOf(err) {
	case response.CodeUsage:
		return Usage
	case response.CodeRefused:
		return Refused
	case response.CodeAuth:
		return Auth
	case response.CodePartial:
		return Partial
	case response.CodeIntegrity:
		return Verification
	case response.CodeInternal, response.CodeNotFound, response.CodeUnknown:
	}
	return Failed
}

// report prints an error once, with its hint, as text or as JSON.
func (p *program) report(err error) {
	if err == nil {
		return
	}
	var reported errReported
	if errors.As(err, &reported) || errors.Is(err, errVerification) {
		return // the command has printed it
	}
	text, hint := err.Error(), response.HintOf(err)
	if errors.Is(err, context.Canceled) {
		text, hint = cancelled(err)
	}
	if p.json {
		b, merr := json.Marshal(map[string]any{"error": text, "code": int(codeOf(err)), "hint": hint})
		if merr == nil {
			p.errf("%s\n", term.JSON(string(b)))
			return
		}
	}
	for i, line := range strings.Split(text, "\n") {
		if i == 0 {
			p.errf("firebreak: %s\n", term.Safe(line))
		} else {
			p.errf("  %s\n", term.Safe(line))
		}
	}
	if hint != "" {
		p.errf("  hint: %s\n", term.Safe(hint))
	}
}

// cancelled is what there is to say after a cancellation. What it left
// unknown may have happened: that must not go unsaid.
func cancelled(err error) (text, hint string) {
	var own *response.Error
	switch code := response.CodeOf(err); {
	case code == response.CodePartial: // how to go on
		return "cancelled: what was acknowledged is kept", response.HintOf(err)
	case code != response.CodeUnknown || !errors.As(err, &own):
		return "cancelled: what was acknowledged is kept", ""
	}
	if hint = response.HintOf(own); hint == "" {
		hint = "it may have happened: firebreak do INCIDENT ACTION --look finds out before it is sent again"
	}
	return "cancelled, and the outcome is unknown: " + own.Error(), hint
}
