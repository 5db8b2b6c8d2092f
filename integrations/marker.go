package integrations

import "strings"

// Mark returns the line that carries a key in a system that knows no
// idempotency: a comment that GitHub does not show.
func Mark(key string) string { return "<!-- firebreak-key:" + key + " -->" }

// Marked says whether a text carries the key's mark. A vendor may change line
// ends and spaces around it, not the key.
func Marked(text, key string) bool {
	return key != "" && strings.Contains(text, "firebreak-key:"+key)
}

// Unmark takes the marks out of a text that somebody else wrote, so that no
// foreign text can pass for the effect of an action.
func Unmark(text string) string { return strings.ReplaceAll(text, "firebreak-key:", "firebreak-key ") }
