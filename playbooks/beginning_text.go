package playbooks

import (
	"fmt"
	"strings"
)

func (b Beginning) book() string {
	w := b.words()
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	line("playbook: v1\nid: %s\nname: %s\nversion: 0.1.0", b.ID, quoted(b.Name))
	line("description: >-\n  Say in two sentences when this playbook is the right one, and when another is.")
	line("labels: [%s]\nseverity: %s\ntlp: amber", b.Kind, b.Severity)
	roles := make([]string, 0, 4)
	for i, r := range b.roles() {
		need := "optional"
		if i < 2 {
			need = "required"
		}
		roles = append(roles, string(r)+": "+need)
	}
	line("roles: {%s}", strings.Join(roles, ", "))
	line("\nvars:\n  what: {type: string, prompt: \"What happened, in one sentence?\", required: true}")
	line("  ongoing: {type: bool}")
	if b.PersonalData {
		line("  personal_data: {type: bool}")
		line("\nclocks:\n  - {use: eu-gdpr-33-authority, when: personal_data, from: incident.aware_at}")
	}
	line("\nphases:\n  identify:")
	line("    - id: save\n      title: Save what will be gone\n      manual: |\n        What is known: {{ what }}\n\n        Before anything is touched, save %s. Seal the files:\n          firebreak ingest {{ incident.id }} FILE\n      assign: investigator\n      due: 15m", w.save)
	if b.Kind == "host" {
		line("\n    - id: volatile\n      title: Collect from this host\n      collect: volatile\n      with: {authority: \"incident {{ incident.id }}, commander\"}\n      timeout: 10m")
	}
	if len(b.Notify) > 0 {
		line("\n    - id: tell\n      title: First word\n      notify: [%s]\n      with: {message: \"We are looking into this: {{ what }}. The next update comes within 60 minutes.\"}\n      retry: {max: 3, every: 30s}\n      on_failure: call", strings.Join(b.Notify, ", "))
	}
	line("\n    - id: scope\n      title: What happened to the %s?\n      manual: |\n        %s\n        Write what is known, what is assumed and what is not known as three notes.", w.thing, w.look)
	line("      ask:\n        ongoing: \"Does it still go on?\"")
	if b.PersonalData {
		line("        personal_data: \"Could personal data have been read, changed or lost?\"")
	}
	line("      assign: investigator\n      due: 45m")
	if b.PersonalData {
		line("\n    - id: lawyers\n      title: Tell data protection\n      if: personal_data\n      manual: |\n        By phone: which data of how many people, since when, and when we became aware. The\n        72 hours of GDPR Art. 33 run from awareness.\n      assign: legal\n      due: 60m")
	}
	line("\n  contain:\n    - id: stop\n      title: Stop it\n      if: ongoing\n      manual: |\n        %s\n      impact: high\n      approve: {by: commander}\n      rollback: {manual: \"Say here how it is undone, and by whom.\"}\n      assign: commander\n      due: 30m", w.stop)
	line("\n  eradicate:\n    - id: clean\n      title: Remove the cause\n      manual: |\n        %s\n      assign: investigator\n      due: 1d", w.clean)
	line("\n  recover:\n    - id: back\n      title: Bring it back\n      manual: |\n        %s\n        It is done when: say here what has to be seen, and for how long.\n      assign: commander\n      due: 2d", w.back)
	line("\n  learn:\n    - {id: review, title: Review without blame, review: blameless, assign: commander, due: 5bd}")
	if len(b.Notify) > 0 {
		line("\nfallback:\n  - {id: call, title: Tell them by phone, manual: \"The message did not go out. Call the people on the list.\", assign: commander, due: 10m}")
	}
	line("\ndrill:\n  what: an exercise\n  ongoing: true")
	if b.PersonalData {
		line("  personal_data: true")
	}
	return s.String()
}

func (b Beginning) tests() string {
	first := []string{"save"}
	if b.Kind == "host" {
		first = append(first, "volatile")
	}
	told, call := []string{}, []string{}
	if len(b.Notify) > 0 {
		told, call = []string{"tell"}, []string{"call"}
	}
	path := func(parts ...[]string) string {
		var out []string
		for _, p := range parts {
			out = append(out, p...)
		}
		return strings.Join(out, ", ")
	}
	law, clocks, calm := []string{}, "", "{ongoing: false}"
	if b.PersonalData {
		law, clocks, calm = []string{"lawyers"}, "\n      clocks: [eu-gdpr-33-authority]", "{ongoing: false, personal_data: false}"
	}
	end := []string{"clean", "back", "review"}
	var s strings.Builder
	fmt.Fprintf(&s, "test: v1\nplaybook: %s\ncases:\n", b.ID)
	fmt.Fprintf(&s, "  - name: It goes on\n    expect:\n      path: [%s]%s\n      end: done\n", path(first, told, []string{"scope"}, law, []string{"stop"}, end), clocks)
	fmt.Fprintf(&s, "  - name: It is over\n    steps:\n      scope: {answers: %s}\n    expect:\n      path: [%s]\n      skipped: [stop]\n      end: done\n", calm, path(first, told, []string{"scope"}, end))
	fmt.Fprintf(&s, "  - name: Nobody knows whether it goes on\n    steps:\n      scope: {answers: {ongoing: unknown}}\n    expect: {never: [stop, clean], end: waiting}\n")
	if len(b.Notify) > 0 {
		fmt.Fprintf(&s, "  - name: The message does not go out\n    steps:\n      tell: {fail: no answer}\n    expect:\n      path: [%s]\n      notified: []\n      failed: [tell]\n      end: done\n", path(first, told, call, []string{"scope"}, law, []string{"stop"}, end))
	}
	return s.String()
}
