package tui

import (
	"context"
	"errors"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/record"
	"firebreak/response"
)

// touchWord is what stands beside a job that waits for a token.
const touchWord = "touch your key (ctrl+c gives up)"

// touch tells the person to touch their token, where it is one that signs.
func touch(ctx context.Context, d desk, told response.ProgressFunc) {
	if k, err := d.SigningKey(ctx); err == nil && k.Strength == record.Hardware {
		told(response.Progress{What: touchWord})
	}
}

// signRecord has the person sign the record as it is now.
func (a *app) signRecord() tea.Cmd {
	id, draft := a.id, "sign:"+string(a.id)
	return a.typed(&prompt{
		title: "Sign the record", text: "Your ssh key signs every entry so far. Why now? It may stay empty.", draft: draft, empty: true,
		submit: func(text string, _ bool) tea.Cmd {
			return a.start(errand{
				key: "sign", title: "sign the record", long: true,
				do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
					touch(ctx, a.desk, told)
					s, err := a.desk.SignHead(ctx, id, text)
					return "signed by " + s.Signature.Principal + " (" + string(s.Signature.Strength) + ")", err
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

// signing says with what a yes is signed, "" where none would be.
func (p *approval) signing() string {
	switch {
	case !p.signs:
		return ""
	case p.key.loaded:
		k := p.key.value
		s := "Signed as " + k.Principal + ", " + shortKey(k.Key) + " (" + string(k.Strength) + ")."
		if !k.Known {
			s += " Nobody here vouches for the key."
		}
		return s
	case errors.Is(p.key.err, response.ErrNoSigningKey):
		return "Not signed: there is no signing key."
	case p.key.err != nil:
		return "The signing key cannot be had: " + p.key.err.Error()
	}
	return "Looking for your key."
}

// shortKey is enough of a fingerprint to tell one's keys apart.
func shortKey(fingerprint string) string {
	const enough = len("SHA256:") + 10
	if len(fingerprint) <= enough {
		return fingerprint
	}
	return fingerprint[:enough] + ".."
}
