package response

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

const twoApprovals = `playbook: v1
id: two
name: Two have to agree
version: 1.0.0
phases:
  contain:
    - id: ask
      title: Look
      manual: Look at it.
    - id: comment
      title: Comment on the issue
      action: github.issue.create
      connection: github
      with: {repo: acme/payments, title: "Incident", body: "Found."}
      approve: {by: approver, count: 2}
      irreversible: people have read it
`

var mustSign = config.Config{Approvals: config.ApprovalsSigned}

func TestSignedApprovalIsSentAndVerifies(t *testing.T) {
	ada := newPerson(t, "ada@example.org")
	b := signBench(t, mustSign, ada)
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", "go"))
	v, err := b.s.Action(t.Context(), b.id, a.Action)
	b.must(err)
	if len(v.Given) != 1 || v.Given[0].Strength != record.Agent || v.Given[0].Principal != ada.name || v.Approvers()[0] != "ada (agent)" {
		t.Errorf("%+v", v.Given)
	}
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
	r := b.signatures()
	if !r.OK() || len(r.Signatures) != 1 || !r.Signatures[0].OK || r.Signatures[0].What != "approval of "+a.Action || b.effects(w) != 1 {
		t.Errorf("%v %+v", r.Problems, r.Signatures)
	}
}

func TestUnsignedApprovalCountsOnlyWhereNoneIsAskedFor(t *testing.T) {
	ada := newPerson(t, "ada@example.org")
	b := signBench(t, mustSign, ada)
	w := b.drill(oneComment)
	a := b.reach()
	carl := b.s.s.As(incident.Actor{Name: "carl"}) // on no roster, with ada's agent at hand
	b.want(CodeRefused, carl.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))

	// One that was given before the rule does not count under it.
	lax := b.service(config.Config{Sign: config.SignNever}).As(incident.Actor{Name: "carl"})
	b.must(lax.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	_, err := b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "not signed") || b.effects(w) != 0 {
		t.Errorf("%v, %d effects", err, b.effects(w))
	}
	_, err = lax.Do(t.Context(), b.id, a.Action)
	b.must(err)
}

func TestWhereTwoHaveToAgree(t *testing.T) {
	ada, bob, eve := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org"), newPerson(t, "eve@example.org")
	b := signBench(t, mustSign, ada, bob, eve)
	w := b.drill(twoApprovals)
	a := b.reach()
	ctx := t.Context()
	err := b.s.Approve(ctx, b.id, a.Action, a.Digest, "", "") // ada planned it
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "planned it") {
		t.Error(err)
	}
	// her own, pasted under her name, is her own as well
	b.want(CodeRefused, b.paste(a.Action, ada))
	b.must(b.paste(a.Action, bob))
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.want(CodeRefused, err)
	b.want(CodeRefused, b.paste(a.Action, bob)) // twice is one person
	b.must(b.paste(a.Action, eve))
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.must(err)
	r := b.signatures()
	if !r.OK() || len(r.Signatures) != 2 || b.effects(w) != 1 {
		t.Errorf("%v %+v, %d effects", r.Problems, r.Signatures, b.effects(w))
	}
}

// paste has the person sign the request on another machine.
func (b *bench) paste(action string, p person) error {
	b.Helper()
	text, err := b.s.ApprovalRequest(b.Context(), b.id, action, p.name)
	b.must(err)
	return b.s.ApprovePasted(b.Context(), b.id, action, p.elsewhere(b.T, record.ApprovalNamespace, text), "")
}

func TestPastedApprovalIsRefusedWhere(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, mustSign, ada, bob)
	w := b.drill(oneComment)
	a := b.reach()
	ctx := t.Context()
	text, err := b.s.ApprovalRequest(ctx, b.id, a.Action, bob.name)
	b.must(err)
	r, err := record.ReadApprovalRequest(text)
	b.must(err)
	changed := func(change func(*record.ApprovalRequest)) []byte {
		c := r
		change(&c)
		out, err := c.Bytes()
		b.must(err)
		return out
	}
	for name, signed := range map[string][]byte{
		"wrong namespace":    bob.elsewhere(t, record.HeadNamespace, text),
		"another target":     bob.elsewhere(t, record.ApprovalNamespace, changed(func(c *record.ApprovalRequest) { c.Target = "acme/other" })),
		"another digest":     bob.elsewhere(t, record.ApprovalNamespace, changed(func(c *record.ApprovalRequest) { c.Digest = strings.Repeat("0", 64) })),
		"later expiry":       bob.elsewhere(t, record.ApprovalNamespace, changed(func(c *record.ApprovalRequest) { c.Expires = "2099-01-01T00:00:00Z" })),
		"nonce of their own": bob.elsewhere(t, record.ApprovalNamespace, changed(func(c *record.ApprovalRequest) { c.Nonce = strings.Repeat("a", 32) })),
		"other approver":     ada.elsewhere(t, record.ApprovalNamespace, text),
		"nobody's key":       newPerson(t, "eve").elsewhere(t, record.ApprovalNamespace, text),
	} {
		if err := b.s.ApprovePasted(ctx, b.id, a.Action, signed, ""); CodeOf(err) != CodeRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := bob.elsewhere(t, record.ApprovalNamespace, text)
	b.must(b.s.ApprovePasted(ctx, b.id, a.Action, good, "read on the phone"))
	b.clock.Advance(approvalLasts + time.Minute)
	err = b.s.ApprovePasted(ctx, b.id, a.Action, good, "replayed")
	b.want(CodeRefused, err)
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.want(CodeRefused, err)
	if b.effects(w) != 0 {
		t.Error("it was sent")
	}
	if rep := b.signatures(); !rep.OK() || len(rep.Signatures) != 1 || rep.Signatures[0].Strength != record.Pasted {
		t.Errorf("%v %+v", rep.Problems, rep.Signatures)
	}
}

func TestReplayedNonceIsRefused(t *testing.T) {
	ada, bob := newPerson(t, "ada@example.org"), newPerson(t, "bob@example.org")
	b := signBench(t, config.Config{}, ada, bob)
	b.drill(twoApprovals)
	a := b.reach()
	text, err := b.s.ApprovalRequest(t.Context(), b.id, a.Action, bob.name)
	b.must(err)
	good := bob.elsewhere(t, record.ApprovalNamespace, text)
	b.must(b.s.ApprovePasted(t.Context(), b.id, a.Action, good, ""))
	// Put the same signature in again, past the check for the same person.
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	var d record.Decision
	b.must(f.store.View(t.Context(), func(tx *store.Tx) error {
		es, err := tx.EntriesOf(record.ActionApproved)
		b.must(err)
		b.must(es[0].Decode(&d))
		if err := unusedNonce(tx, d.Signature); CodeOf(err) != CodeRefused {
			t.Errorf("the nonce counts as unused: %v", err)
		}
		return nil
	}))
	b.must(b.s.actIn(t.Context(), f, record.ActionApproved, "comment", d, nil))
	r := b.signatures()
	if r.OK() || !strings.Contains(r.Problems[0].String(), "nonce was used at entry") {
		t.Errorf("%v", r.Problems)
	}
}

func TestTamperedApprovalIsRefusedAndFound(t *testing.T) {
	ada := newPerson(t, "ada@example.org")
	b := signBench(t, mustSign, ada)
	w := b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	db, err := sql.Open("sqlite3", filepath.Join(b.s.s.Dir(b.id), "incident.db"))
	b.must(err)
	defer db.Close() //nolint:errcheck // a test's own
	var body string
	b.must(db.QueryRow("SELECT doc FROM projection WHERE kind = 'action' AND id = ?", a.Action).Scan(&body))
	var doc map[string]any
	b.must(json.Unmarshal([]byte(body), &doc))
	sig := doc["approved"].([]any)[0].(map[string]any)["signature"].(map[string]any)
	sig["text"] = strings.Replace(sig["text"].(string), "acme", "evil", 1)
	changed, err := json.Marshal(doc)
	b.must(err)
	_, err = db.Exec("UPDATE projection SET doc = ? WHERE kind = 'action' AND id = ?", string(changed), a.Action)
	b.must(err)
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), "does not hold") || b.effects(w) != 0 {
		t.Errorf("%v, %d effects", err, b.effects(w))
	}
	if r := b.signatures(); r.OK() {
		t.Error("verify finds nothing")
	}
}

func TestRevokedKeyNoLongerApproves(t *testing.T) {
	ada := newPerson(t, "ada@example.org")
	b := signBench(t, mustSign, ada)
	b.drill(oneComment)
	a := b.reach()
	b.must(b.s.Approve(t.Context(), b.id, a.Action, a.Digest, "", ""))
	roster := filepath.Join(b.home, RosterFile)
	good, err := os.ReadFile(roster)
	b.must(err)
	for name, lines := range map[string]string{
		"taken out": "", "no longer valid": strings.Replace(string(good), "namespaces=", `valid-before="20200101Z",namespaces=`, 1),
	} {
		b.must(os.WriteFile(roster, []byte(lines), 0o600))
		_, err = b.s.Do(t.Context(), b.id, a.Action)
		if CodeOf(err) != CodeRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.must(os.WriteFile(roster, good, 0o600))
	_, err = b.s.Do(t.Context(), b.id, a.Action)
	b.must(err)
}
