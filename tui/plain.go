package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

// PlainOptions say whose session is read out, and where.
type PlainOptions struct {
	Session  *response.Session
	Incident incident.ID
	In       io.Reader
	Out      io.Writer
	Now      func() time.Time
	ReadOnly bool
}

// Plain works on an incident in lines: nothing is ever drawn over, one line
// says one change, choices are numbered, an empty answer is always No. It is
// made for screen readers, dumb terminals and logs. It ends when the input
// does.
func Plain(ctx context.Context, o PlainOptions) error {
	return newPlain(o.Session, o).run(ctx)
}

func newPlain(d desk, o PlainOptions) *plainDesk {
	return &plainDesk{desk: d, id: o.Incident, out: o.Out, in: o.In, now: o.Now, ro: o.ReadOnly}
}

// plainDesk is the conversation.
type plainDesk struct {
	desk  desk
	id    incident.ID
	in    io.Reader
	out   io.Writer
	now   func() time.Time
	ro    bool
	lines chan string
	seen  int64      // the last entry of the record that was read out
	mu    sync.Mutex // over out and err
	err   error      // of writing
}

var errEnded = errors.New("the input has ended")

// say writes one line. Its parts may be foreign.
func (p *plainDesk) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	_, p.err = fmt.Fprintln(p.out, term.Safe(fmt.Sprintf(format, args...)))
}

// run talks until there is nothing more to say.
func (p *plainDesk) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.lines = make(chan string)
	go p.listen(ctx)
	if p.id == "" {
		if err := p.pick(ctx); err != nil || p.id == "" {
			return ended(err)
		}
	}
	changed, err := p.desk.Watch(ctx, p.id)
	if err != nil {
		return fmt.Errorf("watch incident %s: %w", p.id, err)
	}
	b, err := p.introduce(ctx)
	if err != nil {
		return ended(err)
	}
	if b.Exercise != nil && !p.ro && b.ReadOnly == "" {
		go p.pulses(ctx)
	}
	for p.broken() == nil {
		more, err := p.turn(ctx, changed)
		if err != nil || !more {
			return ended(err)
		}
	}
	return fmt.Errorf("write: %w", p.broken())
}

// broken is why nothing can be written any more.
func (p *plainDesk) broken() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// ended makes the end of the input no error.
func ended(err error) error {
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// listen hands over the lines that are typed; it ends with the input.
func (p *plainDesk) listen(ctx context.Context) {
	defer close(p.lines)
	const most = 16 << 10
	s := bufio.NewScanner(p.in)
	s.Buffer(make([]byte, 4096), most)
	for s.Scan() {
		select {
		case p.lines <- s.Text():
		case <-ctx.Done():
			return
		}
	}
}

// ask writes a question and waits for a line, reading out what changes
// meanwhile.
func (p *plainDesk) ask(ctx context.Context, changed <-chan struct{}, format string, args ...any) (string, error) {
	p.say(format, args...)
	for {
		select {
		case l, ok := <-p.lines:
			if !ok {
				return "", errEnded
			}
			return strings.TrimSpace(l), nil
		case _, ok := <-changed:
			if !ok {
				changed = nil
				continue
			}
			if err := p.news(ctx); err != nil {
				return "", err
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// news reads out the entries that have come since the last time.
func (p *plainDesk) news(ctx context.Context) error {
	const most = 200
	es, err := p.desk.Activity(ctx, p.id, 0, most)
	if err != nil {
		return err
	}
	for _, e := range es {
		if e.Seq <= p.seen {
			continue
		}
		p.seen = e.Seq
		flag := ""
		if e.Bad {
			flag = "FAILED: "
		}
		p.say("%s %s: %s%s", e.Time.UTC().Format("15:04:05Z"), e.Actor, flag, e.Text)
	}
	return nil
}

// pick lets an incident be chosen.
func (p *plainDesk) pick(ctx context.Context) error {
	rows, err := p.desk.List(ctx)
	if err != nil {
		return err
	}
	inbox, err := p.desk.InboxState(ctx)
	if err != nil {
		return err
	}
	if inbox.Count > 0 {
		p.say("Inbox: %s. To see them: firebreak intake list.", waitingWords(inbox))
	}
	if len(rows) == 0 {
		p.say("No incident yet. Open one: firebreak open TITLE, or firebreak drill.")
		return nil
	}
	p.say("Incidents:")
	for i, r := range rows {
		p.say("%d  %s %s %s %s: %s", i+1, r.ID, r.Severity, r.Standing(), r.Phase, r.Title)
	}
	text, err := p.ask(ctx, nil, "Number of the incident, empty to leave:")
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(rows) {
		p.id = rows[n-1].ID
	}
	return nil
}

// introduce says where the incident stands.
func (p *plainDesk) introduce(ctx context.Context) (response.Board, error) {
	b, err := p.desk.Board(ctx, p.id)
	if err != nil {
		return b, err
	}
	if n := len(b.Recent); n > 0 {
		p.seen = b.Recent[n-1].Seq
	}
	i := b.Incident
	mode := i.Mode()
	if p.ro {
		mode = "READ ONLY"
	}
	p.say("Incident %s, %s, %s: %s", i.ID, i.Severity, mode, i.Title)
	p.say("Opened %s, phase %s, playbook %s.", stamp(i.Opened), i.Phase, orNone(b.Playbook))
	if b.ReadOnly != "" {
		p.say("Only to be looked at: %s.", b.ReadOnly)
	}
	if b.LowRoom != "" {
		p.say("Low disk: %s.", b.LowRoom)
	}
	p.say("%s, %s, %s waiting, %d unknown, %d failed.", plural(int64(b.Exhibits), "exhibit"), plural(b.Events, "event"), plural(int64(b.Approvals), "approval"), b.Unknown, b.Failures)
	for _, c := range b.Contained {
		p.say("In force: %s, %s on %s, %s.", c.Action, c.Title, c.Target, until(c, p.now()).text)
	}
	p.sayClocks(b)
	if b.Queued > 0 {
		p.say("In the outbox: %s, sent when that is possible.", plural(int64(b.Queued), "action"))
	}
	if b.Unread > 0 {
		p.say("Not fully read: %s. The next ingest or collect reads on.", plural(int64(b.Unread), "exhibit"))
	}
	return b, nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// turn offers what can be done now and does one thing. more is false when the
// person leaves.
func (p *plainDesk) turn(ctx context.Context, changed <-chan struct{}) (more bool, err error) {
	b, err := p.desk.Board(ctx, p.id)
	if err != nil {
		return false, err
	}
	if err := p.news(ctx); err != nil {
		return false, err
	}
	if over, _ := ending(b.Contained, p.now()); over > 0 && !p.ro && b.ReadOnly == "" {
		if err := p.desk.Remind(ctx, p.id); err != nil { // what else can be done does not wait for it
			p.say("What is due of containments could not be done: %s", err)
		}
		if b, err = p.desk.Board(ctx, p.id); err != nil {
			return false, err
		}
	}
	offers := p.offers(b)
	p.say("")
	for i, o := range offers {
		p.say("%d  %s", i+1, o.title)
	}
	text, err := p.ask(ctx, changed, "Number, empty to hear it again, q to leave:")
	if err != nil {
		return false, err
	}
	if text == "q" {
		p.say("Nothing is lost; open the incident again to go on.")
		return false, nil
	}
	n, convErr := strconv.Atoi(text)
	if convErr != nil || n < 1 || n > len(offers) {
		return true, nil
	}
	err = offers[n-1].do(ctx, changed)
	if err == nil || errors.Is(err, errEnded) || ctx.Err() != nil {
		return true, err
	}
	p.say("FAILED: %s", err)
	if hint := response.HintOf(err); hint != "" {
		p.say("Hint: %s", hint)
	}
	return true, nil
}
