package response

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/record/bundle"
)

func (b *bench) bundle(name string, o BundleOptions) Bundled {
	b.Helper()
	o.To = filepath.Join(b.TempDir(), name)
	if o.Profile == "" {
		o.Profile = record.FullProfile
	}
	made, err := b.s.Bundle(b.Context(), b.id, o, nil)
	b.must(err)
	return made
}

// members are the files of an archive, read with nothing of ours.
func (b *bench) members(path string) (map[string]string, []byte) {
	b.Helper()
	raw, err := os.ReadFile(path)
	b.must(err)
	gz, err := gzip.NewReader(bytes.NewReader(raw))
	b.must(err)
	plain, err := io.ReadAll(gz)
	b.must(err)
	return untar(b.T, plain), plain
}

func (b *bench) checked(path string, o BundleVerification) bundle.Report {
	b.Helper()
	r, err := VerifyBundle(b.Context(), path, o, nil)
	b.must(err)
	return r
}

func TestBundleIsVerifiedAndRecorded(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	made := b.bundle("a.tar.gz", BundleOptions{Evidence: []string{"e1"}})
	r := b.checked(made.File, BundleVerification{Seals: []string{made.Seal}, Keys: []string{made.Key}})
	if !r.OK() || r.Exhibits != 1 || r.Entries != int64(made.Entries) || r.Attested != r.Entries || r.Withheld != 0 {
		t.Errorf("%+v", r)
	}
	files, _ := b.members(made.File)
	if files["evidence/e1.bin"] != authLog || !strings.Contains(files["review/review.md"], "odd login") || files["VERIFY.md"] == "" {
		t.Errorf("files: %d", len(files))
	}
	info, err := os.Stat(made.File)
	b.must(err)
	if info.Size() != made.Bytes || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, want %d bytes", info.Mode(), made.Bytes)
	}
	// The next one says that there was this one.
	b.must(b.s.CloseIncident(t.Context(), b.id, "nothing in it"))
	again := b.bundle("b.tar.gz", BundleOptions{NoReview: true})
	files, _ = b.members(again.File)
	if !strings.Contains(files["record/entries.jsonl"], `"kind":"bundle.made"`) || files["review/review.md"] != "" {
		t.Errorf("the bundle before is not in the record:\n%s", files["record/entries.jsonl"])
	}
	if r := b.checked(again.File, BundleVerification{Seals: []string{made.Seal}}); !r.OK() || r.Attested != int64(made.Entries) {
		t.Errorf("the seal of the first, of the second: %+v", r)
	}
	if r := b.checked(made.File, BundleVerification{Seals: []string{again.Seal}}); r.OK() || r.Problems[0].What != record.Truncated {
		t.Errorf("the seal of the second, of the first: %+v", r)
	}
	b.verified()
}

func TestBundleRefuses(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		code Code
		o    BundleOptions
	}{
		{"no file", CodeUsage, BundleOptions{}},
		{"a name that claims encryption", CodeUsage, BundleOptions{To: filepath.Join(dir, "a.tar.gz.age")}},
		{"evidence for the public", CodeUsage, BundleOptions{To: filepath.Join(dir, "a"), Profile: record.PublicProfile, Evidence: []string{"all"}}},
		{"an exhibit that is not there", CodeNotFound, BundleOptions{To: filepath.Join(dir, "a"), Evidence: []string{"e9"}}},
		{"a recipient that is none", CodeUsage, BundleOptions{To: filepath.Join(dir, "a"), Recipients: []string{"age1nobody"}}},
		{"a secret key for a recipient", CodeUsage, BundleOptions{To: filepath.Join(dir, "a"), Recipients: []string{b.file("k", "AGE-SECRET-KEY-1QQQ\n")}}},
		{"an empty file of recipients", CodeUsage, BundleOptions{To: filepath.Join(dir, "a"), Recipients: []string{b.file("k", "# nobody\n")}}},
		{"a file that is there", CodeUsage, BundleOptions{To: b.file("a", "of somebody")}},
		{"a folder that is not there", CodeUsage, BundleOptions{To: filepath.Join(dir, "no", "a")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Profile == "" {
				c.o.Profile = record.FullProfile
			}
			_, err := b.s.Bundle(t.Context(), b.id, c.o, nil)
			if err == nil || CodeOf(err) != c.code || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v (%s)", err, CodeOf(err))
			}
		})
	}
	b.empty(dir)
}

// empty wants nothing in a folder: a bundle appears whole or not at all.
func (b *bench) empty(dir string) {
	b.Helper()
	left, err := os.ReadDir(dir)
	b.must(err)
	if len(left) > 0 {
		b.Errorf("left behind: %v", left)
	}
}

func TestBundleOfDamagedEvidence(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	blob := filepath.Join(b.s.s.Dir(b.id), "evidence", xs[0].Blob[:2], xs[0].Blob)
	raw, err := os.ReadFile(blob)
	b.must(err)
	raw[len(raw)/2] ^= 1
	b.must(os.Chmod(blob, 0o600))
	b.must(os.WriteFile(blob, raw, 0o600))
	dir := t.TempDir()
	o := BundleOptions{To: filepath.Join(dir, "a.tar.gz"), Profile: record.FullProfile, Evidence: []string{"all"}}
	_, err = b.s.Bundle(t.Context(), b.id, o, nil)
	b.want(CodeIntegrity, err)
	b.must(os.Remove(blob))
	_, err = b.s.Bundle(t.Context(), b.id, o, nil)
	b.want(CodeIntegrity, err)
	b.empty(dir)
}

func TestBundleCancelled(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(p Progress) {
		if strings.HasPrefix(p.What, "writing e1") {
			cancel()
		}
	}
	_, err = b.s.Bundle(ctx, b.id, BundleOptions{To: filepath.Join(dir, "a"), Profile: record.FullProfile, Evidence: []string{"all"}}, stop)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	b.empty(dir)
	b.verified()
}

func TestEncryptedBundle(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	mine, err := age.GenerateX25519Identity()
	b.must(err)
	other, err := age.GenerateX25519Identity()
	b.must(err)
	recipients := b.file("recipients", "# of the court\n"+mine.Recipient().String()+"\n")
	made := b.bundle("a.tar.gz", BundleOptions{Recipients: []string{recipients}})
	if !strings.HasSuffix(made.File, ".tar.gz.age") || !made.Encrypted {
		t.Errorf("%+v", made)
	}
	f, err := os.Open(made.File)
	b.must(err)
	defer func() { _ = f.Close() }()
	plain, err := age.Decrypt(f, mine)
	b.must(err)
	raw, err := io.ReadAll(plain)
	b.must(err)
	unpacked := b.file("plain.tar.gz", string(raw))
	if r := b.checked(unpacked, BundleVerification{}); !r.OK() {
		t.Errorf("%v", r.Problems)
	}
	key, wrong := b.file("key", mine.String()+"\n"), b.file("wrong", other.String()+"\n")
	if r := b.checked(made.File, BundleVerification{Identity: key, Seals: []string{made.Seal}}); !r.OK() || r.Attested == 0 {
		t.Errorf("%v", r.Problems)
	}
	_, err = VerifyBundle(t.Context(), made.File, BundleVerification{Identity: wrong}, nil)
	b.want(CodeAuth, err)
	_, err = VerifyBundle(t.Context(), made.File, BundleVerification{}, nil)
	b.want(CodeUsage, err)
	_, err = VerifyBundle(t.Context(), made.File, BundleVerification{Identity: b.file("none", "no key\n")}, nil)
	b.want(CodeAuth, err)
	whole, err := os.ReadFile(made.File)
	b.must(err)
	for _, damaged := range [][]byte{whole[:len(whole)-100], slices.Concat(whole[:len(whole)-50], []byte{whole[len(whole)-50] ^ 1}, whole[len(whole)-49:])} {
		r, err := VerifyBundle(t.Context(), b.file("damaged.age", string(damaged)), BundleVerification{Identity: key}, nil)
		b.must(err)
		if r.OK() || r.Problems[0].What != bundle.BadArchive {
			t.Errorf("damaged: %v", r.Problems)
		}
	}
}

// Places where a person can be named, each with a marker of its own.
func planted(b *bench) []string {
	b.Helper()
	b.s = b.s.s.As(incident.Actor{Name: "zaphod-actor"})
	book := b.file("zaphod.yaml", strings.NewReplacer("One comment", "zaphod-playbook", "title: \"Incident\"", "title: \"zaphod-target\"", "Look at it.", "zaphod-manual").Replace(oneComment))
	inc, err := b.s.StartDrill(b.Context(), book)
	b.must(err)
	b.id = inc.ID
	id := inc.ID
	title, summary, impact := "zaphod-title", "zaphod-summary", "zaphod-impact"
	b.must(b.s.Change(b.Context(), id, record.Changed{Title: &title, Summary: &summary, Impact: &impact, Reason: "zaphod-reason"}))
	b.must(b.s.Assign(b.Context(), id, incident.Commander, "zaphod-role"))
	b.must(b.s.Note(b.Context(), id, "", "zaphod-note", true))
	b.must(b.s.DoneStep(b.Context(), id, "ask", nil, "zaphod-answer"))
	_, err = b.s.PlanStep(b.Context(), id, "comment")
	b.must(err)
	_, err = b.s.Ingest(b.Context(), id, []string{b.file("zaphod-file.log", strings.ReplaceAll(authLog, "web-1", "zaphod-host"))}, IngestOptions{}, nil)
	b.must(err)
	page, err := b.s.Page(b.Context(), id, PageRequest{Filter: "accepted"})
	b.must(err)
	yes := true
	b.must(b.s.Mark(b.Context(), id, page[0].ID.String(), &yes, []string{"zaphod-tag"}, "zaphod-comment"))
	_, err = b.s.AddItem(b.Context(), id, record.Item{Text: "zaphod-item", Owner: "zaphod-owner"})
	b.must(err)
	return []string{
		"zaphod-actor", "zaphod-playbook", "zaphod-target", "zaphod-manual", "zaphod-title", "zaphod-summary", "zaphod-impact", "zaphod-reason",
		"zaphod-role", "zaphod-note", "zaphod-answer", "zaphod-file", "zaphod-host", "zaphod-tag", "zaphod-comment", "zaphod-item", "zaphod-owner",
	}
}

// everything is all text of a bundle: the archive as it is, and each field
// decoded.
func (b *bench) everything(path string) string {
	b.Helper()
	files, plain := b.members(path)
	raw, err := os.ReadFile(path)
	b.must(err)
	var out strings.Builder
	out.Write(plain)
	out.Write(raw)
	for line := range strings.Lines(files["record/disclosures.jsonl"]) {
		var f bundle.Fields
		b.must(json.Unmarshal([]byte(line), &f))
		for _, d := range f.Disclosures {
			text, err := base64.RawURLEncoding.DecodeString(d)
			b.must(err)
			out.Write(text)
		}
	}
	return strings.ToLower(out.String())
}

func TestNoIdentityInAPublicBundle(t *testing.T) {
	b := newBench(t, config.Config{})
	marks := planted(b)
	whole := b.everything(b.bundle("full.tar.gz", BundleOptions{Evidence: []string{"all"}}).File)
	for _, m := range marks {
		if !strings.Contains(whole, m) {
			t.Errorf("%s is not in the full bundle: the test looks for nothing", m)
		}
	}
	made := b.bundle("public.tar.gz", BundleOptions{Profile: record.PublicProfile})
	if all := b.everything(made.File); strings.Contains(all, "zaphod") {
		at := strings.Index(all, "zaphod")
		t.Errorf("in the public bundle: …%q…", all[max(0, at-100):min(len(all), at+60)])
	}
	if r := b.checked(made.File, BundleVerification{Seals: []string{made.Seal}}); !r.OK() || r.Withheld == 0 || r.Withheld != made.Withheld {
		t.Errorf("%d withheld, %v", r.Withheld, r.Problems)
	}
	// No name of a person in the profiles that promise none, as far as it is a
	// field of its own.
	for _, p := range []record.Profile{record.TechnicalProfile, record.ExecutiveProfile} {
		all := b.everything(b.bundle("b.tar.gz", BundleOptions{Profile: p}).File)
		for _, m := range []string{"zaphod-actor", "zaphod-role", "zaphod-owner"} {
			if strings.Contains(all, m) {
				t.Errorf("%s is in the bundle for %s", m, p)
			}
		}
	}
}

// Two public bundles of one incident have in common what the record's own lines
// and disclosed fields say, and nothing besides.
func TestTwoPublicBundlesShareNoToken(t *testing.T) {
	b := newBench(t, config.Config{})
	planted(b)
	tokens := func() (own, told map[string]bool) {
		made := b.bundle("p.tar.gz", BundleOptions{Profile: record.PublicProfile})
		files, _ := b.members(made.File)
		own, told = map[string]bool{}, map[string]bool{}
		word := regexp.MustCompile(`[A-Za-z0-9_-]{8,}`)
		for name, content := range files {
			set := own
			switch {
			case name == "VERIFY.md", name == "verify.py", strings.HasPrefix(name, "record/"), name == "keys/instance.pub":
				set = told
			case name == "MANIFEST", strings.HasPrefix(name, "review/"):
				continue // hashes of the files; words of the page, and what the fields say
			}
			for _, w := range word.FindAllString(content, -1) {
				set[w] = true
			}
		}
		return own, told
	}
	first, _ := tokens()
	second, told := tokens()
	allowed := map[string]bool{"format": true, "firebreak": true, "incident": true, "withheld": true, "left_out": true, "exhibits": true}
	for w := range first {
		if second[w] && !told[w] && !allowed[w] {
			t.Errorf("both have %q", w)
		}
	}
}
