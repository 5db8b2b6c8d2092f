package document

import (
	"fmt"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/review"
)

// text puts a text together out of strings, times, spans and texts.
func text(parts ...any) Text {
	var out Text
	for _, p := range parts {
		switch p := p.(type) {
		case Text:
			out = append(out, p...)
		case Span:
			out = append(out, p)
		case time.Time:
			out = append(out, moment(p))
		case string:
			if p != "" {
				out = append(out, plain(p))
			}
		default:
			out = append(out, plain(fmt.Sprint(p)))
		}
	}
	return out
}

// plain is a text that says of itself when it stands for something that is not
// here.
func plain(s string) Span {
	span := Span{Text: s}
	switch s {
	case record.WithheldMark:
		span.Mark = Withheld
	case record.ErasedMark:
		span.Mark = Erased
	}
	return span
}

func strong(s string) Span { x := plain(s); x.Style = Strong; return x }

func quiet(s string) Span { x := plain(s); x.Style = Quiet; return x }

func code(s string) Span { x := plain(given(s)); x.Style = Code; return x }

// toned is a word that says how something stands.
func toned(t Tone, s string) Span {
	x := plain(s)
	x.Tone = t
	if t == Bad || t == Unknown {
		x.Style = Strong
	}
	return x
}

func moment(t time.Time) Span {
	if t.IsZero() {
		return Span{Text: "unknown", Style: Quiet}
	}
	return Span{Text: review.When(t)}
}

// given is a text, or that it is not there to be shown.
func given(s string) string { return first(s, record.WithheldMark) }

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// commas puts commas between texts.
func commas(texts ...Text) Text {
	var out Text
	for i, t := range texts {
		if i > 0 {
			out = append(out, plain(", "))
		}
		out = append(out, t...)
	}
	return out
}

// title is a word with a capital.
func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// stateTone is the tone of the state of an action.
func stateTone(state string) Tone {
	switch state {
	case "verified":
		return Good
	case "sent", "queued":
		return Warn
	case "failed", "dropped":
		return Bad
	case "unknown", "sending":
		return Unknown
	}
	return NoTone
}
