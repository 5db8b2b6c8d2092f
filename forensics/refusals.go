package forensics

import (
	"cmp"
	"fmt"
	"slices"

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

// overflow counts a refusal that is not listed.
func overflow(more *map[record.Refusal]int, r record.Refusal) {
	key := record.Refusal{Collector: r.Collector, Source: "/", Reason: record.Alike(r.Reason)}
	if *more == nil {
		*more = map[record.Refusal]int{}
	}
	if _, known := (*more)[key]; !known && len(*more) >= maxReasons {
		key.Collector, key.Reason = "linux", "other reasons"
	}
	(*more)[key]++
}

// uncounted says how many there were of each reason.
func uncounted(more map[record.Refusal]int) []record.Refusal {
	var out []record.Refusal
	for r, n := range more {
		out = append(out, record.Refusal{Collector: r.Collector, Source: r.Source, Reason: fmt.Sprintf("%d more refusals are not listed: %s", n, r.Reason)})
	}
	slices.SortFunc(out, func(a, b record.Refusal) int {
		return cmp.Or(cmp.Compare(a.Collector, b.Collector), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
