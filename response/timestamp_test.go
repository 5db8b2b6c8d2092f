package response

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// trustTSA puts the authority's certificate where the workspace looks for it.
func (b *bench) trustTSA(a *testkit.TSA) {
	b.Helper()
	ca, err := os.ReadFile(a.CAFile)
	b.must(err)
	b.must(os.MkdirAll(filepath.Join(b.home, "trust"), 0o700))
	b.must(os.WriteFile(filepath.Join(b.home, tsaFile), ca, 0o600))
}

// opensslAccepts has openssl judge what was stored, as an outsider would.
func opensslAccepts(t *testing.T, a *testkit.TSA, text, token []byte) error {
	t.Helper()
	dir := t.TempDir()
	data, tsr := filepath.Join(dir, "checkpoint.txt"), filepath.Join(dir, "token.tsr")
	for name, b := range map[string][]byte{data: text, tsr: token} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := a.Try("ts", "-verify", "-data", data, "-in", tsr, "-CAfile", a.CAFile)
	if err == nil && !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl says %q", out)
	}
	return err
}

func TestHeadIsStampedOverTheNetworkAndByFile(t *testing.T) {
	tsa := testkit.NewTSA(t)
	b := newBench(t, config.Config{Timestamp: config.Timestamp{URL: tsa.Serve(nil)}})
	b.drill(oneComment)
	ctx := t.Context()
	head, err := b.s.HeadToSign(ctx, b.id)
	b.must(err)
	got, err := b.s.Timestamp(ctx, b.id, "", nil)
	b.must(err)
	if got.Trusted || got.Size != head.Size || !strings.Contains(got.Authority, "Test TSA") || got.Time.IsZero() || got.Serial == "" {
		t.Errorf("%+v", got.Stamped)
	}
	b.must(opensslAccepts(t, tsa, []byte(head.Text()), got.Token))
	if opensslAccepts(t, tsa, []byte(head.Text()+"x"), got.Token) == nil {
		t.Error("openssl accepts it for other bytes")
	}
	r := b.signatures()
	if !r.OK() || len(r.Stamps) != 1 || !r.Stamps[0].Stranger || !strings.Contains(strings.Join(r.Notes, "\n"), "nobody here vouches") {
		t.Errorf("an unknown authority: %v %+v", r.Problems, r.Stamps)
	}
	b.trustTSA(tsa)
	if r = b.signatures(); !r.OK() || !r.Stamps[0].OK {
		t.Errorf("a known authority: %v %+v", r.Problems, r.Stamps)
	}

	query, at, err := b.s.TimestampQuery(ctx, b.id)
	b.must(err)
	b.must(b.s.Note(ctx, b.id, "", "meanwhile", false))
	reply, err := tsa.Reply(query)
	b.must(err)
	got, err = b.s.TimestampReply(ctx, b.id, reply)
	b.must(err)
	if !got.Trusted || got.Size != at.Size {
		t.Errorf("%+v", got)
	}
	b.must(opensslAccepts(t, tsa, []byte(at.Text()), got.Token))
	if r = b.signatures(); !r.OK() || len(r.Stamps) != 2 {
		t.Errorf("%v %+v", r.Problems, r.Stamps)
	}
}

func TestStampIsRefusedWhere(t *testing.T) {
	tsa, other := testkit.NewTSA(t), testkit.NewTSA(t)
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	b.trustTSA(tsa)
	ctx := t.Context()
	_, err := b.s.Timestamp(ctx, b.id, "", nil)
	b.want(CodeUsage, err) // nobody was named
	query, _, err := b.s.TimestampQuery(ctx, b.id)
	b.must(err)
	reply, err := tsa.Reply(query)
	b.must(err)
	for name, change := range map[string]func([]byte) []byte{
		"another question": func([]byte) []byte { return reply },
		"spoiled":          func(r []byte) []byte { r[len(r)-9] ^= 1; return r },
		"cut off":          func(r []byte) []byte { return r[:len(r)/2] },
		"empty":            func([]byte) []byte { return nil },
		"not DER":          func([]byte) []byte { return []byte("<html>") },
		"without end":      func([]byte) []byte { return bytes.Repeat([]byte{0x30, 0x80}, 200<<10) },
	} {
		if _, err := b.s.Timestamp(ctx, b.id, tsa.Serve(change), nil); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	foreign, err := os.ReadFile(tsa.CAFile)
	b.must(err)
	_, err = b.s.TimestampReply(ctx, b.id, foreign)
	b.want(CodeRefused, err)
	tsa.Run("ts", "-query", "-data", "conf", "-sha256", "-cert", "-out", "other.tsq")
	q, err := os.ReadFile(filepath.Join(filepath.Dir(tsa.CAFile), "other.tsq"))
	b.must(err)
	if reply, err = tsa.Reply(q); err != nil {
		t.Fatal(err)
	}
	_, err = b.s.TimestampReply(ctx, b.id, reply)
	b.want(CodeRefused, err) // of other bytes
	_, err = b.s.Timestamp(ctx, b.id, "http://127.0.0.1:1/", nil)
	if err == nil {
		t.Error("nobody answers, and it is recorded")
	}
	if _, err = b.s.Timestamp(ctx, b.id, "ftp://127.0.0.1/", nil); err == nil {
		t.Error("ftp")
	}
	if _, err := b.s.Timestamp(ctx, b.id, other.Serve(nil), nil); err != nil {
		t.Errorf("an authority that nobody knows: %v", err) // recorded, and shown as such
	}
	if r := b.signatures(); !r.OK() || len(r.Stamps) != 1 || !r.Stamps[0].Stranger {
		t.Errorf("%v %+v", r.Problems, r.Stamps)
	}
	// A token of another head under this one's name is a problem.
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	head, err := b.s.HeadToSign(ctx, b.id)
	b.must(err)
	b.must(b.s.actIn(ctx, f, record.HeadStamped, "", record.Stamped{Size: head.Size, Root: head.Root, Authority: "x", Serial: "1", Token: reply}, nil))
	if r := b.signatures(); r.OK() || !strings.Contains(r.Problems[0].String(), "of other bytes") {
		t.Errorf("%v", r.Problems)
	}
}
