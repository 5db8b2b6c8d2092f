package response

import (
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/playbooks"
)

const lookTwice = `playbook: v1
id: look-twice
name: Look twice
version: 1.0.0
vars:
  who: {type: string, default: root}
  seen: {type: int}
phases:
  identify:
    - id: ingest
      title: Read the log
      ingest: FILE
    - id: look
      title: Look for logins
      detect: ["accepted user:{{ who }}", "failed attr.target_user:{{ who }}", "sshd zzz"]
      with: {among: "source:auth", tag: tried}
      set: {seen: result.count}
    - id: none
      title: Look for what is not there
      detect: "zzz or yyy"
    - id: many
      title: Only when there was something
      if: seen > 0
      manual: Look at them.
`

func TestDetectStep(t *testing.T) {
	b := newBench(t, config.Config{})
	log := b.file("auth.log", nightLog)
	b.drill(strings.ReplaceAll(lookTwice, "FILE", log))
	ctx := t.Context()
	got, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if len(got.Steps) != 1 || got.Steps[0] != "many" {
		t.Fatalf("%+v", got)
	}
	want, err := b.s.Count(ctx, b.id, "source:auth ((accepted user:root) or (failed attr.target_user:root))")
	b.must(err)
	tagged, err := b.s.Page(ctx, b.id, PageRequest{Filter: "tag:tried", Limit: 100})
	b.must(err)
	if want == 0 || int64(len(tagged)) != want {
		t.Errorf("%d are tagged, want %d", len(tagged), want)
	}
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	st, err := b.s.stepStatus(ctx, f, "look")
	b.must(err)
	if st.State != playbooks.Done {
		t.Errorf("look is %s", st.State)
	}
	b.verified()
}
