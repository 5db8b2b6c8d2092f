package review

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/record"
)

// Describe says in one line what an entry is about, in the words of the people
// who read the activity pane, the plain mode and the review's timeline. Bad
// says that it tells of a failure, or of something nobody knows the outcome of.
//
// The line holds foreign text as it is in the record, but for its line breaks,
// which become " / ": whoever shows it passes it through term.Safe first. A field
// that was erased shows as "(erased)", one that is missing otherwise as
// "(withheld)". An entry that cannot be read says so; it is never left out.
func Describe(e record.Entry) (text string, bad bool) {
	describe := describer(e.Kind)
	if describe == nil {
		return fmt.Sprintf("an entry of a kind that this version does not know: %s", e.Kind), false
	}
	text, bad, err := describe(e)
	if err != nil {
		text, bad = fmt.Sprintf("an entry that cannot be read: %v", err), true
	}
	if silent := unsaid(e, text); silent != "" {
		text += silent
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", " / "), bad
}

// unsaid names what was erased of an entry, unless the text shows it already.
func unsaid(e record.Entry, text string) string {
	names := slices.DeleteFunc(slices.Clone(e.Erased), func(name string) bool { return name == record.ActorName })
	if len(names) == 0 || strings.Contains(text, record.ErasedMark) {
		return ""
	}
	return " " + record.ErasedMark + ": " + strings.Join(names, ", ")
}

// describer returns the function that puts entries of that kind in words, nil
// for a kind that is not known.
func describer(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k {
	case record.IncidentOpened:
		return line(func(p record.Opened) (string, bool) {
			what := "opened"
			if p.Drill {
				what = "opened the drill"
			}
			return fmt.Sprintf("%s %s %s", what, p.Severity, quoted(p.Title)), false
		})
	case record.IncidentChanged:
		return line(describeChange)
	case record.IncidentClosed:
		return line(func(p record.Reason) (string, bool) { return "closed the incident" + because(p.Reason), false })
	case record.IncidentReopened:
		return line(func(p record.Reason) (string, bool) { return "opened the incident again" + because(p.Reason), false })
	case record.PhaseEntered:
		return line(func(p record.Entered) (string, bool) {
			if p.From == 0 || p.From == p.To {
				return fmt.Sprintf("phase %s begins", p.To), false
			}
			return fmt.Sprintf("phase %s begins, after %s", p.To, p.From), false
		})
	case record.RoleAssigned:
		return line(func(p record.Assigned) (string, bool) {
			if p.Person == "" {
				return fmt.Sprintf("nobody is %s any more", given(string(p.Role))), false
			}
			return fmt.Sprintf("%s is %s", p.Person, given(string(p.Role))), false
		})
	case record.Noted:
		return line(func(p record.Note) (string, bool) {
			if p.Decision {
				return "decision: " + given(p.Text), false
			}
			return "note: " + given(p.Text), false
		})

	case record.RunStarted:
		return line(func(p record.Started) (string, bool) {
			return fmt.Sprintf("follows the playbook %s", strings.TrimSpace(given(first(p.Name, p.Playbook))+" "+p.Version)), false
		})
	case record.VariableSet:
		return line(func(p record.Variables) (string, bool) { return "set " + values(p.Vars), false })
	case record.StepStarted:
		return step(func(id string, p record.StepBegin) (string, bool) {
			s := fmt.Sprintf("step %s started", id)
			if p.Attempt > 1 {
				s += fmt.Sprintf(", attempt %d", p.Attempt)
			}
			if !p.Until.IsZero() {
				s += ", waits until " + stamp(p.Until)
			}
			return s, false
		})
	case record.StepDone:
		return step(func(id string, p record.StepEnd) (string, bool) {
			s := fmt.Sprintf("step %s done", id)
			if p.Branch != "" {
				s = fmt.Sprintf("step %s decided: %s", id, p.Branch)
			}
			if len(p.Answers) > 0 {
				s += ", answered " + values(p.Answers)
			}
			if p.Note != "" {
				s += ": " + p.Note
			}
			return s, false
		})
	case record.StepFailed:
		return step(func(id string, p record.StepFailure) (string, bool) {
			s := fmt.Sprintf("step %s failed", id)
			if p.Attempt > 1 {
				s += fmt.Sprintf(" in attempt %d", p.Attempt)
			}
			s += ": " + given(p.Error)
			if !p.Final && !p.RetryAt.IsZero() {
				s += "; tried again at " + stamp(p.RetryAt)
			}
			return s, true
		})
	case record.StepSkipped:
		return step(func(id string, p record.StepSkip) (string, bool) {
			if p.Guard {
				return fmt.Sprintf("step %s does not apply%s", id, because(p.Reason)), false
			}
			return fmt.Sprintf("step %s skipped%s", id, because(p.Reason)), false
		})
	case record.StepReopened:
		return step(func(id string, p record.StepSkip) (string, bool) {
			return fmt.Sprintf("step %s opened again%s", id, because(p.Reason)), false
		})
	case record.StepAdded:
		return line(func(p record.AdHoc) (string, bool) {
			return fmt.Sprintf("step %s added: %s", given(p.ID), given(p.Title)), false
		})

	case record.CollectionFinished:
		return line(describeCollection)
	case record.EvidenceSealed:
		return line(func(p record.Exhibit) (string, bool) {
			s := fmt.Sprintf("exhibit %s sealed: %s, %s, sha256 %s", given(p.ID), first(p.Title, p.Kind, p.Source, withheld), size(p.Size), brief(p.SHA256))
			if p.SHA256 == record.ErasedMark { // it goes with its bytes only, and so does the size
				s = fmt.Sprintf("exhibit %s sealed: %s", given(p.ID), first(p.Title, p.Kind))
			}
			if n := len(p.Deviations); n > 0 {
				s += fmt.Sprintf(", %s", counted(n, "deviation", "deviations"))
			}
			return s, false
		})
	case record.EvidenceChecked:
		return line(func(p record.Check) (string, bool) {
			if !p.OK {
				return fmt.Sprintf("exhibit %s DOES NOT MATCH its seal: found %s", given(p.Exhibit), given(p.Found)), true
			}
			return fmt.Sprintf("exhibit %s checked: as sealed", given(p.Exhibit)), false
		})
	case record.TimelineIngested:
		return line(func(p record.Ingestion) (string, bool) {
			s := fmt.Sprintf("exhibit %s read into the timeline: %s", given(p.Exhibit), counted64(p.Events, "event", "events"))
			if p.Recovered > 0 {
				s += fmt.Sprintf(", %d recovered from behind damage", p.Recovered)
			}
			if p.Rejected > 0 {
				s += fmt.Sprintf(", %d rejected", p.Rejected)
			}
			if p.Skew != "" {
				s += ", its clock taken to be " + given(p.Skew) + " fast"
			}
			if p.Parser != "" {
				s += " (" + p.Parser + ")"
			}
			return s, false
		})
	case record.EventMarked:
		return line(describeMark)
	case record.FindingJudged:
		return line(describeJudged)
	case record.AlertReceived:
		return line(describeReceived)

	case record.ActionPlanned:
		return line(func(p record.Planned) (string, bool) {
			verb := "planned"
			if p.Reverts != "" {
				verb = "planned to undo " + p.Reverts
			}
			s := fmt.Sprintf("%s %s: %s", given(p.Action), verb, first(p.Title, p.Name, withheld))
			if p.Target != "" {
				s += " on " + p.Target
			}
			s += ", danger " + p.Danger.String()
			if len(p.Overrides) > 0 {
				s += ", GOES AROUND " + strings.Join(p.Overrides, ", ")
			}
			return s, false
		})
	case record.ActionApproved:
		return line(func(p record.Decision) (string, bool) {
			as := ""
			if p.Strength != "" {
				as = " (" + string(p.Strength) + ")"
			}
			if p.Signature != nil {
				as = " by " + p.Signature.Principal + as
			}
			word := "approved"
			if p.BreakGlass {
				word = "approved, BREAKING GLASS"
			}
			return fmt.Sprintf("%s %s%s, plan %s%s", given(p.Action), word, as, brief(p.Digest), because(p.Reason)), p.BreakGlass
		})
	case record.ActionRejected:
		return line(func(p record.Decision) (string, bool) {
			return fmt.Sprintf("%s refused, plan %s%s", given(p.Action), brief(p.Digest), because(p.Reason)), false
		})
	case record.ActionQueued:
		return line(func(p record.Queued) (string, bool) {
			s := given(p.Action) + " waits in the outbox"
			if p.Tries > 0 {
				s += fmt.Sprintf(" after attempt %d", p.Attempt)
			}
			return s + ", next try not before " + stamp(p.NotBefore) + because(p.Error), false
		})
	case record.ActionDropped:
		return line(func(p record.Decision) (string, bool) {
			return given(p.Action) + " given up" + because(p.Reason), false
		})
	case record.Undelivered:
		return line(func(p record.Unheard) (string, bool) {
			s := "a message reached NOBODY: " + strings.Join(p.Actions, ", ")
			if p.Queued {
				s += "; it waits in the outbox"
			}
			return s, true
		})
	case record.ActionSending:
		return line(func(p record.Attempt) (string, bool) {
			return fmt.Sprintf("%s is being sent, attempt %d", given(p.Action), p.Attempt), false
		})
	case record.ActionSent:
		return line(func(p record.Outcome) (string, bool) {
			return outcome(given(p.Action)+" sent", p), false
		})
	case record.ActionVerified:
		return line(func(p record.Outcome) (string, bool) {
			return outcome(given(p.Action)+" verified", p), false
		})
	case record.ActionFailed:
		return line(func(p record.Outcome) (string, bool) {
			return outcome(given(p.Action)+" failed", p), true
		})
	case record.ActionUnknown:
		return line(func(p record.Outcome) (string, bool) {
			return outcome(given(p.Action)+" OUTCOME UNKNOWN, look before repeating", p), true
		})

	case record.ActionLapsed:
		return line(func(p record.Lapse) (string, bool) {
			s := fmt.Sprintf("nobody approved %s within %s", given(p.Action), given(p.After))
			if len(p.Pages) > 0 {
				s += "; told by " + strings.Join(p.Pages, ", ")
			}
			return s, true
		})
	case record.ActionExpired, record.ActionExtended, record.RolledBack:
		return containmentDescriber(k)
	case record.UpdateWritten:
		return line(describeUpdate)
	case record.ItemAdded:
		return line(func(p record.Item) (string, bool) {
			s := fmt.Sprintf("follow-up %s: %s", given(p.ID), given(p.Text))
			if p.Owner != "" {
				s += ", owner " + p.Owner
			}
			if !p.Due.IsZero() {
				s += ", due " + day(p.Due)
			}
			return s, false
		})
	case record.ReviewWritten:
		return line(func(p record.Written) (string, bool) {
			return fmt.Sprintf("review written over %s, root %s", counted64(p.Size, "entry", "entries"), brief(p.Root)), false
		})

	case record.HeadSigned, record.HeadStamped, record.CustodyTransferred, record.CustodyAccepted, record.EvidenceAccessed, record.HoldPlaced, record.HoldLifted,
		record.ErasureAsked, record.ErasureAgreed, record.ErasureDone, record.BundleMade, record.BackupMade, record.RecordRestored, record.TimelineExported, record.ClockJumped, record.DiskFull:
		return trustDescriber(k)
	case record.MomentStated, record.ImpactStated, record.SubjectNamed, record.TechniqueSeen, record.FactorNamed, record.ControlJudged, record.DecisionTaken,
		record.ShiftHandedOn, record.ItemChanged:
		return factDescriber(k)
	case record.ReviewText, record.ReviewMoved, record.ReviewReleased, record.ClockStarted, record.ClockChosen, record.ClockMet:
		return reviewDescriber(k)
	case record.DrillBegun, record.DrillClock, record.DrillInject, record.DrillAnswered, record.DrillEnded, record.DrillReported:
		return drillDescriber(k)
	}
	return nil
}

func line[P any](say func(P) (string, bool)) func(record.Entry) (string, bool, error) {
	return lineOf(func(_ record.Entry, p P) (string, bool) { return say(p) })
}

// lineOf is line for what has to know which fields are absent.
func lineOf[P any](say func(record.Entry, P) (string, bool)) func(record.Entry) (string, bool, error) {
	return func(e record.Entry) (string, bool, error) {
		var p P
		if err := e.Decode(&p); err != nil {
			return "", false, err
		}
		text, bad := say(e, p)
		return text, bad, nil
	}
}

func step[P any](say func(id string, p P) (string, bool)) func(record.Entry) (string, bool, error) {
	return func(e record.Entry) (string, bool, error) {
		return line(func(p P) (string, bool) { return say(given(e.Step), p) })(e)
	}
}

func describeChange(p record.Changed) (string, bool) {
	var parts []string
	if p.Severity != nil {
		parts = append(parts, "severity is now "+p.Severity.String())
	}
	if p.Title != nil {
		parts = append(parts, "title is now "+quoted(*p.Title))
	}
	if p.TLP != nil {
		parts = append(parts, "TLP is now "+strings.ToUpper(string(*p.TLP)))
	}
	if p.Impact != nil {
		parts = append(parts, "impact: "+*p.Impact)
	}
	if p.Summary != nil {
		parts = append(parts, "summary: "+*p.Summary)
	}
	if p.Detected != nil {
		parts = append(parts, "first sign seen at "+stamp(*p.Detected))
	}
	if len(parts) == 0 {
		parts = []string{"changed: " + withheld}
	}
	if p.Reason != "" {
		parts = append(parts, "reason: "+p.Reason)
	}
	return strings.Join(parts, "; "), false
}

func describeCollection(p record.Collection) (string, bool) {
	s := fmt.Sprintf("collected %s (%s)", counted(p.Exhibits, "exhibit", "exhibits"), size(p.Bytes))
	if p.Host != "" {
		s += " from " + p.Host
	}
	if p.Took > 0 {
		s += " in " + span(p.Took)
	}
	if n := len(p.Refused); n > 0 {
		s += fmt.Sprintf(", %d refused", n)
	}
	if p.Kept > 0 {
		s += fmt.Sprintf(", %s not read again, being held by %s", counted(p.Kept, "unchanged file", "unchanged files"), strings.Join(p.Continues, " and "))
	}
	if p.Cut != "" {
		return s + ", ENDED EARLY: " + p.Cut, true
	}
	return s, false
}

func describeJudged(p record.Judged) (string, bool) {
	s := fmt.Sprintf("finding %s %s: %s", given(p.Finding), given(p.Verdict), first(p.Title, withheld))
	if p.About != "" {
		s += ", " + quoted(p.About)
	}
	if p.Host != "" {
		s += " on " + p.Host
	}
	return s + because(p.Reason), false
}

func describeMark(p record.Mark) (string, bool) {
	var parts []string
	switch {
	case p.Star != nil && *p.Star:
		parts = append(parts, "starred")
	case p.Star != nil:
		parts = append(parts, "took the star off")
	}
	if len(p.Tags) > 0 {
		parts = append(parts, "tagged "+strings.Join(p.Tags, ", "))
	}
	if p.Comment != "" {
		parts = append(parts, "commented "+quoted(p.Comment)+" on")
	}
	if len(parts) == 0 {
		parts = []string{"marked"}
	}
	s := strings.Join(parts, ", ") + " " + quoted(first(p.Message, p.Event))
	if !p.Time.IsZero() {
		s += " of " + stamp(p.Time)
	}
	return s, false
}

func outcome(what string, p record.Outcome) string {
	if p.Attempt > 1 {
		what += fmt.Sprintf(" in attempt %d", p.Attempt)
	}
	if said := first(p.Error, p.Says); said != "" {
		what += ": " + said
	}
	if p.Ref != "" {
		what += " [" + p.Ref + "]"
	}
	return what
}
