package review

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// missing lists what a review should say and nobody recorded, section by section,
// with the command that records it.
func (b *builder) missing() {
	r := &b.r
	id := given(string(r.Incident.ID))
	gone := func(section, what, how string, args ...any) {
		r.Missing = append(r.Missing, Gone{section, what, fmt.Sprintf(how, append([]any{id}, args...)...)})
	}
	if public := record.PartFor("summary", record.PublicProfile); r.Readers.Profile == record.PublicProfile && b.part(public) == "" {
		gone("summary", "nobody wrote a summary for the public", "firebreak review edit %s summary --for public")
	} else if b.part("summary") == "" && r.Incident.Summary == "" && r.Readers.Profile != record.PublicProfile {
		gone("summary", "nobody wrote a summary", "firebreak review edit %s summary")
	}
	if r.Incident.Roles[incident.Commander] == "" && !slices.ContainsFunc(r.Roles, func(t RoleTerm) bool { return t.Role == incident.Commander }) {
		gone("summary", "nobody was named commander", "firebreak change %s --assign commander=NAME")
	}
	if len(r.Impact) == 0 {
		gone("impact", "no impact is stated in numbers", "firebreak impact %s MEASURE NUMBER --certainty …")
	} else {
		for _, m := range []string{"systems", "people", "records", "money", "downtime"} {
			if !slices.ContainsFunc(r.Impact, func(x Measured) bool { return x.Measure == m }) {
				gone("impact", "impact on "+m+" is not stated: not known is not none", "firebreak impact %s %s NUMBER; with --certainty excluded where there was none", m)
			}
		}
	}
	for _, m := range r.Moments {
		if !m.Known && !m.Stated { // what was stated and is withheld is not missing
			gone("moments", "when it "+momentVerb(m.Key)+" is unknown: "+m.Reason, "firebreak moment %s %s TIME", m.Key)
		}
	}
	if len(r.Detection.Caught) == 0 {
		gone("detection", "what gave the incident away is not recorded", "firebreak moment %s detected TIME --reason TEXT")
	}
	if len(r.Controls) == 0 {
		gone("detection", "which controls held, and which did not, is not recorded", "firebreak control %s REFERENCE --held failed --text TEXT")
	}
	if !slices.ContainsFunc(r.Decisions, func(d Decision) bool { return d.ID != "" || d.Action == "" }) {
		gone("decisions", "no decision is recorded besides approvals", "firebreak decision %s TEXT --known TEXT --alternative TEXT")
	}
	for _, d := range r.Decisions {
		if d.ID != "" && (d.Basis == "" || len(d.Alternatives) == 0) {
			gone("decisions", "what was known at decision "+d.ID+", or what else could have been done, is not recorded", "firebreak decision %s --correct %s --known TEXT --alternative TEXT", d.ID)
		}
	}
	switch n := len(r.Factors); {
	case n == 0 && b.part("factors") == "":
		gone("factors", "no contributing factor is named", "firebreak factor %s CATEGORY TEXT")
	case n == 1:
		gone("factors", "only one factor is named: there is rarely one", "firebreak factor %s CATEGORY TEXT")
	}
	b.missingLessons(gone)
	if len(r.Techniques) == 0 {
		gone("techniques", "no technique of the attacker is named", "firebreak technique %s T1078")
	}
	if len(r.Indicators) == 0 {
		gone("indicators", "nothing is named as the attacker's", "firebreak subject %s KIND VALUE --role attacker")
	}
	if len(r.Communications) == 0 && b.part("communications") == "" {
		gone("communications", "nobody was told anything, as far as the record knows", "firebreak update %s --audience NAME --by-hand HOW")
	}
	if !slices.ContainsFunc(r.Clocks, func(c ClockLine) bool { return !c.Started.IsZero() || c.State == "does not apply" }) {
		gone("clocks", "whether a deadline of a law or a contract runs was not judged", "firebreak clocks %s")
	}
	b.missingItems(gone)
	if len(r.Evidence) == 0 {
		gone("evidence", "no evidence was sealed", "firebreak collect %s")
	}
	if s := r.Standing.State; s != record.ReviewReviewed && s != record.ReviewClosed {
		gone("integrity", "nobody signed the review off: it is a "+map[bool]string{true: "draft", false: "review under way"}[s == record.ReviewDraft], "firebreak review state %s reviewed")
	} else if r.Standing.Stale {
		gone("integrity", "the record has grown since the review was signed off", "firebreak review state %s reviewed")
	}
}

func (b *builder) missingLessons(gone func(section, what, how string, args ...any)) {
	parts := map[string]string{"mitigators": "well"} // where the part has another key
	for _, s := range b.r.Lessons {
		if len(s.Said) > 0 || s.Key == "factors" || s.Key == "answers" || b.part(first(parts[s.Key], s.Key)) != "" {
			continue
		}
		gone(s.Key, "nothing is recorded under \""+s.Title+"\"", "firebreak note %s %q", noteWord(s.How)+" …")
	}
}

// noteWord is how a note begins that belongs to a section.
func noteWord(how string) string {
	_, rest, _ := strings.Cut(how, `"`)
	word, _, _ := strings.Cut(rest, `"`)
	return word
}

func (b *builder) missingItems(gone func(section, what, how string, args ...any)) {
	if len(b.r.Items) == 0 {
		gone("items", "no follow-up is recorded", "firebreak review %s --item TEXT --owner NAME --due DATE")
		return
	}
	for _, i := range b.r.Items {
		if i.State != ItemOpen {
			continue
		}
		var lacks []string
		for _, x := range []struct {
			there bool
			what  string
		}{{i.Owner != "", "an owner"}, {!i.Due.IsZero(), "a date"}, {i.Class != "", "a kind"}, {i.Verify != "", "a way to see that it is done"}} {
			if !x.there {
				lacks = append(lacks, x.what)
			}
		}
		if len(lacks) > 0 {
			gone("items", "follow-up "+i.ID+" has not "+strings.Join(lacks, ", "), "firebreak items %s %s", i.ID)
		}
	}
}
