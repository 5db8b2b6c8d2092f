package tui

import (
	"context"
	"io"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
)

// desk is what the screens need of a response.Session. Tests give them a
// scripted one.
type desk interface {
	Actor() incident.Actor
	List(context.Context) ([]response.Listed, error)
	InboxState(context.Context) (response.InboxState, error)
	Open(context.Context, response.NewIncident) (incident.Incident, error)
	StartDrill(context.Context, string) (incident.Incident, error)
	Board(context.Context, incident.ID) (response.Board, error)
	Watch(context.Context, incident.ID) (<-chan struct{}, error)

	Change(context.Context, incident.ID, record.Changed) error
	Assign(context.Context, incident.ID, incident.Role, string) error
	Note(ctx context.Context, id incident.ID, step, text string, decision bool) error
	CloseIncident(context.Context, incident.ID, string) error
	Reopen(context.Context, incident.ID, string) error
	AddItem(context.Context, incident.ID, record.Item) (string, error)

	StartStep(context.Context, incident.ID, string) error
	DoneStep(context.Context, incident.ID, string, map[string]string, string) error
	SkipStep(context.Context, incident.ID, string, string) error
	ReopenStep(context.Context, incident.ID, string, string) error
	AddStep(context.Context, incident.ID, record.AdHoc) (string, error)
	RunStep(context.Context, incident.ID, string, response.ProgressFunc) error
	Advance(context.Context, incident.ID, response.ProgressFunc) (response.Waiting, error)
	Pulse(context.Context, incident.ID, response.ProgressFunc) error
	AnswerInject(ctx context.Context, id incident.ID, inject, choice, note string) (late bool, err error)
	DrillAnswers(context.Context, incident.ID, string) (map[string]string, error)
	SetVariables(context.Context, incident.ID, map[string]string) error
	FinishWait(ctx context.Context, id incident.ID, step, note string) error

	PlanStep(context.Context, incident.ID, string) (response.ActionView, error)
	Action(context.Context, incident.ID, string) (response.ActionView, error)
	Approve(ctx context.Context, id incident.ID, action, digest, confirm, reason string) error
	Reject(ctx context.Context, id incident.ID, action, reason string) error
	Do(context.Context, incident.ID, string) (response.ActionView, error)
	Revert(ctx context.Context, id incident.ID, action, reason string) (response.ActionView, error)
	Remind(context.Context, incident.ID) error
	Extend(ctx context.Context, id incident.ID, action string, by time.Duration, reason string) (response.Containment, error)
	LookTelling(context.Context, incident.ID, string, response.ProgressFunc) (response.ActionView, error)
	Outbox(ctx context.Context, id incident.ID, all bool) ([]response.OutboxRow, error)
	RunOutbox(ctx context.Context, id incident.ID, once bool, p response.ProgressFunc) (response.OutboxRun, error)
	Retry(ctx context.Context, id incident.ID, action string, again bool, reason string, p response.ProgressFunc) (response.ActionView, error)
	Drop(ctx context.Context, id incident.ID, action, reason string) (response.ActionView, error)

	Audiences() []response.Audience
	DraftUpdate(context.Context, incident.ID, response.UpdateRequest) (response.UpdateDraft, error)
	SendUpdate(context.Context, response.UpdateDraft, response.ProgressFunc) (response.UpdateSent, error)

	Handover(context.Context, incident.ID) (response.Handover, error)
	HandShift(context.Context, incident.ID, response.Handing) error

	SigningKey(context.Context) (response.SigningKey, error)
	WillSign(response.ActionView) bool
	SignHead(ctx context.Context, id incident.ID, reason string) (record.Signed, error)

	Collect(context.Context, incident.ID, response.CollectOptions, response.ProgressFunc) (record.Collection, error)
	Ingest(context.Context, incident.ID, []string, response.IngestOptions, response.ProgressFunc) (response.Ingested, error)
	Evidence(context.Context, incident.ID) ([]response.ExhibitView, []record.Collection, error)
	CheckExhibit(context.Context, incident.ID, string) (record.Check, error)
	OpenExhibit(context.Context, incident.ID, string) (io.ReadCloser, error)

	Page(context.Context, incident.ID, response.PageRequest) ([]response.MarkedEvent, error)
	Count(context.Context, incident.ID, string) (int64, error)
	Histogram(context.Context, incident.ID, response.HistogramRequest) (response.Histogram, error)
	Estimate(context.Context, incident.ID, string) (response.Estimate, error)
	Complete(ctx context.Context, id incident.ID, text string, cursor int) ([]response.Completion, error)
	Fields(context.Context, incident.ID, string) ([]response.FieldInfo, error)
	Values(context.Context, incident.ID, response.ValuesRequest) ([]response.Value, error)
	Gaps(context.Context, incident.ID, response.GapsRequest) ([]response.Gap, error)
	SessionAround(ctx context.Context, id incident.ID, event string, by []string, idle time.Duration) (response.Around, error)
	Event(context.Context, incident.ID, string) (response.MarkedEvent, error)
	Raw(ctx context.Context, id incident.ID, event string, p response.ProgressFunc) (response.RawEvent, error)
	Mark(ctx context.Context, id incident.ID, event string, star *bool, tags []string, comment string) error
	MarkAll(context.Context, incident.ID, []response.MarkedEvent, response.MarkRequest) error
	Follow(ctx context.Context, id incident.ID, path string, o response.FollowOptions, told func(response.Followed)) error

	Triage(context.Context, incident.ID, response.TriageOptions, response.ProgressFunc) (response.TriageReport, error)
	JudgeFinding(ctx context.Context, id incident.ID, f response.TriageFinding, confirmed bool, reason string) error

	Clocks(context.Context, incident.ID) (response.ClockSheet, error)
	StartClock(context.Context, incident.ID, record.ClockStart) error
	ChooseClock(ctx context.Context, id incident.ID, clock string, applies bool, reason string) error
	MeetClock(context.Context, incident.ID, record.Submission) error
	DraftClock(ctx context.Context, id incident.ID, clock string) (clocks.Draft, error)

	Activity(context.Context, incident.ID, int64, int) ([]response.Activity, error)
	Review(context.Context, incident.ID) (response.Written, error)
	Verify(context.Context, incident.ID, response.ProgressFunc) (record.Report, error)
}
