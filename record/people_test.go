package record_test

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/record/sshsig"
)

func TestApprovalRequestIsCanonical(t *testing.T) {
	p := record.Planned{Action: "a1", Name: "github.repo.archive", Target: "a\u2028\"b\" <c> \\u2028 é\n", Danger: incident.High, Digest: strings.Repeat("0f", 32)}
	r := record.NewApprovalRequest("2026-0001", p, "ada@example.org", strings.Repeat("a", 32), time.Date(2026, 1, 2, 3, 4, 5, 999, time.UTC))
	b, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// RFC 8785: members in the order of their names, no blanks, only what must
	// be escaped is.
	want := `{"action":"a1","approver":"ada@example.org","danger":"high","digest":"` + strings.Repeat("0f", 32) +
		`","expires":"2026-01-02T03:04:05Z","incident":"2026-0001","name":"github.repo.archive","nonce":"` + strings.Repeat("a", 32) +
		"\",\"purpose\":\"firebreak approval v1\",\"target\":\"a\u2028\\\"b\\\" <c> \\\\u2028 é\\n\"}\n"
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	back, err := record.ReadApprovalRequest(b)
	if err != nil || back != r {
		t.Errorf("%+v, %v", back, err)
	}
	for name, other := range map[string]string{
		"a blank more":   strings.Replace(want, ":", ": ", 1),
		"another order":  strings.Replace(strings.Replace(want, `"action":"a1",`, "", 1), `"approver":`, `"action":"a1","approver":`, 1) + " ",
		"unknown member": strings.Replace(want, `{"action"`, `{"aa":1,"action"`, 1),
		"twice":          strings.Replace(want, `{"action":"a1"`, `{"action":"a2","action":"a1"`, 1),
		"no line break":  strings.TrimSuffix(want, "\n"),
		"more behind":    want + "{}",
		"other purpose":  strings.Replace(want, "approval v1", "approval v2", 1),
		"short nonce":    strings.Replace(want, strings.Repeat("a", 32), "a", 1),
		"no time":        strings.Replace(want, "2026-01-02T03:04:05Z", "soon", 1),
		"too long":       strings.Replace(want, "é", strings.Repeat("é", 20<<10), 1),
	} {
		if _, err := record.ReadApprovalRequest([]byte(other)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func FuzzApprovalRequest(f *testing.F) {
	f.Add("a\u2028\\u2028\"")
	f.Fuzz(func(t *testing.T, target string) {
		target = strings.ToValidUTF8(target, "?")
		if len(target) > 4<<10 {
			t.Skip("longer than a request may be")
		}
		r := record.NewApprovalRequest("2026-0001", record.Planned{Action: "a1", Target: target}, "ada", strings.Repeat("0", 32), time.Unix(1, 0))
		b, err := r.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := record.ReadApprovalRequest(b); err != nil || back != r {
			t.Errorf("%q: %v", target, err)
		}
	})
}

// pen is a person who signs, and the roster that knows them.
type pen struct {
	signer ssh.Signer
	roster sshsig.Roster
}

func newPen(t *testing.T) pen {
	t.Helper()
	_, key, err := ed25519.GenerateKey(testkit.Rand(7))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sshsig.ParseRoster([]byte("ada " + string(ssh.MarshalAuthorizedKey(s.PublicKey()))))
	if err != nil {
		t.Fatal(err)
	}
	return pen{s, r}
}

func (p pen) over(t *testing.T, namespace, text string) record.Signature {
	t.Helper()
	armored, err := sshsig.Sign(p.signer, testkit.Rand(8), namespace, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return record.Signature{
		Principal: "ada", Key: ssh.FingerprintSHA256(p.signer.PublicKey()), Type: "ssh-ed25519", Namespace: namespace,
		Text: text, Armored: armored, Strength: record.Agent,
	}
}

// entry makes an entry as a record has it.
func entryOf(t *testing.T, seq int64, kind record.Kind, payload any) record.Entry {
	t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "p-1", Name: "ada"}, kind, incident.Contain, "", payload)
	if err != nil {
		t.Fatal(err)
	}
	return record.Entry{Seq: seq, Time: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Kind: kind, Fields: d.Fields, Actor: d.Actor}
}

func TestCheckPeople(t *testing.T) {
	ada := newPen(t)
	head := record.Head{Origin: "k/2026-0001", Size: 3, Root: strings.Repeat("ab", 32)}
	signed := func(change func(*record.Signed)) record.Entry {
		s := record.Signed{Size: head.Size, Root: head.Root, Signature: ada.over(t, record.HeadNamespace, head.Text())}
		change(&s)
		return entryOf(t, 9, record.HeadSigned, s)
	}
	plan := record.Planned{Action: "a1", Name: "x.y", Target: "web-1", Danger: incident.High, Digest: strings.Repeat("cd", 32), Approvals: 1}
	approved := func(change func(*record.ApprovalRequest, *record.Decision)) record.Entry {
		expires := time.Date(2026, 1, 2, 3, 14, 0, 0, time.UTC)
		r := record.NewApprovalRequest("2026-0001", plan, "ada", strings.Repeat("1", 32), expires)
		d := record.Decision{Action: "a1", Digest: plan.Digest, Expires: expires}
		change(&r, &d)
		b, err := r.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		sig := ada.over(t, record.ApprovalNamespace, string(b))
		d.Signature, d.Strength = &sig, sig.Strength
		return entryOf(t, 10, record.ActionApproved, d)
	}
	planned := entryOf(t, 8, record.ActionPlanned, plan)
	asIs := func(*record.ApprovalRequest, *record.Decision) {}
	withheld := approved(asIs)
	delete(withheld.Fields, "digest")
	delete(withheld.Fields, "expires")
	planless := planned
	planless.Fields = map[string]json.RawMessage{"action": planned.Fields["action"]}
	sig := ada.over(t, record.CustodyNamespace, "I hand over e1\n")
	for _, c := range []struct {
		name    string
		entries []record.Entry
		why     string // of the last; "" is good
	}{
		{"a head", []record.Entry{signed(func(*record.Signed) {})}, ""},
		{"another size in the entry", []record.Entry{signed(func(s *record.Signed) { s.Size = 4 })}, "another head"},
		{"another root in the entry", []record.Entry{signed(func(s *record.Signed) { s.Root = strings.Repeat("00", 32) })}, "another head"},
		{"another principal", []record.Entry{signed(func(s *record.Signed) { s.Signature.Principal = "bob" })}, "somebody else"},
		{"claims a token", []record.Entry{signed(func(s *record.Signed) { s.Signature.Strength = record.Hardware })}, "claims a hardware token"},
		{"an approval", []record.Entry{planned, approved(asIs)}, ""},
		{"its plan is withheld", []record.Entry{approved(asIs)}, ""},
		{"its plan is withheld in part", []record.Entry{planless, approved(asIs)}, ""},
		{"its digest is withheld", []record.Entry{planned, withheld}, ""},
		{"another digest", []record.Entry{planned, approved(func(r *record.ApprovalRequest, _ *record.Decision) { r.Digest = strings.Repeat("00", 32) })}, "another plan"},
		{"another target", []record.Entry{planned, approved(func(r *record.ApprovalRequest, _ *record.Decision) { r.Target = "db-1" })}, "another plan"},
		{"another action", []record.Entry{planned, approved(func(r *record.ApprovalRequest, _ *record.Decision) { r.Action = "a2" })}, "for action"},
		{"another approver", []record.Entry{planned, approved(func(r *record.ApprovalRequest, _ *record.Decision) { r.Approver = "bob" })}, "in the name of"},
		{"had run out", []record.Entry{planned, approved(func(r *record.ApprovalRequest, d *record.Decision) {
			d.Expires = time.Date(2026, 1, 2, 3, 3, 0, 0, time.UTC)
			r.Expires = d.Expires.Format(time.RFC3339)
		})}, "ran out"},
		{"longer than signed", []record.Entry{planned, approved(func(_ *record.ApprovalRequest, d *record.Decision) { d.Expires = d.Expires.Add(time.Hour) })}, "another time"},
		{"the same nonce again", []record.Entry{planned, approved(asIs), approved(asIs)}, "nonce was used at entry 10"},
		{"a transfer", []record.Entry{entryOf(t, 11, record.CustodyTransferred, record.Transfer{ID: "t1", Statement: "I hand over e1\n", FromSig: &sig})}, ""},
		{"another statement", []record.Entry{entryOf(t, 11, record.CustodyTransferred, record.Transfer{ID: "t1", Statement: "I hand over e2\n", ToSig: &sig})}, "another statement"},
	} {
		got := record.CheckPeople(c.entries, ada.roster)
		if len(got) == 0 {
			t.Errorf("%s: nothing was checked", c.name)
			continue
		}
		last := got[len(got)-1]
		if last.OK != (c.why == "") || !strings.Contains(last.Why, c.why) || last.Stranger {
			t.Errorf("%s: %+v", c.name, last)
		}
		strangers := record.CheckPeople(c.entries, sshsig.Roster{})
		if s := strangers[len(strangers)-1]; s.OK || c.why == "" && !s.Stranger {
			t.Errorf("%s, with nobody on the roster: %+v", c.name, s)
		}
	}
}
