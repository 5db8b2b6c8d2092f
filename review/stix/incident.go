package stix

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/indicators"
)

const (
	incidentExtension = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"
	impactExtension   = "extension-definition--7cc33dd6-f6a1-489b-98ea-522d351d71b9"
)

// incident adds the incident itself.
func (b *builder) incident(events, impacts, tasks []string) {
	i := b.r.Incident
	core := object{
		"extension_type": "property-extension", "determination": "suspected", "investigation_status": "open",
		"scores": []object{{"name": "Firebreak severity", "value": int(i.Severity), "description": "1 is the worst, 4 the least"}},
	}
	if i.Severity < incident.SEV1 || i.Severity > incident.SEV4 {
		delete(core, "scores")
	}
	if b.r.Confirmed() {
		core["determination"] = "confirmed"
	}
	if i.Status == incident.Closed {
		core["investigation_status"] = "closed"
	}
	if len(b.r.Detection.Caught) > 0 && b.r.Detection.Caught[0].What == "alert" {
		core["detection_methods"] = []string{"automated-tool"}
	}
	if counts := b.counts(); len(counts) > 0 {
		core["impacted_entity_counts"] = counts
	}
	if len(events) > 0 {
		core["events"] = each("event_ref", events)
	}
	if len(tasks) > 0 {
		core["tasks"] = each("task_ref", tasks)
	}
	if len(impacts) > 0 {
		core["impact_refs"] = impacts
	}
	o := object{"name": b.text(b.title()), "extensions": object{incidentExtension: core}}
	if text := strings.Join(b.r.Summary, " "); text != "" {
		o["description"] = b.text(text)
	}
	if i.ID != "" {
		o["external_references"] = []object{{"source_name": "firebreak", "external_id": string(i.ID)}}
	}
	if i.Drill {
		o["labels"] = []string{"drill"}
	}
	b.domain("incident", "incident", i.Opened, o)
}

func each(name string, ids []string) []object {
	out := make([]object, 0, len(ids))
	for _, id := range ids {
		out = append(out, object{name: id})
	}
	return out
}

// title names the incident; one whose title is withheld by its number.
func (b *builder) title() string {
	t := cmp.Or(b.r.Incident.Title, string(b.r.Incident.ID), "an incident")
	if b.r.Incident.Drill {
		return "DRILL: " + t
	}
	return t
}

// counts are the systems and people whose number is known exactly. An estimate is
// in no count.
func (b *builder) counts() object {
	counts := object{}
	for _, m := range b.r.Impact {
		kind := map[string]string{"systems": "system", "people": "individual"}[m.Measure]
		n, ok := whole(m)
		if kind == "" || !ok || m.Class != "" || m.Place != "" || m.Certainty == "estimated" || m.Certainty == "suspected" {
			continue
		}
		counts[kind] = n
	}
	return counts
}

// whole is the number of a measure that is known exactly; of one that was
// excluded it is 0.
func whole(m review.Measured) (int64, bool) {
	if m.Certainty == "excluded" {
		return 0, true
	}
	if m.Low == nil || m.High == nil || *m.Low != *m.High || *m.Low < 0 || *m.Low != math.Trunc(*m.Low) || *m.Low > 1<<53 {
		return 0, false
	}
	return int64(*m.Low), true
}

var currency = lazyre.New(`^[A-Z]{3}$`)

// impacts adds what the extension can say without a guess: money, and records of
// which somebody says or excludes that they were lost. The other measures stand in
// a note.
func (b *builder) impacts() []string {
	var ids, told []string
	var seqs []int64
	for n, m := range b.r.Impact {
		told = append(told, fmt.Sprintf("%s: %s (%s)", strings.Join(strings.Fields(m.Measure+" "+m.Class+" "+m.Place), " "), cmp.Or(m.Shown, m.Text, "unknown"), m.Certainty))
		seqs = append(seqs, m.Seq)
		category, detail := b.category(m)
		if category == "" {
			continue
		}
		o := object{
			"impact_category": category,
			"extensions":      object{impactExtension: object{"extension_type": "new-sdo"}, category + "-ext": detail},
		}
		if text := strings.Join(strings.Fields(strings.Join([]string{m.Certainty, m.Class, m.Place, m.Text, m.Basis}, " ")), " "); text != "" {
			o["description"] = b.text(text)
		}
		b.span(o, "start_time", "end_time", m.From, m.To)
		ids = append(ids, b.domain("impact", fmt.Sprint(n, " ", m.Seq), m.Time, cited(o, m.Seq)))
	}
	if len(told) > 0 {
		b.note("impact", "Impact", strings.Join(told, "\n"), seqs...)
	}
	return ids
}

func (b *builder) category(m review.Measured) (string, object) {
	switch m.Measure {
	case "money":
		if m.Low == nil || m.High == nil || *m.Low <= 0 || *m.High < *m.Low || !currency.MatchString(m.Unit) {
			return "", nil
		}
		return "monetary", object{"variety": "uncategorized", "currency": m.Unit, "min_amount": *m.Low, "max_amount": *m.High}
	case "records":
		if m.Certainty == "excluded" {
			return "confidentiality", object{"loss_type": "none"}
		}
		loss := object{"loss_type": "suspected-loss", "information_type": word(m.Class)}
		if n, ok := whole(m); ok {
			loss["record_count"] = n
		}
		return "confidentiality", loss
	}
	return "", nil
}

// word is a class as the words of a STIX vocabulary are written.
func word(class string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(class) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
		if out.Len() >= 60 {
			break
		}
	}
	return cmp.Or(strings.Trim(out.String(), "-"), "unspecified")
}

// victims adds those whom it happened to: systems and people as identities, their
// addresses, names and files as observables that only this document names.
// Telephone numbers, accounts at banks and cards are never in it.
func (b *builder) victims() error {
	for n, s := range b.r.Subjects {
		how := map[string]string{"victim": "impacts", "third-party": "related-to"}[s.Role]
		if how == "" {
			continue
		}
		name := cmp.Or(s.As, s.Value)
		if record.Gone(name) {
			continue
		}
		if class := map[string]string{"host": "system", "person": "individual"}[s.Kind]; class != "" {
			who := object{"name": b.text(name), "identity_class": class, "roles": []string{s.Role}}
			b.relate(b.whole, how, b.domain("identity", fmt.Sprint("subject ", n), s.Time, cited(who, s.Seq)), s.Time)
			continue
		}
		i, ok := indicators.Read(s.Kind, s.Value)
		if !ok {
			continue
		}
		id, err := b.observable(i, false)
		if err != nil {
			return err
		}
		b.relate(b.whole, "related-to", id, s.Time)
	}
	return nil
}

func listed(subjects []review.Subject) string {
	var lines []string
	for _, s := range subjects {
		if !record.Gone(s.Value) {
			lines = append(lines, s.Kind+": "+s.Value)
		}
	}
	return strings.Join(lines, "\n")
}

// note adds a note on the incident, where there is something to say.
func (b *builder) note(name, about, text string, seqs ...int64) {
	if text == "" {
		return
	}
	b.domain("note", name, time.Time{}, cited(object{
		"abstract": about, "content": b.text(text), "object_refs": []string{b.whole},
	}, seqs...))
}

// report adds the review itself, which refers to all the others.
func (b *builder) report() {
	var refs []string
	for _, o := range b.objects {
		if id, _ := o["id"].(string); o["type"] != "marking-definition" {
			refs = append(refs, id)
		}
	}
	o := object{"name": "Review: " + b.text(b.title()), "published": stamp(b.made), "object_refs": refs}
	if text := strings.Join(b.r.Summary, "\n"); text != "" {
		o["description"] = b.text(text)
	}
	b.domain("report", "report", b.made, o)
}
