package forensics

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"firebreak/record"
)

// refusal is why an item was not taken. It is the answer, not a failure of ours.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error {
	return &refusal{fmt.Sprintf(format, args...)}
}

// maxRefusals bounds what goes into the record one by one. Of what there was more
// the last ones say how many, by reason: at most maxReasons of those.
const (
	maxRefusals = 1000
	maxReasons  = 200
)

// refusals is what a collection could not take. The zero value is ready; it is for
// one goroutine.
type refusals struct {
	seen map[record.Refusal]bool
	more map[record.Refusal]int // those that are not listed
}

// note lists a refusal in the collection and tells of it, once; beyond maxRefusals
// it is counted only.
func (rs *refusals) note(in *record.Collection, r record.Refusal, tell func(record.Refusal)) {
	switch {
	case rs.seen[r]:
		return
	case len(in.Refused) >= maxRefusals:
		rs.overflow(r)
		return
	case rs.seen == nil:
		rs.seen = map[record.Refusal]bool{}
	}
	rs.seen[r] = true
	in.Refused = append(in.Refused, r)
	if tell != nil {
		tell(r)
	}
}

// overflow counts a refusal that is not listed.
func (rs *refusals) overflow(r record.Refusal) {
	key := record.Refusal{Collector: r.Collector, Source: "/", Reason: record.Alike(r.Reason)}
	if rs.more == nil {
		rs.more = map[record.Refusal]int{}
	}
	if _, known := rs.more[key]; !known && len(rs.more) >= maxReasons {
		key.Collector, key.Reason = "linux", "other reasons"
	}
	rs.more[key]++
}

// uncounted says how many there were of each reason that are not listed.
func (rs *refusals) uncounted() []record.Refusal {
	var out []record.Refusal
	for r, n := range rs.more {
		out = append(out, record.Refusal{Collector: r.Collector, Source: r.Source, Reason: fmt.Sprintf("%d more refusals are not listed: %s", n, r.Reason)})
	}
	slices.SortFunc(out, func(a, b record.Refusal) int {
		return cmp.Or(cmp.Compare(a.Collector, b.Collector), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// shown is a name for the record, whose texts are UTF-8: other bytes are
// escaped as in a body file.
func shown(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return string(appendEscaped(nil, name))
}
