package integrations

import (
	"fmt"
	"strings"
)

// SealPlace stands in a plan where a message will carry the record's head. The
// head moves on between plan and sending, the approval being an entry itself.
const SealPlace = "(the record's head at the moment of sending)"

// Text is what people will read: the message, the record's head below it, and
// the mark by which it is found again.
func Text(message string, c Call) string {
	parts := []string{Unmark(strings.TrimRight(message, "\n"))}
	if c.Seal != "" {
		parts = append(parts, "Firebreak record: "+c.Seal)
	}
	if c.Key != "" {
		parts = append(parts, Mark(c.Key))
	}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.Join(parts, "\n\n")
}

// Number reads a whole number out of a receipt or a state that may have been
// through JSON.
func Number(data map[string]any, name string) (int64, error) {
	n, err := toInt(data[name])
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	return n, nil
}

// Line makes one line of at most n bytes out of a text, for titles.
func Line(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		s = cut(s, n-len("…"))
	}
	return s
}
