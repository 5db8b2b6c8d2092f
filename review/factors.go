package review

import (
	"slices"

	"firebreak/record"
)

// FactorCategories are the kinds of conditions.
func FactorCategories() []string { return []string{"technical", "process", "organisational"} }

// factors are the conditions that people named, the latest word on each, and
// those that stand in a note or an answer.
func (b *builder) factors() {
	each(b, func(e record.Entry, p record.Factor) {
		f := Factor{Factor: p, Act: act(e)}
		at := slices.IndexFunc(b.r.Factors, func(x Factor) bool { return x.ID == p.ID })
		if at < 0 {
			b.r.Factors = append(b.r.Factors, f)
		} else {
			b.r.Factors[at] = f
		}
	}, record.FactorNamed)
	b.r.Factors = slices.DeleteFunc(b.r.Factors, func(f Factor) bool { return f.Withdrawn })
	for _, s := range b.said("factors") {
		b.r.Factors = append(b.r.Factors, Factor{Factor: record.Factor{Text: s.Text}, Act: s.Act, Note: true})
	}
	for i := range b.r.Factors {
		f := &b.r.Factors[i]
		for _, item := range b.r.Items {
			if f.ID != "" && item.Factor == f.ID {
				f.Items = append(f.Items, item.ID)
			}
		}
	}
}

// said is what people recorded for a section.
func (b *builder) said(key string) []Saying {
	for _, s := range b.r.Lessons {
		if s.Key == key {
			return s.Said
		}
	}
	return nil
}

// parts are what people wrote for the review, each in its latest version. An empty
// text takes a part back.
func (b *builder) parts() {
	each(b, func(e record.Entry, p record.PartText) {
		at := slices.IndexFunc(b.r.Parts, func(x PartNow) bool { return x.Key == p.Part })
		if at < 0 {
			at = len(b.r.Parts)
			known, _ := PartOf(p.Part)
			b.r.Parts = append(b.r.Parts, PartNow{Key: p.Part, For: known.For, Title: first(known.Title, p.Part)})
		}
		x := &b.r.Parts[at]
		text, field := p.Says()
		x.Text, x.Version, x.Act = first(text, e.Absent(field)), p.Version, act(e)
		x.Versions = append(x.Versions, x.Act)
	}, record.ReviewText)
	b.r.Parts = slices.DeleteFunc(b.r.Parts, func(p PartNow) bool { return p.Text == "" })
	place := func(p PartNow) int {
		key, readers := record.PartReaders(p.Key)
		if at := slices.Index(PartKeys(), key); at >= 0 {
			return at*10 + slices.Index(record.PartProfiles(), readers) + 1
		}
		return len(PartKeys()) * 10
	}
	slices.SortStableFunc(b.r.Parts, func(x, y PartNow) int { return place(x) - place(y) })
}

// PartsFor are the texts of a part that the review's readers get, the first first:
// what was written for them or, where nobody did, the team's own. Those who may read
// everything get what others are told behind it.
func (r Review) PartsFor(key string) []PartNow {
	of := func(readers record.Profile) (PartNow, bool) {
		at := slices.IndexFunc(r.Parts, func(p PartNow) bool { return p.Key == record.PartFor(key, readers) && p.Text != "" })
		if at < 0 {
			return PartNow{}, false
		}
		return r.Parts[at], true
	}
	if slices.Contains(record.PartProfiles(), r.Readers.Profile) {
		if own, ok := of(r.Readers.Profile); ok {
			return []PartNow{own}
		}
	}
	p := r.Readers.Profile
	all := p == "" || p.ShowsPeople() && p.ShowsHosts()
	var out []PartNow
	for _, readers := range append([]record.Profile{""}, record.PartProfiles()...) {
		if p, ok := of(readers); ok && (readers == "" || all) {
			out = append(out, p)
		}
	}
	return out
}

// part is what people wrote for a part, "" when nobody did.
func (b *builder) part(key string) string {
	for _, p := range b.r.Parts {
		if p.Key == key {
			return p.Text
		}
	}
	return ""
}
