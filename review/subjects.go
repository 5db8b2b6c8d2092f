package review

import (
	"cmp"
	"slices"
	"strings"

	"firebreak/record"
)

// SubjectKinds are what a subject can be.
func SubjectKinds() []string {
	return []string{"person", "account", "mail", "phone", "host", "address", "domain", "url", "hash", "path", "process", "iban", "card", "other"}
}

// SubjectRoles are whose a subject can be.
func SubjectRoles() []string {
	return []string{"attacker", "victim", "responder", "third-party", "none"}
}

// subjects sorts what was named into the attacker's, which are indicators, and
// the others. The latest word on each counts.
func (b *builder) subjects() {
	var all []Subject
	each(b, func(e record.Entry, p record.Subject) {
		p.Value = first(p.Value, e.Absent("value"))
		s := Subject{Subject: p, Act: act(e)}
		at := slices.IndexFunc(all, func(x Subject) bool { return x.Kind == p.Kind && x.Value == p.Value && e.Absent("value") == "" })
		if at < 0 {
			all = append(all, s)
		} else {
			all[at] = s
		}
	}, record.SubjectNamed)
	kinds := SubjectKinds()
	slices.SortStableFunc(all, func(x, y Subject) int { return cmp.Compare(slices.Index(kinds, x.Kind), slices.Index(kinds, y.Kind)) })
	for _, s := range all {
		switch {
		case s.Withdrawn:
		case s.Role == Attacker:
			b.r.Indicators = append(b.r.Indicators, s)
		default:
			b.r.Subjects = append(b.r.Subjects, s)
		}
	}
}

// indicated says whether a text holds something of the attacker's.
func (b *builder) indicated(text string) bool {
	for _, s := range b.r.Indicators {
		if len(s.Value) >= 4 && holds(text, s.Value) {
			return true
		}
	}
	return false
}

// holds says whether a text has the value in it, not as a part of a longer word
// or number: 10.0.0.1 is not in 10.0.0.17.
func holds(text, value string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], value)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(value)
		if (at == 0 || !wordy(text[at-1])) && (end == len(text) || !wordy(text[end])) {
			return true
		}
		from = at + 1
	}
}

func wordy(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}
