package review

import (
	"time"

	"firebreak/record"
)

// Finding is what triage found and a person confirmed. What it said is as it was
// then; findings that were dismissed, or that nobody spoke of, are not here.
type Finding struct {
	Act
	ID        string    `json:"finding"`
	Severity  string    `json:"severity"`
	Title     string    `json:"title"`
	About     string    `json:"about"`
	Host      string    `json:"host,omitempty"`
	Says      string    `json:"says"`
	Technique string    `json:"technique,omitempty"`
	First     time.Time `json:"first,omitzero"`
	Why       string    `json:"why"` // the person's reason
	Events    []string  `json:"events,omitempty"`
}

// findings lists the confirmed ones, by the latest word on each, in the order of
// the record.
func (b *builder) findings() {
	latest := map[string]int64{}
	each(b, func(e record.Entry, p record.Judged) { latest[p.Finding] = e.Seq }, record.FindingJudged)
	each(b, func(e record.Entry, p record.Judged) {
		if p.Verdict != record.Confirmed || latest[p.Finding] != e.Seq {
			return
		}
		b.r.Findings = append(b.r.Findings, Finding{
			Act: act(e), ID: given(p.Finding), Severity: given(p.Severity), Title: given(p.Title), About: given(p.About), Host: p.Host,
			Says: given(p.Says), Technique: p.Technique, First: p.First.UTC(), Why: given(p.Reason), Events: p.Events,
		})
	}, record.FindingJudged)
}
