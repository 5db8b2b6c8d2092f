package review

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/internal/term"
)

// PartDraft is one part as somebody works on it. From is the version that they
// began with; 0: there was none.
type PartDraft struct {
	Part string `json:"part"`
	From int    `json:"from"`
	Text string `json:"text"`
}

// ErrPartsFile says that a file is not one that PartsFile wrote, or that what
// tells its parts apart was changed.
var ErrPartsFile = errors.New("the lines that begin the parts are not as they were")

// maxPartsFile is how long a file with all parts may be.
const maxPartsFile = 16 << 20

// begins is the line above a part. A line of a person's text that looks like one
// has a backslash before it in the file.
var (
	begins = lazyre.New(`^<!-- part: ([a-z_]{1,40}(?:\.[a-z]{1,20})?), version (\d{1,6}) -->$`)
	looks  = lazyre.New(`^\\*<!-- part: `)
)

func beginning(d PartDraft) string {
	return fmt.Sprintf("<!-- part: %s, version %d -->", d.Part, d.From)
}

// above are the lines between a part's beginning and its text, which are no text.
func above(key string) []string {
	p, ok := PartOf(key)
	if !ok {
		return []string{"# " + key}
	}
	ask := p.Prompt
	if p.Words > 0 {
		ask += fmt.Sprintf(" At most %d words.", p.Words)
	}
	return []string{"# " + p.Title, "<!-- " + ask + " -->"}
}

// PartsFile is the one Markdown file in which a person edits parts.
func PartsFile(id incident.ID, parts []PartDraft) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- The review of %s. Write below the headings; leave the lines that begin with\n", id)
	b.WriteString("     \"<!-- part:\" as they are. What you do not change is not recorded. -->\n")
	for _, d := range parts {
		b.WriteString("\n" + beginning(d) + "\n" + strings.Join(above(d.Part), "\n") + "\n\n")
		if d.Text == "" {
			continue
		}
		for line := range strings.SplitSeq(d.Text, "\n") {
			if looks.MatchString(line) {
				line = `\` + line
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// ReadPartsFile reads what is left of such a file. A part that is not in it any
// more is not among the drafts. Errors: ErrPartsFile; a text that is too long or no
// UTF-8.
func ReadPartsFile(text string) ([]PartDraft, error) {
	if len(text) > maxPartsFile {
		return nil, fmt.Errorf("it has %d bytes: at most %d", len(text), maxPartsFile)
	}
	var out []PartDraft
	var body []string
	end := func() error {
		if len(out) == 0 {
			return nil
		}
		d := &out[len(out)-1]
		var err error
		d.Text, err = PartTextOf(strings.Join(without(body, above(d.Part)), "\n"))
		if err != nil {
			return fmt.Errorf("part %s: %w", d.Part, err)
		}
		return nil
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		m := begins.FindStringSubmatch(line)
		switch {
		case m != nil:
			if err := end(); err != nil {
				return nil, err
			}
			if _, ok := PartOf(m[1]); !ok {
				return nil, fmt.Errorf("there is no part %s: %w", m[1], ErrPartsFile)
			}
			if slices.ContainsFunc(out, func(d PartDraft) bool { return d.Part == m[1] }) {
				return nil, fmt.Errorf("part %s is there twice: %w", m[1], ErrPartsFile)
			}
			n, _ := strconv.Atoi(m[2]) // six digits
			out, body = append(out, PartDraft{Part: m[1], From: n}), nil
			continue
		case strings.HasPrefix(line, "<!-- part: "):
			return nil, fmt.Errorf("%s: %w", term.Cut(term.Safe(line), 60), ErrPartsFile)
		case looks.MatchString(line):
			line = line[1:]
		}
		body = append(body, line)
	}
	if err := end(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no part begins in it: %w", ErrPartsFile)
	}
	return out, nil
}

// HasParts says whether a text is a file of parts, and not the text of one.
func HasParts(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if begins.MatchString(strings.TrimSuffix(line, "\r")) {
			return true
		}
	}
	return false
}

// without takes the lines away that stand above a text: each once, from its
// beginning, and the empty ones between.
func without(body, lines []string) []string {
	for _, l := range lines {
		for len(body) > 0 && strings.TrimSpace(body[0]) == "" {
			body = body[1:]
		}
		if len(body) > 0 && body[0] == l {
			body = body[1:]
		}
	}
	return body
}

// PartTextOf is a text as it is recorded: its line ends are line breaks, and
// nothing stands before and behind it.
func PartTextOf(text string) (string, error) {
	switch {
	case len(text) > MaxPart:
		return "", fmt.Errorf("the text has %d bytes: at most %d (1 MiB); what is longer is evidence: firebreak ingest", len(text), MaxPart)
	case !utf8.ValidString(text):
		return "", errors.New("the text is not UTF-8: save it in that encoding")
	case strings.ContainsRune(text, 0):
		return "", errors.New("the text has NUL bytes: it is no text")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(text, "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \t\r\n"), nil
}

// What stands around two texts of which a person has to make one.
const (
	mineBegins = "<<<<<<< yours"
	between    = "======="
	theirsEnds = ">>>>>>> "
)

// Both puts two texts of one part above each other, for a person to make one of.
func Both(mine, theirs, whose string) string {
	return mineBegins + "\n" + mine + "\n" + between + "\n" + theirs + "\n" + theirsEnds + whose
}

// IsBoth says whether nobody has made one text of the two yet.
func IsBoth(text string) bool {
	mine, end := false, false
	for line := range strings.SplitSeq(text, "\n") {
		mine = mine || line == mineBegins
		end = end || mine && strings.HasPrefix(line, theirsEnds)
	}
	return end
}
