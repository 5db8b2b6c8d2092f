package response

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/redact"
	"firebreak/store"
)

func TestOpenAge(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.txt")
	if err := os.WriteFile(file, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("the secret")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := OpenAge([]string{file}, nil, sealed.Bytes()); err != nil || string(got) != "the secret" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := OpenAge(nil, nil, sealed.Bytes()); CodeOf(err) != CodeUsage || !strings.Contains(HintOf(err), "age_keys") {
		t.Errorf("without keys: %v", err)
	}
	if _, err := OpenAge([]string{file}, nil, []byte("age-encryption.org/v1\n-> X25519 x\n")); CodeOf(err) != CodeAuth {
		t.Errorf("a damaged file: %v", err)
	}
}

// TestSinkGuardsTheRecord writes a secret that was fetched into a title, a note and
// a plan.
func TestSinkGuardsTheRecord(t *testing.T) {
	const secret = "t0ken-of-a-connection"
	b := newBench(t, config.Config{})
	var sink redact.Sink
	b.s.s.o.Secrets.Sink = &sink
	sink.Learn(secret)
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "with " + secret, Severity: incident.SEV3})
	b.must(err)
	b.must(b.s.Note(t.Context(), inc.ID, "", "the token was "+secret, false))
	f, err := b.s.s.open(t.Context(), inc.ID)
	b.must(err)
	var all []byte
	b.must(f.store.View(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Entries(0, 100)
		if err != nil {
			return err
		}
		all, err = json.Marshal(entries)
		return err
	}))
	if bytes.Contains(all, []byte(secret)) || !bytes.Contains(all, []byte("the token was ***")) || !bytes.Contains(all, []byte("with ***")) {
		t.Errorf("recorded: %s", all)
	}
	_, err = b.s.Plan(t.Context(), inc.ID, PlanRequest{Action: "linux.run", Connection: "host", Params: map[string]any{"argv": []any{"echo", secret}}})
	b.want(CodeRefused, err)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("the plan: %v", err)
	}
}
