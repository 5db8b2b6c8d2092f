package intake

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/internal/lazyre"
)

// tidy cuts every text to a length and masks what looks like a secret, and the
// secret itself wherever it stands.
func (f *Finding) tidy(secret string) {
	if f.Title == "" {
		f.Title = cmp.Or(firstLine(f.Message), f.Rule, strings.Join(f.CVE, " "), "(no title)")
	}
	f.Title = clip(mask(firstLine(f.Title), secret), maxShort)
	f.Message = clip(mask(strings.TrimSpace(f.Message), secret), maxText)
	for _, s := range []*string{
		&f.Rule, &f.Says, &f.Score, &f.StateSays, &f.File, &f.Commit, &f.Package, &f.Version, &f.FixedIn, &f.Image, &f.Host,
		&f.Container, &f.Process, &f.User, &f.Resource, &f.Repository, &f.Tool, &f.ToolVersion,
	} {
		*s = clip(mask(*s, secret), maxShort)
	}
	f.URL = clip(mask(safeURL(f.URL), secret), maxText)
	f.Fingerprint = clip(mask(f.Fingerprint, secret), maxText)
	f.instanceOf = mask(f.instanceOf, secret)
	f.CVE, f.CWE, f.IDs = few(f.CVE), few(f.CWE), few(f.IDs)
	if f.Severity == "" {
		f.Severity = severityOf(f.Says)
	}
	f.Pointer = clip(f.Pointer, maxText)
}

// Place is where a finding is, in a few words: the package with its version, the
// file with its line, the image, the host.
func (f *Finding) Place() string {
	var parts []string
	add := func(s string) {
		if s != "" && !slices.Contains(parts, s) && len(parts) < 3 {
			parts = append(parts, s)
		}
	}
	add(joinedBy("@", f.Package, f.Version))
	file := f.File
	if file != "" && f.Line > 0 {
		file += ":" + strconv.FormatInt(f.Line, 10)
	}
	add(file)
	add(f.Host)
	add(f.Container)
	add(f.Image)
	add(f.Resource)
	add(f.Repository)
	return strings.Join(parts, ", ")
}

func joinedBy(by, a, b string) string {
	if a != "" && b != "" {
		return a + by + b
	}
	return a
}

// compose makes a fingerprint of what tells one finding from others.
func (f *Finding) compose() {
	f.Composed = true
	ids := f.Rule
	if ids == "" {
		ids = strings.Join(append(append([]string{}, f.CVE...), f.IDs...), ",")
	}
	if ids == "" {
		ids = f.Title
	}
	line := ""
	if f.Line > 0 {
		line = strconv.FormatInt(f.Line, 10)
	}
	parts := []string{
		string(f.Kind), ids, f.Repository, f.Image, f.Host, f.Container, f.Process, f.Resource, f.File, line, f.Commit, f.Package, f.Version, f.instanceOf,
	}
	f.Fingerprint = clip(strings.TrimRight(strings.Join(parts, "|"), "|"), maxText)
}

// few keeps a list short, and each of it once.
func few(list []string) []string {
	var out []string
	for _, s := range list {
		if s = clip(strings.TrimSpace(s), 80); s != "" && !slices.Contains(out, s) && len(out) < maxListed {
			out = append(out, s)
		}
	}
	return out
}

// clip cuts a text at a whole character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most-len("…")]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if n := len(s); n > 0 && s[n-1] >= utf8.RuneSelf {
		if r, _ := utf8.DecodeLastRuneInString(s); r == utf8.RuneError {
			s = s[:n-1]
		}
	}
	return s + "…"
}

func firstLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	return s
}

// hiddenMark stands in the place of a secret.
const hiddenMark = "***"

// secretShape are texts that are secrets by their look, wherever they stand.
var secretShape = lazyre.New(`gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{8,}|` +
	`(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[A-Za-z0-9_-]{30,}|sk_live_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{30,}|` +
	`-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)

// mayHold are what a text must have for secretShape to match.
var mayHold = []string{"gh", "glpat", "xox", "KIA", "SIA", "AIza", "sk_live", "npm_", "-----BEGIN", "eyJ"}

// mask puts a mark in the place of the secret and of what looks like one.
func mask(s, secret string) string {
	if secret = strings.TrimSpace(secret); len(secret) >= 4 && strings.Contains(s, secret) {
		s = strings.ReplaceAll(s, secret, hiddenMark)
	}
	for _, sign := range mayHold {
		if strings.Contains(s, sign) {
			return secretShape.ReplaceAllString(s, hiddenMark)
		}
	}
	return s
}

// safeURL is a link that can be shown: http or https, without a password.
func safeURL(s string) string {
	s = strings.TrimSpace(s)
	lower := strings.ToLower(clip(s, 12))
	if !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
		return ""
	}
	scheme, rest, _ := strings.Cut(s, "://")
	host, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, tail = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	return scheme + "://" + host + tail
}

var (
	cveShape = lazyre.New(`(?i)\bCVE-\d{4}-\d{3,19}\b`)
	cweShape = lazyre.New(`(?i)\bCWE[-_: ]?0*(\d{1,6})\b`)
	idShape  = lazyre.New(`\b(?:GHSA(?:-[0-9a-z]{4}){3}|SNYK-[A-Z0-9-]+|(?:DSA|DLA|USN|RHSA|ELSA|ALSA|TEMP|GO|PYSEC|RUSTSEC|ALAS|GMS|OSV|NSWG|SONATYPE)-[0-9A-Za-z:.-]+)\b`)
)

// names sorts ids into those that the finding keeps apart.
func (f *Finding) names(texts ...string) {
	for _, s := range texts {
		if s == "" {
			continue
		}
		s = clip(s, 4000)
		for _, id := range cveShape.FindAllString(s, maxListed) {
			f.CVE = append(f.CVE, strings.ToUpper(id))
		}
		for _, m := range cweShape.FindAllStringSubmatch(s, maxListed) {
			if m[1] != "0" {
				f.CWE = append(f.CWE, "CWE-"+m[1])
			}
		}
		f.IDs = append(f.IDs, idShape.FindAllString(s, maxListed)...)
	}
}

// weakness adds CWEs, of which a text may hold several, or one as a bare number.
func (f *Finding) weakness(texts ...string) {
	for _, s := range texts {
		s = clip(s, 4000)
		found := cweShape.FindAllStringSubmatch(s, maxListed)
		for _, m := range found {
			if m[1] != "0" { // it stands for none
				f.CWE = append(f.CWE, "CWE-"+m[1])
			}
		}
		if s = strings.TrimLeft(strings.TrimSpace(s), "0"); found == nil && s != "" && len(s) <= 6 && strings.Trim(s, "0123456789") == "" {
			f.CWE = append(f.CWE, "CWE-"+s)
		}
	}
}

// severityOf is our word for the words that most sources share.
func severityOf(says string) Severity {
	switch strings.ToLower(strings.TrimSpace(says)) {
	case "critical", "crit", "blocker", "emergency", "emerg", "alert", "fatal", "defcon1", "p1", "sev1", "disaster", "urgent":
		return Critical
	case "high", "error", "err", "important", "p2", "sev2", "severe", "page":
		return High
	case "medium", "moderate", "med", "warning", "warn", "major", "p3", "sev3", "average":
		return Medium
	case "low", "minor", "notice", "note", "p4", "sev4":
		return Low
	case "info", "informational", "information", "negligible", "unimportant", "none", "debug", "p5", "trivial", "ok":
		return Info
	}
	return Unknown
}

// severityOfScore is what CVSS 3.1 (section 5) calls a score.
func severityOfScore(score string) Severity {
	v, err := strconv.ParseFloat(strings.TrimSpace(score), 64)
	switch {
	case err != nil || v < 0 || v > 10:
		return Unknown
	case v >= 9:
		return Critical
	case v >= 7:
		return High
	case v >= 4:
		return Medium
	case v > 0:
		return Low
	}
	return Info
}

var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05 UTC",
	time.RFC1123Z, time.RFC1123, "2006-01-02",
}

// moment reads a time as sources write it: RFC 3339 and its neighbours, or a
// number of seconds, milli-, micro- or nanoseconds since 1970. The zero time is
// for what is none, and for the year 1, which Go programs write for it. Without a
// zone it is UTC.
func moment(n *node) time.Time {
	s := strings.TrimSpace(n.text())
	if s == "" {
		return time.Time{}
	}
	if n.isNumber() || strings.Trim(s, "0123456789.") == "" {
		return epoch(s)
	}
	return momentOf(s)
}

func momentOf(s string) time.Time {
	if len(s) < 10 || len(s) > 64 {
		return time.Time{}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return sane(t)
		}
	}
	return time.Time{}
}

// epoch reads a number of units since 1970, which its size tells. It is exact:
// nanoseconds of today do not fit into a float.
func epoch(s string) time.Time {
	if len(s) > 40 || strings.Trim(s, "0123456789.") != "" { // no exponents: they could ask for any size
		return time.Time{}
	}
	v, ok := new(big.Rat).SetString(s)
	if !ok || v.Sign() <= 0 {
		return time.Time{}
	}
	thousand, most := new(big.Rat).SetInt64(1000), new(big.Rat).SetInt64(100_000_000_000) // the year 5138 in seconds
	for range 3 {
		if v.Cmp(most) >= 0 {
			v.Quo(v, thousand)
		}
	}
	ns := v.Mul(v, new(big.Rat).SetInt64(int64(time.Second)))
	whole := new(big.Int).Quo(ns.Num(), ns.Denom())
	if !whole.IsInt64() {
		return time.Time{}
	}
	return sane(time.Unix(0, whole.Int64()))
}

// sane is the time, or none where no source can have meant it.
func sane(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1971 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}
