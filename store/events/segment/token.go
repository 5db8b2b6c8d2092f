package segment

// Tokens yields the tokens of a text, folded: each run of letters, digits and _,
// and each run of four short numbers joined by dots. A filter's literal that
// stands in a text as whole words has only tokens of that text in it. That holds
// for valid UTF-8; of other texts nothing follows, and ok is false.
func Tokens(text string, yield func(token string)) (ok bool) { return false }
