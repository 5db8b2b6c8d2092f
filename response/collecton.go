package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"filippo.io/age"

	"firebreak/forensics/container"
	"firebreak/incident"
	"firebreak/integrations/ssh"
	"firebreak/record"
)

// CollectOnOptions say what is collected from another host, over ssh.
type CollectOnOptions struct {
	CollectOptions
	Target string // [user@]host[:port]
	Sudo   bool
	Binary string // the program to run there; "" is this one
	Self   string // where this one lies
	SSH    SSHPlace
}

// CollectOn runs this program on another host, from memory where that can be, has
// it stream a container back, and takes that into the incident. No file and no
// process stays there. A cancelled context ends the collection there; what was
// taken until then comes back.
func (s *Session) CollectOn(ctx context.Context, id incident.ID, o CollectOnOptions, p ProgressFunc) (TakenIn, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return TakenIn{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	if err := f.writable(); err != nil {
		return TakenIn{}, err
	}
	t, err := ssh.ParseTarget(o.Target, o.SSH.User)
	if err != nil {
		return TakenIn{}, usage("", "--on: %w", err)
	}
	if ext := filepath.Ext(o.Profile); o.Definitions != "" || ext == ".yaml" || ext == ".yml" {
		return TakenIn{}, usage("run firebreak collect --to on the host itself with them", "--on: definitions and profiles from files are not brought to another host")
	}
	options, err := o.SSH.options(s.s.o)
	if err != nil {
		return TakenIn{}, err
	}
	tell(p, "connecting to "+t.String(), 0, 0)
	c, err := ssh.Dial(ctx, t, options)
	if err != nil {
		return TakenIn{}, onHost(err)
	}
	defer c.Close() //nolint:errcheck // it is over
	return s.collectOn(ctx, f, c, o, p)
}

func (s *Session) collectOn(ctx context.Context, f *folder, c *ssh.Client, o CollectOnOptions, p ProgressFunc) (TakenIn, error) {
	facts, err := c.Look(ctx)
	if err != nil {
		return TakenIn{}, onHost(err)
	}
	if facts.System != "Linux" {
		return TakenIn{}, refused("", "collect on %s: it runs %.40q, and only Linux can be collected from", c.Target, facts.System)
	}
	file := o.Binary
	if file == "" {
		file = o.Self
	}
	alone, err := ssh.CheckBinary(file, facts.Machine)
	if err != nil {
		return TakenIn{}, refused("--binary FILE with the release for that machine", "collect on %s: %w", c.Target, err)
	}
	binary, size, err := ssh.OpenBinary(file)
	if err != nil {
		return TakenIn{}, fmt.Errorf("collect on %s: %w", c.Target, err)
	}
	defer binary.Close()                     //nolint:errcheck // read only
	key, err := age.GenerateX25519Identity() // for this one stream
	if err != nil {
		return TakenIn{}, fmt.Errorf("collect on %s: %w", c.Target, err)
	}
	if facts.UID == 0 {
		o.Sudo = false
	}
	args, then := remoteArgs(o, key.Recipient().String()), []byte(nil)
	if o.Resume {
		before, err := heldFiles(ctx, f)
		if err != nil {
			return TakenIn{}, err
		}
		var b bytes.Buffer
		if _, err := before.WriteTo(&b); err != nil {
			return TakenIn{}, err
		}
		args, then = append(args, "--resume-from", "-"), append(b.Bytes(), container.TakenEnd()...)
	}
	out, in := io.Pipe()
	type ending struct {
		how string
		err error
	}
	ran := make(chan ending, 1)
	go func() {
		how, err := c.Run(ctx, ssh.Program{Content: binary, Size: size, Args: args, Sudo: o.Sudo, Then: then}, in)
		_ = in.CloseWithError(err) // never fails; without an error it ends the stream
		ran <- ending{how, err}
	}()
	tell(p, "collecting on "+c.Target.String(), 0, 0)
	// What comes back after a cancellation is still taken.
	keep := context.WithoutCancel(ctx)
	taken, err := s.takeStream(keep, f, out, key, o, c.Target, p)
	_ = out.CloseWithError(errNoMore) // never fails; lets the other side end
	end := <-ran
	var failed *ssh.Failed
	switch {
	case taken.Head.ID == "" && end.err != nil && !errors.Is(end.err, errNoMore): // nothing came: the host says why
		if !alone && errors.Is(end.err, ssh.ErrStart) {
			end.err = &Error{Code: CodeRefused, Hint: "--binary FILE with a release, which needs no libraries", Err: end.err}
		}
		return taken, onHost(end.err)
	case err != nil:
		return taken, err
	case ctx.Err() != nil:
		return taken, fail(CodePartial, leftOnHost, "collect on %s: %w", c.Target, context.Cause(ctx))
	case errors.As(end.err, &failed) && taken.Sealed: // its own code for a collection that ended early, which the container tells
	case end.err != nil:
		return taken, fail(CodePartial, leftOnHost, "%w", end.err)
	}
	if taken.Cut != "" || taken.Collection != nil && taken.Collection.Cut != "" {
		why := taken.Cut
		if why == "" {
			why = taken.Collection.Cut
		}
		return taken, fail(CodePartial, leftOnHost, "the collection on %s ended early: %s", c.Target, why)
	}
	return taken, nil
}

// leftOnHost is the hint of one that was cut.
const leftOnHost = "what came until then is in the incident; the rest: the same command with --resume"

var errNoMore = errors.New("no more is read")

func (s *Session) takeStream(ctx context.Context, f *folder, out io.Reader, key age.Identity, o CollectOnOptions, t ssh.Target, p ProgressFunc) (TakenIn, error) {
	r, err := openContainer(out, []age.Identity{key})
	if err != nil {
		return TakenIn{}, err
	}
	defer r.Close()
	return s.takeIn(ctx, f, r, taking{step: o.Step, read: IngestOptions{Host: r.Head().Host}, adapt: func(x *record.Exhibit) {
		x.Method += "; by this program on the host itself, over ssh as " + t.String()
		if o.Sudo {
			x.Method += " with sudo"
		}
		if x.Authority == "" {
			x.Authority = o.Authority
		}
	}}, p)
}

// remoteArgs are the arguments of the program on the host. Nothing in them is
// secret: whoever looks at its processes sees them.
func remoteArgs(o CollectOnOptions, recipient string) []string {
	args := []string{"collect", "--to", "-", "--leash", "--quiet", "--recipient", recipient}
	if o.Profile != "" {
		args = append(args, "--profile", o.Profile)
	}
	for _, v := range o.Collectors { // their names have no comma
		args = append(args, "--collector="+v)
	}
	for _, v := range o.Paths {
		args = append(args, "--path="+v)
	}
	for _, v := range o.Files {
		args = append(args, "--file="+v)
	}
	if o.Root != "" {
		args = append(args, "--root="+o.Root)
	}
	if o.Partition > 0 {
		args = append(args, "--partition="+strconv.Itoa(o.Partition))
	}
	if o.Environment {
		args = append(args, "--environment")
	}
	if o.Secrets {
		args = append(args, "--secrets")
	}
	return args
}

// onHost gives the errors of reaching a host and running there their codes and hints.
func onHost(err error) error {
	code, hint := CodeInternal, ""
	switch {
	case errors.Is(err, ssh.ErrHostKey):
		code, hint = CodeAuth, hintHostKey
	case errors.Is(err, ssh.ErrAuth):
		code, hint = CodeAuth, "--ssh-key FILE, or ssh-add"
	case errors.Is(err, ssh.ErrSudo):
		code, hint = CodeRefused, "connect as root, let sudo run it without a password (NOPASSWD), or leave --sudo out and take what the account can read"
	case errors.Is(err, ssh.ErrNoPlace):
		code, hint = CodeRefused, "it needs perl or python3, or some room in a folder that is not mounted noexec"
	case errors.Is(err, ssh.ErrUnreachable), errors.Is(err, ssh.ErrCut):
		hint = "if the host is isolated: firebreak collect --to a disk that you carry"
	}
	var coded *Error
	if errors.As(err, &coded) {
		return err
	}
	return &Error{Code: code, Hint: hint, Err: err}
}
