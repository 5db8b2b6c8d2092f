package redact

import (
	"strings"

	"firebreak/internal/lazyre"
)

// shaped are secrets that their makers gave a shape, so that they can be told
// from other text without being known.
var shaped = lazyre.New(`\b(?:` +
	`gh[pousr]_[A-Za-z0-9]{20,255}` + // GitHub
	`|github_pat_[A-Za-z0-9_]{22,255}` +
	`|glpat-[A-Za-z0-9_-]{20,64}` + // GitLab
	`|xox[abeoprs]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}` + // Slack
	`|(?:AKIA|ASIA)[A-Z2-7]{16}` + // AWS
	`|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}` + // JSON web tokens
	`|whsec_[A-Za-z0-9+/=]{24,128}` + // Standard Webhooks
	`|AGE-SECRET-KEY-1[A-Z0-9]{58}` +
	`)|-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)` +
	`|https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+`)

// Shaped replaces what looks like a secret by its shape, whoever's it is. It is
// for what strangers say, in errors and the like, not for what is to be kept.
func Shaped(text string) string {
	for _, sign := range signs {
		if strings.Contains(text, sign) {
			return shaped.ReplaceAllLiteralString(text, Hidden)
		}
	}
	return text
}

// signs are what one of them begins with: most texts have none, and are not looked
// through again.
var signs = []string{
	"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-", "AKIA", "ASIA", "eyJ", "whsec_", "AGE-SECRET-KEY-1",
	"-----BEGIN ", "https://hooks.slack.com/",
}
