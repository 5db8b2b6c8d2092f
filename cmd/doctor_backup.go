package cmd

import (
	"context"
	"fmt"
	"strings"

	"firebreak/response"
)

// backups says which open incidents have no backup that holds most of them,
// and where the evidence itself is checked.
func (o *doctorOptions) backups(ctx context.Context, s *response.Session, add func(string, error, string), warn func(string, string)) {
	list, err := s.Unbacked(ctx)
	if err != nil {
		add("backup", err, "")
		return
	}
	var names []string
	for _, u := range list {
		if u.Backed == 0 {
			names = append(names, fmt.Sprintf("%s has none", u.Incident))
		} else {
			names = append(names, fmt.Sprintf("%s has %d entries since its last", u.Incident, u.Entries-u.Backed))
		}
	}
	if len(names) > 0 {
		warn("backup", strings.Join(names, "; ")+": firebreak backup --all --to FILE")
	} else {
		add("backup", nil, "every open incident has one")
	}
	add("check", nil, "not done here: firebreak check looks at every file and record, with --read-data at all evidence")
}
