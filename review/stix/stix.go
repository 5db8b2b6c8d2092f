// Package stix writes a review as a STIX 2.1 bundle (OASIS Standard, 10 June
// 2021) for those who exchange threat intelligence: the incident with the Incident
// Core Extension (OASIS CTI common objects, incident-ef7, version 2.1) and its
// events, impacts and tasks; techniques, indicators and sightings of the attacker;
// what was done; all marked with TLP 2.0.
//
// It is pure: the same review gives the same bytes. Everything in it stands in the
// review; what nobody recorded is left out, and so are the names of those who
// responded, in every profile.
package stix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/review"
	"firebreak/review/indicators"
)

// object is one STIX object; encoding/json sorts its members.
type object = map[string]any

type builder struct {
	r       review.Review
	space   [16]byte
	objects []object
	had     map[string]bool
	made    time.Time
	text    func(string) string // for people: see review.Nameless
	marking string              // id of the TLP marking
	author  string
	whole   string            // id of the incident
	of      map[string]string // ids of attack-patterns, by technique
	watched []watched         // indicators with their ids
}

type watched struct {
	indicators.Indicator
	id string
}

// Bundle is the review as a STIX 2.1 bundle.
func Bundle(r review.Review) ([]byte, error) {
	b := &builder{
		r: r, space: r.Namespace("stix"), had: map[string]bool{}, made: latest(r),
		of: map[string]string{}, text: r.Nameless(),
	}
	b.mark()
	b.author = b.id("identity", "tool")
	b.whole = b.id("incident", "incident")
	b.domain("identity", "tool", time.Time{}, object{
		"name": "Firebreak", "identity_class": "system", "description": b.text(cmp.Or(r.Tool, "Firebreak")),
	})
	b.techniques()
	found, others := indicators.Of(r)
	for _, i := range found {
		if err := b.indicator(i); err != nil {
			return nil, err
		}
	}
	events := b.happened()
	b.incident(events, b.impacts(), b.tasks())
	if err := b.victims(); err != nil {
		return nil, err
	}
	b.note("left out", "Attacker's names that STIX has no observable for", listed(others))
	b.report()
	out, err := json.MarshalIndent(object{"type": "bundle", "id": b.id("bundle", "bundle"), "objects": b.objects}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the STIX bundle: %w", err)
	}
	return append(out, '\n'), nil
}

// latest is when the review was made, or else the last moment in it.
func latest(r review.Review) time.Time {
	at := r.Made
	for _, row := range r.Timeline {
		if r.Made.IsZero() && !row.Evidence && row.Time.After(at) {
			at = row.Time
		}
	}
	return at
}

// id is the id of one of our own objects: another one in every document.
func (b *builder) id(kind, name string) string {
	return kind + "--" + review.UUID(b.space, kind+"\x00"+name)
}

// add takes an object once.
func (b *builder) add(o object) string {
	id, _ := o["id"].(string)
	if !b.had[id] {
		b.had[id] = true
		b.objects = append(b.objects, o)
	}
	return id
}

// domain adds a domain or relationship object. It came to be at the moment that
// it tells of, and was last changed when the review was made.
func (b *builder) domain(kind, name string, at time.Time, with object) string {
	created := at
	if created.IsZero() || !writable(created) {
		created = b.r.Incident.Opened
	}
	changed := b.made
	if changed.Before(created) {
		changed = created
	}
	o := object{
		"type": kind, "spec_version": "2.1", "id": b.id(kind, name), "created": stamp(created), "modified": stamp(changed),
		"object_marking_refs": []string{b.marking},
	}
	if kind != "identity" || name != "tool" {
		o["created_by_ref"] = b.author
	}
	for k, v := range with {
		o[k] = v
	}
	return b.add(o)
}

func (b *builder) relate(from, how, to string, at time.Time) {
	if from == "" || to == "" {
		return
	}
	b.domain("relationship", from+" "+how+" "+to, at, object{"relationship_type": how, "source_ref": from, "target_ref": to})
}

// writable says whether a time has a form in STIX: its years have four digits.
func writable(t time.Time) bool { y := t.UTC().Year(); return y >= 1 && y <= 9999 }

func stamp(t time.Time) string {
	if !writable(t) {
		t = time.Time{}
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// when sets a member to a time that is known.
func when(o object, name string, t time.Time) {
	if !t.IsZero() && writable(t) {
		o[name] = stamp(t)
	}
}

// cited is an object with the entries of the record that it comes from.
func cited(o object, seqs ...int64) object {
	if refs := entries(seqs...); len(refs) > 0 {
		o["external_references"] = refs
	}
	return o
}

// entries refers to entries of the record.
func entries(seqs ...int64) []object {
	seqs = slices.DeleteFunc(slices.Clone(seqs), func(n int64) bool { return n == 0 })
	slices.Sort(seqs)
	out := make([]object, 0, len(seqs))
	for _, n := range slices.Compact(seqs) {
		out = append(out, object{"source_name": "firebreak-record", "external_id": fmt.Sprintf("#%d", n)})
	}
	return out
}

// mark adds the TLP 2.0 marking, as OASIS published it (CTI common objects,
// tlp-2.0). An incident without a known label is marked red: nothing says that it
// may be passed on.
func (b *builder) mark() {
	ids := map[incident.TLP]string{
		incident.TLPClear:       "94868c89-83c2-464b-929b-a1a8aa3c8487",
		incident.TLPGreen:       "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
		incident.TLPAmber:       "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
		incident.TLPAmberStrict: "939a9414-2ddd-4d32-a0cd-375ea402b003",
		incident.TLPRed:         "e828b379-4e03-4974-9ac4-e53a884c97c1",
	}
	label := b.r.Label()
	if ids[label] == "" {
		label = incident.TLPRed
	}
	b.marking = b.add(object{
		"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--" + ids[label], "created": "2022-10-01T00:00:00.000Z",
		"name":       "TLP:" + strings.ToUpper(string(label)),
		"extensions": object{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": object{"extension_type": "property-extension", "tlp_2_0": string(label)}},
	})
}
