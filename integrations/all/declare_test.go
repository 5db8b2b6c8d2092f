package all

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"firebreak/integrations/declared"
)

// No file can take the kind of a system that is programmed.
func TestProgrammedKindsAreTaken(t *testing.T) {
	t.Parallel()
	builtin, err := declared.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Systems() {
		if slices.ContainsFunc(builtin, func(f *declared.File) bool { return f.Kind == s.Kind }) {
			continue
		}
		file := fmt.Sprintf("declared: v1\nkind: %s\nsystem: {title: X, credential: none}\nactions:\n  - {id: %s.x, version: 1.0.0, title: T, reversible: false, idempotency: none, effects: [e], target: {kind: t, id: a}, receipt: {ref: a}, do: {method: POST, url: /}, verify: {unread: why}}\n", s.Kind, s.Kind)
		if _, err := declared.Read([]declared.Source{{Name: "x.yaml", Text: []byte(file)}}); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("kind %s: %v", s.Kind, err)
		}
	}
}
