package review_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
)

// locker is a story about evidence alone.
type locker struct {
	*story
	sealed []review.Chain
}

func newLocker(t *testing.T) *locker { return &locker{story: newStory(t)} }

// seal takes a file of a live host.
func (l *locker) seal(x record.Exhibit) {
	l.t.Helper()
	e := l.then(time.Minute, record.EvidenceSealed, "", x)
	l.sealed = append(l.sealed, review.Chain{Exhibit: x, Seq: e.Seq, SealedAt: e.Time, SealedBy: e.Actor.Name})
}

func (l *locker) authLog() record.Exhibit {
	at := testkit.Start()
	stat := record.Stat{Size: 4811, Mode: "-rw-r-----", UID: 0, GID: 4, Inode: 99, Links: 1, Modified: at, Accessed: at.Add(time.Second), Changed: at}
	return record.Exhibit{
		ID: fmt.Sprintf("e%d", len(l.sealed)+1), Kind: "linux.auth", Title: "Authentication log", Source: "/var/log/auth.log", Host: "web-1", Collector: "linux.auth",
		Origin: record.OriginLive, Machine: &record.Machine{System: "Linux 6.1.0-18-amd64 x86_64", Boot: "5b1e6f0a-1c4e-4a53-9f4e-2b1d3c5a7e90"},
		Authority: "order 17 of the CISO", Method: "one descriptor, O_NOATIME|O_NONBLOCK; hashed while read", Argv: []string{"firebreak", "collect", "last", "--authority", "order 17 of the CISO"},
		Tool: "firebreak 0.2.0", ToolSHA256: strings.Repeat("5e", 32), Size: 4811, SHA256: strings.Repeat("9f", 32), Blob: strings.Repeat("3f", 32),
		Started: at, Finished: at.Add(1500 * time.Millisecond), Clock: &record.Clock{Known: true, Synchronised: true, Offset: 31 * time.Microsecond, MaxError: 22 * time.Millisecond},
		Before: &stat, After: &stat, Deviations: []string{"its access time changed while it was read"}, Format: "syslog", Stored: "web-1",
	}
}

func (l *locker) statement(id, from, to, reason string, exhibits ...string) record.Transfer {
	h := record.Handover{Incident: "2026-0007", Transfer: id, From: from, To: to, Reason: reason, Place: "lab, room 3", Time: l.clock.Now(), Head: "2026-0007 @2 " + strings.Repeat("ab", 32)}
	for _, x := range exhibits {
		i := slices.IndexFunc(l.sealed, func(c review.Chain) bool { return c.ID == x })
		h.Exhibits = append(h.Exhibits, record.HandoverItem{ID: x, Size: l.sealed[i].Size, SHA256: l.sealed[i].SHA256})
	}
	return record.Transfer{ID: id, Exhibits: exhibits, From: from, To: to, Reason: reason, Place: h.Place, Statement: h.Text()}
}

// sign is a signature that the roster of these tests believes.
func sign(principal, text string) *record.Signature {
	return &record.Signature{
		Principal: principal, Key: "SHA256:" + strings.Repeat(principal[:1], 43), Type: "ssh-ed25519", Namespace: record.CustodyNamespace,
		Text: text, Armored: "good", Strength: record.Agent,
	}
}

func roster(sig record.Signature, _, _ string, _ time.Time) error {
	switch sig.Armored {
	case "good":
		return nil
	case "stranger":
		return record.ErrStranger
	}
	return errors.New("it is not over this text")
}

func (l *locker) custody(check review.SignatureCheck) review.Custody {
	return review.BuildCustody(l.sealed, l.entries, review.CustodyExtra{
		Incident: incident.Incident{ID: "2026-0007", Title: "Deploy key used from an unknown address", Severity: incident.SEV2, Status: incident.Open, TLP: incident.TLPAmber, Opened: testkit.Start(), Roles: map[incident.Role]string{incident.Commander: "Ada Okafor"}},
		Head:     l.head(), Now: l.clock.Now(), Tool: "firebreak 0.2.0", Check: check,
	})
}

// chained is a chain with every kind of link.
func chained(t *testing.T) *locker {
	l := newLocker(t)
	l.then(0, record.IncidentOpened, "", record.Opened{Title: "Deploy key used from an unknown address", Severity: incident.SEV2})
	l.seal(l.authLog())
	given := l.authLog()
	given.Origin, given.Machine, given.Authority, given.Clock, given.Host, given.Argv = record.OriginFile, nil, "", &record.Clock{}, "", nil
	given.Title, given.Source, given.Collector, given.Deviations, given.Method = "disk.log", "/media/usb/disk.log", "ingest", nil, "given by the responder"
	l.seal(given)
	l.then(time.Minute, record.EvidenceChecked, "", record.Check{Exhibit: "e1", OK: true, Found: "sha256 " + strings.Repeat("9f", 32)})
	l.as(jun(), time.Minute, record.EvidenceAccessed, "", record.Access{Exhibit: "e1", Purpose: "looked at on screen"})
	t1 := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "imaging", "e1", "e2")
	t1.FromSig = sign("Ada Okafor", t1.Statement)
	l.then(time.Minute, record.CustodyTransferred, "", t1)
	l.as(jun(), time.Minute, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Jun Lindqvist", Place: "safe 2", Signature: sign("Jun Lindqvist", t1.Statement)})
	l.as(jun(), time.Minute, record.EvidenceAccessed, "", record.Access{Exhibit: "e2", Purpose: "carving", To: "/mnt/lab/e2.log"})
	t2 := l.statement("t2", "Jun Lindqvist", "Ada Okafor", "back", "e2")
	l.as(jun(), time.Minute, record.CustodyTransferred, "", t2)
	l.then(time.Minute, record.CustodyAccepted, "", record.Acceptance{ID: "t2", By: "Ada Okafor"})
	t3 := l.statement("t3", "Jun Lindqvist", "Eve", "a second look", "e1")
	t3.FromSig = sign("Jun Lindqvist", t3.Statement)
	l.as(jun(), time.Minute, record.CustodyTransferred, "", t3)
	return l
}

func TestHolderChangesOnlyAtAcceptance(t *testing.T) {
	t.Parallel()
	l := newLocker(t)
	l.seal(l.authLog())
	holder := func(want, open string) {
		t.Helper()
		x := l.custody(roster).Exhibits[0]
		if x.Holder != want || x.Open != open || len(x.Gaps) > 0 {
			t.Errorf("after %d entries: held by %q, open %q, gaps %q; want %q, %q and none", len(l.entries), x.Holder, x.Open, x.Gaps, want, open)
		}
	}
	holder("Ada Okafor", "")
	l.then(0, record.CustodyTransferred, "", l.statement("t1", "Ada Okafor", "Jun Lindqvist", "imaging", "e1"))
	holder("Ada Okafor", "t1")
	l.as(jun(), 0, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Jun Lindqvist", No: true, Reason: "no safe"})
	holder("Ada Okafor", "")
	l.then(0, record.CustodyTransferred, "", l.statement("t2", "Ada Okafor", "Jun Lindqvist", "imaging", "e1"))
	l.as(jun(), 0, record.CustodyAccepted, "", record.Acceptance{ID: "t2", By: "Jun Lindqvist"})
	holder("Jun Lindqvist", "")
	if x := l.custody(roster).Exhibits[0]; !slices.Equal(x.Unsigned, []string{"t2"}) {
		t.Errorf("unsigned are %q, want t2: a refused transfer needs no signature", x.Unsigned)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entries func(*locker)
		want    string
	}{
		"somebody who never had it": {func(l *locker) {
			l.then(0, record.CustodyTransferred, "", l.statement("t1", "Eve", "Jun Lindqvist", "x", "e1"))
		}, "Eve handed it on, but Ada Okafor held it"},
		"taken by another": {func(l *locker) {
			l.then(0, record.CustodyTransferred, "", l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1"))
			l.then(0, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Eve"})
		}, "offered to Jun Lindqvist and taken by Eve"},
		"offered twice": {func(l *locker) {
			l.then(0, record.CustodyTransferred, "", l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1"))
			l.then(0, record.CustodyTransferred, "", l.statement("t2", "Ada Okafor", "Eve", "x", "e1"))
		}, "while t1 was not answered"},
		"another statement": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.To = "Eve"
			l.then(0, record.CustodyTransferred, "", p)
		}, "names another receiver"},
		"another hash": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.Statement = strings.ReplaceAll(p.Statement, strings.Repeat("9f", 32), strings.Repeat("00", 32))
			l.then(0, record.CustodyTransferred, "", p)
		}, "another hash or size"},
		"a signature over another text": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.FromSig = sign("Ada Okafor", "something else")
			l.then(0, record.CustodyTransferred, "", p)
		}, "it is over another text"},
		"a signature for another purpose": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.FromSig = sign("Ada Okafor", p.Statement)
			p.FromSig.Namespace = record.HeadNamespace
			l.then(0, record.CustodyTransferred, "", p)
		}, "for another purpose"},
		"a signature by another": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.FromSig = sign("Eve", p.Statement)
			l.then(0, record.CustodyTransferred, "", p)
		}, "it is Eve's, not Ada Okafor's"},
		"a signature that the roster refuses": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.FromSig = sign("Ada Okafor", p.Statement)
			p.FromSig.Armored = "bad"
			l.then(0, record.CustodyTransferred, "", p)
		}, "it is not over this text"},
		"one key on both sides": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			p.FromSig = sign("Ada Okafor", p.Statement)
			l.then(0, record.CustodyTransferred, "", p)
			both := sign("Jun Lindqvist", p.Statement)
			both.Key = p.FromSig.Key
			l.as(jun(), 0, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Jun Lindqvist", Signature: both})
		}, "one key on both sides"},
		"a yes that signs the no": {func(l *locker) {
			p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
			l.then(0, record.CustodyTransferred, "", p)
			h, err := record.ParseHandover(p.Statement)
			if err != nil {
				l.t.Fatal(err)
			}
			l.as(jun(), 0, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Jun Lindqvist", Signature: sign("Jun Lindqvist", h.Refusal("no"))})
		}, "it is over another text"},
		"a check that failed": {func(l *locker) {
			l.then(0, record.EvidenceChecked, "", record.Check{Exhibit: "e1", Found: "the blob is missing"})
		}, "found it changed: the blob is missing"},
		"an exhibit that there is not": {func(l *locker) {
			l.then(0, record.EvidenceAccessed, "", record.Access{Exhibit: "e9", Purpose: "x"})
		}, "exhibit e9, which there is not"},
		"an answer to nothing": {func(l *locker) {
			l.then(0, record.CustodyAccepted, "", record.Acceptance{ID: "t8", By: "Eve"})
		}, "answers transfer t8, which there is not"},
		"never answered": {func(l *locker) {
			l.then(0, record.CustodyTransferred, "", l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1"))
		}, "t1 of e1 from Ada Okafor to Jun Lindqvist was never answered"},
	} {
		l := newLocker(t)
		l.seal(l.authLog())
		if n := l.custody(roster).Notes(); len(n) > 0 {
			t.Fatalf("a chain in order has the notes %q", n)
		}
		c.entries(l)
		if notes := strings.Join(l.custody(roster).Notes(), "\n"); !strings.Contains(notes, c.want) {
			t.Errorf("%s: the notes are %q, want %q in them", name, notes, c.want)
		}
	}
}

func TestStrangersAndErasedTextsAreNoGaps(t *testing.T) {
	t.Parallel()
	l := newLocker(t)
	l.seal(l.authLog())
	p := l.statement("t1", "Ada Okafor", "Jun Lindqvist", "x", "e1")
	p.FromSig = sign("Ada Okafor", p.Statement)
	p.FromSig.Armored = "stranger"
	l.then(0, record.CustodyTransferred, "", p)
	e := l.as(jun(), 0, record.CustodyAccepted, "", record.Acceptance{ID: "t1", By: "Jun Lindqvist", Signature: sign("Jun Lindqvist", p.Statement)})
	l.entries[e.Seq-2].Fields["statement"] = json.RawMessage(`"(erased)"`)
	l.entries[e.Seq-2].Fields["reason"] = json.RawMessage(`"(erased)"`)
	delete(l.entries[e.Seq-2].Fields, "place")
	c := l.custody(roster)
	if n := c.Notes(); len(n) > 0 {
		t.Errorf("the notes are %q, want none", n)
	}
	if g := c.Transfers[0].Gives; !g.Stranger || g.Holds || !strings.Contains(g.Words(), "nobody here vouches for") {
		t.Errorf("the giver is %+v, %q", g, g.Words())
	}
	if !c.Transfers[0].Takes.Holds {
		t.Errorf("the taker is %+v", c.Transfers[0].Takes)
	}
}

func TestCustodyForm(t *testing.T) {
	t.Parallel()
	c := chained(t).custody(roster)
	html, err := c.HTML()
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "custody.html", html)
	testkit.Golden(t, "custody.md", c.Markdown())
	testkit.Golden(t, "custody.txt", c.Text())
	out, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "custody.json", append(out, '\n'))
}

func TestCustodyOnly(t *testing.T) {
	t.Parallel()
	c, missing := chained(t).custody(roster).Only([]string{"e2", "e2", "e7"})
	if len(c.Exhibits) != 1 || c.Exhibits[0].ID != "e2" || !slices.Equal(missing, []string{"e7"}) || len(c.Transfers) != 2 {
		t.Errorf("%d exhibits, %d transfers, missing %q", len(c.Exhibits), len(c.Transfers), missing)
	}
}

// hostile has the same text in every place that a person or an intruder fills.
func hostileCustody(t *testing.T, h string) review.Custody {
	t.Helper()
	l := newLocker(t)
	x := l.authLog()
	x.Title, x.Source, x.Host, x.Authority, x.Method, x.Argv, x.Tool, x.Deviations, x.Stored = h, h, h, h, h, []string{h}, h, []string{h}, h
	x.Machine = &record.Machine{System: h, Boot: h}
	x.Before.Mode = h
	l.seal(x)
	l.by = incident.Actor{ID: "k", Name: h}
	l.seal(x)
	l.sealed[1].ID = "e2"
	l.then(0, record.EvidenceChecked, "", record.Check{Exhibit: "e1", Found: h})
	l.then(0, record.EvidenceAccessed, "", record.Access{Exhibit: "e1", Purpose: h, To: h})
	p := record.Transfer{ID: h, Exhibits: []string{"e1", h}, From: h, To: h + "2", Reason: h, Place: h, Statement: h, FromSig: sign(h+"x", h)}
	l.then(0, record.CustodyTransferred, "", p)
	l.then(0, record.CustodyAccepted, "", record.Acceptance{ID: h, By: h, Reason: h, Place: h, Signature: sign(h+"y", h)})
	l.then(0, record.BundleMade, "", record.Copy{Name: h, SHA256: h, Exhibits: []string{"e1"}})
	l.then(0, record.ErasureDone, "", record.Erasure{ID: h, Exhibits: []string{"e2"}, Basis: h, Approvers: []string{h}})
	c := l.custody(roster)
	c.Incident.Title, c.Tool = h, h
	return c
}

// spans are code spans of Markdown, in which nothing is markup.
var spans = regexp.MustCompile("``.*?``|`[^`\n]*`")

func TestCustodyFormIsHarmless(t *testing.T) {
	t.Parallel()
	for _, h := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\x1b]0;pwned\x07\x1b[2J", "a\u202egnp.exe", "](javascript:alert(1))",
		"https://evil.example/x", "| broken | table |", "\n# heading\n", "{{.}}", "</style><script>", "`; rm -rf /`",
	} {
		c := hostileCustody(t, h)
		html, err := c.HTML()
		if err != nil {
			t.Fatalf("%q: %v", h, err)
		}
		for _, bad := range []string{"<script", "<img", "\x1b", "\u202e", "https://evil", "javascript:alert(1)\"", "</style><"} {
			if bytes.Contains(html, []byte(bad)) {
				t.Errorf("%q: the page has %q", h, bad)
			}
		}
		for name, text := range map[string][]byte{"text": c.Text(), "Markdown": c.Markdown()} {
			for _, bad := range []string{"\x1b", "\u202e", "https://evil", "\x07"} {
				if bytes.Contains(text, []byte(bad)) {
					t.Errorf("%q: the %s has %q", h, name, bad)
				}
			}
		}
		if md := spans.ReplaceAll(c.Markdown(), nil); bytes.Contains(md, []byte("\n# heading")) || bytes.Contains(md, []byte("<script")) || bytes.Contains(md, []byte("](")) {
			t.Errorf("%q reaches the Markdown as markup", h)
		}
		out, err := c.CASE(nil)
		if err != nil || !json.Valid(out) {
			t.Errorf("%q: the CASE file: %v", h, err)
		}
	}
}

func TestAPieceSaysWhichBytesItIs(t *testing.T) {
	t.Parallel()
	l := newLocker(t)
	x := l.authLog()
	x.Origin, x.Source, x.Piece = record.OriginFile, "/var/log/auth.log", &record.Piece{From: 4096, To: 8192}
	l.seal(x)
	page := string(l.custody(nil).Markdown())
	if !strings.Contains(page, "bytes 4096 to 8192 of the file") {
		t.Errorf("the form does not say which bytes were taken:\n%s", page)
	}
}
