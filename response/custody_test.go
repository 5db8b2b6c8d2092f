package response

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// keyring makes ssh keys with ssh-keygen and puts them on the roster.
type keyring struct {
	*bench
	dir string
}

func (b *bench) keyring(names ...string) *keyring {
	b.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		b.Skip("ssh-keygen is not installed: no signatures by people are made")
	}
	k := &keyring{bench: b, dir: b.TempDir()}
	var roster strings.Builder
	for _, n := range names {
		if out, err := exec.CommandContext(b.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", k.path(n)).CombinedOutput(); err != nil {
			b.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
		public, err := os.ReadFile(k.path(n) + ".pub")
		b.must(err)
		roster.WriteString(n + `@example.org namespaces="firebreak-*" ` + string(public))
	}
	b.must(os.MkdirAll(filepath.Join(b.home, "trust"), 0o700))
	b.must(os.WriteFile(filepath.Join(b.home, filepath.FromSlash(RosterFile)), []byte(roster.String()), 0o600))
	return k
}

func (k *keyring) path(name string) string { return filepath.Join(k.dir, name) }

// sign signs a text as a person does on another machine.
func (k *keyring) sign(name, namespace, text string) string {
	k.Helper()
	cmd := exec.CommandContext(k.Context(), "ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", k.path(name))
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	k.must(err)
	return string(out)
}

// as is a person at the same workspace, with their key where name has one.
func (k *keyring) as(name string) *Session {
	return k.s.s.As(incident.Actor{Name: name}).WithKey(k.path(name))
}

func (b *bench) evidence(contents ...string) {
	b.Helper()
	b.open()
	for i, c := range contents {
		_, err := b.s.Ingest(b.Context(), b.id, []string{b.file("file"+string(rune('0'+i))+".txt", c)}, IngestOptions{Authority: "order 17"}, nil)
		b.must(err)
	}
}

func (b *bench) chain(exhibit string) review.Chain {
	b.Helper()
	c, err := b.s.Custody(b.Context(), b.id)
	b.must(err)
	c, missing := c.Only([]string{exhibit})
	if len(missing) > 0 {
		b.Fatalf("no exhibit %s", exhibit)
	}
	return c.Exhibits[0]
}

func whats(x review.Chain) []string {
	var out []string
	for _, ev := range x.Events {
		out = append(out, ev.What)
	}
	return out
}

func TestTransferSignedOnBothSides(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one", "two")
	k := b.keyring("ada", "bob")
	tr, err := k.as("ada").Transfer(t.Context(), b.id, TransferRequest{Exhibits: []string{"e1", "e2"}, To: "bob", Reason: "imaging", Place: "room 3"})
	b.must(err)
	if tr.ID != "t1" || tr.State != review.TransferOpen || !tr.Gives.Holds || tr.Gives.Strength != record.KeyFile {
		t.Fatalf("offered: %+v", tr)
	}
	if x := b.chain("e1"); x.Holder != "ada" || x.Open != "t1" {
		t.Errorf("an offer moved it: held by %s, open %s", x.Holder, x.Open)
	}
	tr, err = k.as("bob").Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", Place: "safe 2"})
	b.must(err)
	if tr.State != review.TransferAccepted || !tr.Takes.Holds || tr.Takes.Principal != "bob@example.org" {
		t.Fatalf("accepted: %+v", tr)
	}
	if x := b.chain("e2"); x.Holder != "bob" || len(x.Gaps)+len(x.Unsigned) > 0 || x.Open != "" {
		t.Errorf("the chain is %+v", x)
	}
	b.verified()
	// ssh-keygen, and nothing of ours, says so too.
	sig := k.path("t1.sig")
	b.must(os.WriteFile(sig, []byte(tr.FromSig.Armored), 0o600))
	cmd := exec.CommandContext(t.Context(), "ssh-keygen", "-Y", "verify", "-f", filepath.Join(b.home, filepath.FromSlash(RosterFile)), "-I", "ada@example.org", "-n", record.CustodyNamespace, "-s", sig)
	cmd.Stdin = strings.NewReader(tr.Statement)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen -Y verify: %v\n%s", err, out)
	}
}

func TestTransferSignedElsewhere(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one")
	k := b.keyring("ada", "bob", "eve")
	ask := TransferRequest{Exhibits: []string{"e1"}, To: "bob", Reason: "imaging"}
	text, err := b.s.TransferText(t.Context(), b.id, ask)
	b.must(err)
	if n := len(b.chain("e1").Events); n != 2 {
		t.Errorf("asking for the text made %d events", n)
	}
	brought := func(text, signature string) error {
		_, err := b.s.Transfer(t.Context(), b.id, TransferRequest{Statement: text, Signature: signature})
		return err
	}
	b.want(CodeUsage, brought(text, "no signature"))
	b.want(CodeUsage, brought(strings.TrimSpace(text), k.sign("ada", record.CustodyNamespace, strings.TrimSpace(text))))
	b.want(CodeRefused, brought(text, k.sign("eve", record.CustodyNamespace, text)))
	b.want(CodeRefused, brought(text, k.sign("ada", record.HeadNamespace, text)))
	forged := strings.Replace(text, "to: bob", "to: eve", 1)
	b.want(CodeRefused, brought(forged, k.sign("ada", record.CustodyNamespace, text)))
	stolen := strings.Replace(text, "from: ada", "from: eve", 1)
	b.want(CodeRefused, brought(stolen, k.sign("eve", record.CustodyNamespace, stolen))) // she does not hold it
	h, err := record.ParseHandover(text)
	b.must(err)
	h.Exhibits[0].SHA256 = strings.Repeat("00", 32)
	b.want(CodeUsage, brought(h.Text(), k.sign("ada", record.CustodyNamespace, h.Text())))
	h, err = record.ParseHandover(text)
	b.must(err)
	h.Head = string(b.id) + " @1 " + strings.Repeat("00", 32)
	b.want(CodeUsage, brought(h.Text(), k.sign("ada", record.CustodyNamespace, h.Text())))

	b.must(b.s.Note(t.Context(), b.id, "", "the record grows meanwhile", false))
	b.must(brought(text, k.sign("ada", record.CustodyNamespace, text)))
	b.want(CodeRefused, brought(text, k.sign("ada", record.CustodyNamespace, text))) // once is enough

	text, err = b.s.AnswerText(t.Context(), b.id, AnswerRequest{Transfer: "t1"})
	b.must(err)
	_, err = b.s.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", Signature: k.sign("eve", record.CustodyNamespace, text)})
	b.want(CodeRefused, err)
	tr, err := b.s.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", Signature: k.sign("bob", record.CustodyNamespace, text)})
	b.must(err)
	if !tr.Takes.Holds || tr.Takes.Strength != record.Pasted || b.chain("e1").Holder != "bob" {
		t.Errorf("accepted: %+v", tr)
	}
	b.verified()
}

func TestTransferWithoutKeys(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one")
	bob := b.s.s.As(incident.Actor{Name: "bob"})
	transfer := func(r TransferRequest) error {
		_, err := b.s.Transfer(t.Context(), b.id, r)
		return err
	}
	b.want(CodeUsage, transfer(TransferRequest{To: "bob", Reason: "x"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1"}, Reason: "x"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "bob"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "ada", Reason: "x"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1", "e1"}, To: "bob", Reason: "x"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "bob", Reason: "two\nlines"}))
	b.want(CodeUsage, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "bob\u202e", Reason: "x"}))
	b.want(CodeNotFound, transfer(TransferRequest{Exhibits: []string{"e9"}, To: "bob", Reason: "x"}))
	b.want(CodeRefused, transfer(TransferRequest{Exhibits: []string{"e1"}, From: "eve", To: "bob", Reason: "x"}))
	b.must(transfer(TransferRequest{Exhibits: []string{"e1"}, To: "bob", Reason: "x"}))
	b.want(CodeRefused, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "eve", Reason: "x"})) // it is offered already

	_, err := b.s.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1"})
	b.want(CodeRefused, err) // it was offered to bob
	_, err = b.s.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t2"})
	b.want(CodeNotFound, err)
	_, err = b.s.s.As(incident.Actor{Name: "eve"}).Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", No: true})
	b.want(CodeRefused, err)
	_, err = b.s.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", No: true, Reason: "not yet"}) // the giver takes it back
	b.must(err)
	_, err = bob.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1"})
	b.want(CodeRefused, err)
	b.must(transfer(TransferRequest{Exhibits: []string{"e1"}, To: "bob", Reason: "now"}))
	tr, err := bob.Answer(t.Context(), b.id, AnswerRequest{Transfer: "t2"})
	b.must(err)
	if tr.Gives.Signed || tr.Takes.Signed || !strings.Contains(tr.Takes.Words(), "NOT signed") {
		t.Errorf("%+v", tr)
	}
	x := b.chain("e1")
	if x.Holder != "bob" || !slices.Equal(x.Unsigned, []string{"t2"}) {
		t.Errorf("held by %s, unsigned %q", x.Holder, x.Unsigned)
	}
	if got, want := whats(x), []string{"collected", "sealed", "offered", "refused", "offered", "accepted"}; !slices.Equal(got, want) {
		t.Errorf("the chain is %q, want %q", got, want)
	}
	b.want(CodeRefused, transfer(TransferRequest{Exhibits: []string{"e1"}, To: "eve", Reason: "x"})) // ada holds it no longer
	b.must(transfer(TransferRequest{Exhibits: []string{"e1"}, From: "bob", To: "eve", Reason: "written down for bob"}))
	r, err := b.s.Verify(t.Context(), b.id, nil)
	b.must(err)
	if !r.OK() || !strings.Contains(strings.Join(r.Notes, "\n"), "transfer t3 of e1 from bob to eve was never answered") {
		t.Errorf("problems %v, notes %q", r.Problems, r.Notes)
	}
}

func TestANamedKeyOfAnotherIsRefused(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one")
	k := b.keyring("ada", "bob")
	_, err := b.s.WithKey(k.path("bob")).Transfer(t.Context(), b.id, TransferRequest{Exhibits: []string{"e1"}, To: "eve", Reason: "x"})
	b.want(CodeRefused, err)
	if n := len(b.chain("e1").Events); n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestTakeExhibit(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("what is inside\n")
	dir := t.TempDir()
	to := filepath.Join(dir, "out.txt")
	_, err := b.s.TakeExhibit(t.Context(), b.id, "e1", to, " ", nil)
	b.want(CodeUsage, err)
	_, err = b.s.TakeExhibit(t.Context(), b.id, "e9", to, "lab", nil)
	b.want(CodeNotFound, err)
	taken, err := b.s.TakeExhibit(t.Context(), b.id, "e1", to, "carving in the lab", nil)
	b.must(err)
	got, err := os.ReadFile(to)
	b.must(err)
	info, err := os.Stat(to)
	b.must(err)
	if string(got) != "what is inside\n" || info.Mode().Perm() != 0o600 || taken.Bytes != int64(len(got)) {
		t.Errorf("%q, mode %v, %+v", got, info.Mode(), taken)
	}
	last := b.chain("e1").Events[2]
	if last.What != "copied" || !strings.Contains(last.Text, to) || !strings.Contains(last.Text, "carving in the lab") {
		t.Errorf("the record says %+v", last)
	}
	_, err = b.s.TakeExhibit(t.Context(), b.id, "e1", to, "again", nil)
	b.want(CodeRefused, err) // a file that is there is never replaced
	if _, err := b.s.TakeExhibit(t.Context(), b.id, "e1", filepath.Join(dir, "nowhere", "x"), "lab", nil); err == nil {
		t.Error("a folder that there is not took it")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.s.TakeExhibit(ctx, b.id, "e1", filepath.Join(dir, "late"), "lab", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// What was damaged does not leave the locker under its name.
	blob := filepath.Join(b.s.s.Dir(b.id), "evidence", b.chain("e1").Blob[:2], b.chain("e1").Blob)
	raw, err := os.ReadFile(blob)
	b.must(err)
	raw[len(raw)/2] ^= 1
	b.must(os.Chmod(blob, 0o600))
	b.must(os.WriteFile(blob, raw, 0o600))
	if _, err := b.s.TakeExhibit(t.Context(), b.id, "e1", filepath.Join(dir, "bad"), "lab", nil); err == nil {
		t.Error("damaged bytes were taken")
	}
	left, err := os.ReadDir(dir)
	b.must(err)
	if len(left) != 1 || len(b.chain("e1").Events) != 3 {
		t.Errorf("%d files in the folder, %d events", len(left), len(b.chain("e1").Events))
	}
}

func TestALookIsRecordedOnce(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one", "two")
	look := func(s *Session, exhibit string) {
		t.Helper()
		r, err := s.OpenExhibit(t.Context(), b.id, exhibit)
		b.must(err)
		_, err = io.Copy(io.Discard, r)
		b.must(errors.Join(err, r.Close()))
	}
	look(b.s, "e1")
	look(b.s, "e1")
	look(b.s, "e2")
	look(b.s.s.As(incident.Actor{Name: "bob"}), "e1")
	if got, want := whats(b.chain("e1")), []string{"collected", "sealed", "read", "read"}; !slices.Equal(got, want) {
		t.Errorf("e1: %q, want %q", got, want)
	}
	if ev := b.chain("e2").Events[2]; ev.Text != "looked at on screen" || ev.By != "ada" {
		t.Errorf("e2: %+v", ev)
	}
	b.verified()
}

func TestCheckExhibits(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one", "two")
	_, err := b.s.CheckExhibits(t.Context(), b.id, []string{"e3"}, nil)
	b.want(CodeNotFound, err)
	checks, err := b.s.CheckExhibits(t.Context(), b.id, nil, nil)
	b.must(err)
	if len(checks) != 2 || !checks[0].OK || !checks[1].OK {
		t.Errorf("%+v", checks)
	}
	if got, want := whats(b.chain("e2")), []string{"collected", "sealed", "checked"}; !slices.Equal(got, want) {
		t.Errorf("e2: %q, want %q", got, want)
	}
}

func TestWhatAnExhibitRecords(t *testing.T) {
	b := newBench(t, config.Config{})
	b.s.s.o.Argv = []string{"firebreak", "ingest", "last"}
	b.open()
	b.must(os.Symlink(b.file("real.txt", "x"), filepath.Join(b.home, "link.txt")))
	_, err := b.s.Ingest(t.Context(), b.id, []string{filepath.Join(b.home, "link.txt")}, IngestOptions{}, nil)
	b.must(err)
	_, err = b.s.IngestFrom(t.Context(), b.id, "stdin", strings.NewReader("y"), IngestOptions{Authority: "counsel"}, nil)
	b.must(err)
	_, err = b.s.Collect(t.Context(), b.id, CollectOptions{Collectors: []string{"linux.system"}, Authority: "the CISO"}, nil)
	b.must(err)
	file, input, live := b.chain("e1"), b.chain("e2"), b.chain("e3")
	for _, x := range []review.Chain{file, input, live} {
		if x.Clock == nil || x.Stored != "web-1" || !slices.Equal(x.Argv, b.s.s.o.Argv) || x.Tool == "" || x.ToolSHA256 == "" || x.SealedBy != "ada" {
			t.Errorf("%s: %+v", x.ID, x.Exhibit)
		}
	}
	if file.Origin != record.OriginFile || !filepath.IsAbs(file.Source) || file.Before == nil || file.After == nil || file.Authority != "" {
		t.Errorf("file: %+v", file.Exhibit)
	}
	if !strings.Contains(strings.Join(file.Deviations, "\n"), "a symbolic link to ") {
		t.Errorf("file: the deviations are %q", file.Deviations)
	}
	if input.Origin != record.OriginInput || input.Source != "the standard input" || input.Before != nil || input.Authority != "counsel" || len(input.Deviations) > 0 {
		t.Errorf("input: %+v", input.Exhibit)
	}
	if live.Origin != record.OriginLive || live.Machine == nil || live.Machine.System == "" || live.Authority != "the CISO" {
		t.Errorf("live: %+v", live.Exhibit)
	}
}

func TestAnImageRecordsWhereItLay(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	root := t.TempDir()
	b.must(os.MkdirAll(filepath.Join(root, "etc"), 0o755))
	b.must(os.WriteFile(filepath.Join(root, "etc/hostname"), []byte("mail-3\n"), 0o600))
	_, err := b.s.Collect(t.Context(), b.id, CollectOptions{Root: root, Collectors: []string{"linux.files"}, Files: []string{"/etc/hostname"}}, nil)
	b.must(err)
	x := b.chain("e1")
	if x.Origin != record.OriginImage || x.Root != root || x.Host != "mail-3" || x.Machine != nil || x.Clock == nil || x.Before == nil || x.After == nil {
		t.Errorf("image: %+v", x.Exhibit)
	}
	if text := x.Events[0].Text; !strings.Contains(text, root) || !strings.Contains(text, "mail-3") {
		t.Errorf("it was collected from %q", text)
	}
}
