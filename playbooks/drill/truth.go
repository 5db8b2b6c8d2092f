package drill

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"firebreak/playbooks/drill/evidence"
)

// Files makes the files of one set of evidence, as the seed has it.
func (s *Scenario) Files(e Evidence) ([]evidence.File, error) {
	return evidence.Make(e.Generator, evidence.Params{Seed: s.Seed, Set: e.ID, Host: e.Host, When: s.When, Events: e.Events, With: e.With})
}

// Truth is what is known of the evidence that was sealed: which event belongs to
// which finding. Events are named by name, from the exhibit's hash and parser and
// the place in it. It makes the logs again; one that does not have the hash of
// its exhibit any more (a later version made it otherwise) is told in doubts, and
// nothing in it can be judged.
func (x *Exercise) Truth(name func(sha256, parser string, offset int64) string) (byEvent map[string]string, doubts []string, err error) {
	byEvent = map[string]string{}
	for _, e := range x.Evidence {
		files, err := x.Files(e)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range files {
			source := Source(e, f.Source)
			exhibit, ok := x.exhibit(source)
			if !ok {
				continue // it was never taken
			}
			h := sha256.New()
			truth, err := f.Write(h, evidence.Findings(e.Generator))
			if err != nil {
				return nil, nil, err
			}
			if sum := hex.EncodeToString(h.Sum(nil)); sum != exhibit.SHA256 {
				doubts = append(doubts, fmt.Sprintf("exhibit %s (%s) is not what this version makes of the seed: what was found in it is not judged", exhibit.ID, source))
				continue
			}
			for _, t := range truth {
				byEvent[name(exhibit.SHA256, exhibit.Format, t.Offset)] = t.Finding
			}
		}
	}
	return byEvent, doubts, nil
}
