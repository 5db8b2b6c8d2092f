package integrations

import "firebreak/internal/redact"

// Hidden stands where a secret was.
const Hidden = redact.Hidden

// Redact takes the secrets out of text, in every form they may have in it.
func Redact(text string, secrets ...string) string { return redact.Text(text, secrets...) }
