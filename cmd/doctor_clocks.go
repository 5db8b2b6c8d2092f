package cmd

import (
	"fmt"

	"firebreak/response"
	"firebreak/review/clocks"
)

// deadlines says how many are on, what is wrong with what people wrote of them, and
// whether they were looked at too long ago.
func (o *doctorOptions) deadlines(s *response.Session, add func(string, error, string), warn func(string, string)) {
	known, err := s.Service().KnownClocks()
	on, oldest := 0, ""
	for _, k := range known {
		if !k.On {
			continue
		}
		on++
		if k.Checked != "" && (oldest == "" || k.Checked < oldest) {
			oldest = k.Checked
		}
	}
	if err == nil && clocks.Stale(oldest, o.p.Now()) {
		warn("deadlines", staleWords(oldest))
		return
	}
	add("deadlines", err, fmt.Sprintf("%d of %d on", on, len(known)))
}
