package parse

import (
	"bufio"
	"errors"
	"strconv"
	"strings"
	"time"

	"firebreak/integrations/intake"
	"firebreak/record"
	"firebreak/timeline"
)

// findingPrefix begins the names of the parsers of reports and alerts of other
// tools, one for each format of package intake.
const findingPrefix = "finding."

// FindingParser names the parser of that format of package intake.
func FindingParser(format string) string { return findingPrefix + format }

// FindingFormat is the format of package intake that such a parser reads.
func FindingFormat(parser string) (string, bool) { return strings.CutPrefix(parser, findingPrefix) }

// findingParsers are rows for what intake takes in. Nothing is detected as one of
// them: a file of evidence is read as a report only when somebody said that it is
// one.
func findingParsers() []parser {
	var out []parser
	for _, f := range intake.Formats() {
		out = append(out, parser{
			name: FindingParser(f.Name), detect: never, binary: true, bound: true, run: parseFindings,
			about: About{
				Formats:   f.About,
				Events:    "each finding: started at its own time, else observed when the report was made, else undated",
				Times:     "as the source has them; without a zone UTC",
				Reference: "docs/intake.md",
				Oracle:    "counts of the reports themselves, by jq and Python",
			},
		})
	}
	return out
}

// parseFindings makes an event of each finding. Its offset is the number of the
// finding, counted from 0.
func parseFindings(j *job, r *bufio.Reader) error {
	format, _ := FindingFormat(j.src.Parser)
	o := intake.Options{Format: format, Name: j.src.Exhibit.Title, Mapping: j.src.Findings}
	if o.Mapping != nil {
		o.Format = ""
	}
	n := int64(0)
	report, err := intake.Decode(&patient{j, r}, o, func(f *intake.Finding) error {
		at := n
		n++
		return j.add(at, findingEvent(f))
	})
	for _, note := range report.Notes {
		j.note(note)
	}
	for _, bad := range []error{intake.ErrEmpty, intake.ErrMalformed, intake.ErrUnknown, intake.ErrReported, intake.ErrTooLarge} {
		if errors.Is(err, bad) {
			j.reject(n, nil, err.Error())
			return nil
		}
	}
	return err
}

// findingEvent is a finding on the timeline.
func findingEvent(f *intake.Finding) timeline.Event {
	e := timeline.Event{Source: "finding", Host: f.Host, User: f.User, TimeKind: timeline.Started, Time: f.Time}
	switch {
	case !f.Ended.IsZero() && f.State != intake.Open:
		e.Time, e.TimeKind = f.Ended, timeline.Ended
	case e.Time.IsZero() && !f.Updated.IsZero():
		e.Time, e.TimeKind = f.Updated, timeline.Changed
	case e.Time.IsZero() && !f.Seen.IsZero():
		e.Time, e.TimeKind = f.Seen, timeline.Observed
	}
	e.Precision = findingPrecision(e.Time)
	place := f.Place()
	e.Message = "[" + string(f.Severity) + "] " + f.Title
	if place != "" {
		e.Message += " (" + place + ")"
	}
	if f.State != intake.Open {
		e.Message = string(f.State) + ": " + e.Message
	}
	set := func(name, value string) {
		if value != "" {
			e.Attributes.Set(name, value)
		}
	}
	set("commit", f.Commit)
	set("container", f.Container)
	set("cve", strings.Join(f.CVE, " "))
	set("cwe", strings.Join(f.CWE, " "))
	set("finding", f.Key)
	set("finding_kind", string(f.Kind))
	set("fingerprint", f.Fingerprint)
	set("fixed_in", f.FixedIn)
	set("ids", strings.Join(f.IDs, " "))
	set("image", f.Image)
	if f.Line > 0 {
		set("line", strconv.FormatInt(f.Line, 10))
	}
	set("package", f.Package)
	set("path", f.File)
	set("pointer", f.Pointer)
	set("process", f.Process)
	set("repository", f.Repository)
	set("resource", f.Resource)
	set("rule", f.Rule)
	set("scope", f.Scope)
	set("score", f.Score)
	set("severity", string(f.Severity))
	set("source_severity", f.Says)
	set("state", string(f.State))
	set("tool", strings.TrimSpace(f.Tool+" "+f.ToolVersion))
	set("url", f.URL)
	set("version", f.Version)
	for _, id := range f.IDs {
		if isTechnique(id) && e.Technique == "" {
			e.Technique = id
		}
	}
	return e
}

// isTechnique says whether an id is one of ATT&CK's techniques.
func isTechnique(id string) bool {
	return len(id) >= 5 && id[0] == 'T' && strings.Trim(id[1:], "0123456789.") == ""
}

// findingPrecision is how fine a time is written, as far as its digits show.
func findingPrecision(t time.Time) timeline.Precision {
	switch ns := t.Nanosecond(); {
	case t.IsZero():
		return ""
	case ns%1000 != 0:
		return timeline.Nanosecond
	case ns%1_000_000 != 0:
		return timeline.Microsecond
	case ns != 0:
		return timeline.Millisecond
	case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
		return timeline.Day
	}
	return timeline.Second
}

// FindingMapping reads the mapping that an exhibit of findings was sealed with.
func FindingMapping(m *record.Mapping) (*intake.Mapping, error) {
	return intake.NewMapping(m.Name, []byte(m.Text))
}
