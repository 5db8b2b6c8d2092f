package audience

import (
	"encoding/json"
	"fmt"
	"slices"

	"firebreak/record"
)

// kinds puts a number in the place of what a measure of the impact is of, where the
// readers may not see that: without it the latest word on one kind would stand for
// all of them.
func (m *Mask) kinds(entries, masked []record.Entry) {
	numbers := map[[3]string]int{}
	of := map[string]int{} // how many kinds there are, by measure
	for i, e := range entries {
		var p record.Impact
		if e.Kind != record.ImpactStated || e.Decode(&p) != nil || p.Class == "" && p.Place == "" {
			continue
		}
		if m.shows(e.Kind, "class") && m.shows(e.Kind, "place") {
			continue
		}
		key := [3]string{p.Measure, p.Class, p.Place}
		if numbers[key] == 0 {
			of[p.Measure]++
			numbers[key] = of[p.Measure]
		}
		out := &masked[i]
		delete(out.Fields, "place")
		out.Fields["class"] = json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("kind %d", numbers[key])))
		out.Withheld = slices.DeleteFunc(out.Withheld, func(name string) bool { return name == "class" })
	}
}
