package response

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"firebreak/config"
	"firebreak/forensics"
	"firebreak/forensics/container"
	"firebreak/forensics/profiles"
	"firebreak/record"
)

// DefaultReserve is what a container leaves free on the disk that it is written
// to, unless told otherwise.
const DefaultReserve = 64 << 20

// TakeawayOptions say what is collected without an incident, and where it goes.
type TakeawayOptions struct {
	CollectOptions
	// To is a file, "-" for Out, sftp://[user@]host[:port]/path or
	// s3://bucket/key; one that ends in a slash gets a name of its own.
	To         string
	Out        io.Writer
	Recipients []string // age or ssh keys, or files of such
	Plain      bool     // not encrypted
	// Fallback is the file that takes over when the network fails; "" is one in
	// the current folder. NoFallback fails instead.
	Fallback   string
	NoFallback bool
	Reserve    int64 // bytes left free on a local disk; 0 is DefaultReserve
	Places     Places
	// ResumeFrom is the list of what collections took that were cut, as it lies beside
	// their container or as ListTaken writes it: files that are in it and unchanged
	// are left out. "-" reads it from ResumeIn once the container has begun.
	ResumeFrom string
	ResumeIn   io.ReadCloser
	// Begun is told of the container before anything is read; nil is told nothing.
	Begun func(id, fingerprint string)
}

// Takeaway is what became of it.
type Takeaway struct {
	container.Receipt
	To         string            `json:"to"`
	Recipients []string          `json:"recipients"`
	Collection record.Collection `json:"collection"`
	Local      string            `json:"local,omitempty"` // the file that took over
	From       int64             `json:"from,omitempty"`  // which byte of the container it begins with
	Lost       string            `json:"lost,omitempty"`  // why it took over
	Taken      string            `json:"taken,omitempty"` // the list to go on from, of a collection that ended early
}

// CollectTo takes evidence from this machine into a container. No workspace is
// opened or made. With CodePartial there is a container, and something is missing
// in it or it did not get where it should; the Takeaway says what.
func CollectTo(ctx context.Context, w Options, o TakeawayOptions, p ProgressFunc) (out Takeaway, err error) {
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	set, profile, err := chooseFrom(o.Profile, o.Definitions)
	if err != nil {
		return out, err
	}
	o.Profile = profile
	c, names, err := containerOptions(w, o)
	if err != nil {
		return out, err
	}
	out.Recipients = names
	before, err := o.resumed()
	if err != nil {
		return out, err
	}
	exit, err := openExit(ctx, w, o, p)
	if err != nil {
		return out, err
	}
	out.To = exit.place
	list, err := exit.list(o.ResumeFrom, p)
	if err != nil {
		return out, errors.Join(err, exit.discard())
	}
	c.Room, c.Whole = exit.room, list.whole()
	writer, err := container.Create(exit, c)
	if err == nil {
		err = list.begin(writer.Head().ID, before)
	}
	if err != nil {
		return out, errors.Join(fmt.Errorf("collect to %s: %w", out.To, err), exit.end(false))
	}
	if o.ResumeFrom == "-" {
		before = o.listIn(p)
	}
	if o.Begun != nil {
		o.Begun(writer.Head().ID, ssh.FingerprintSHA256(c.Signer.PublicKey()))
	}
	sum, bad := collectInto(ctx, w, o.CollectOptions, set, exit.own(), writer, before, p)
	if errors.Is(bad, forensics.ErrNoCollector) {
		return out, errors.Join(usage("firebreak collect --list", "%w", bad), exit.discard(), list.drop())
	}
	out.Collection = sum
	// What was taken until then is closed properly, whatever ended it.
	out.Receipt, err = writer.Close(sum)
	if e := exit.end(err == nil); err == nil {
		err = e
	}
	out.Local, out.From, out.Lost = exit.fellBack()
	out.Taken, err = list.end(err == nil && bad == nil && sum.Cut == "", err)
	switch {
	case err != nil:
		return out, fmt.Errorf("collect to %s: %w", out.To, err)
	case bad != nil:
		return out, &Error{Code: CodePartial, Hint: cmp.Or(takeRest(out.Taken), HintOf(bad)), Err: fmt.Errorf("the collection ended early: %w", bad)}
	case sum.Cut != "":
		return out, fail(CodePartial, cmp.Or(takeRest(out.Taken), "what was taken is in the container"), "the collection ended early: %s", sum.Cut)
	case out.Lost != "":
		return out, fail(CodePartial, "firebreak send "+out.Local, "%s could not be reached: %s", out.To, out.Lost)
	}
	return out, nil
}

// containerOptions are who can open it, and the key that signs it: one that is
// made for this container, since a host under examination holds none of ours.
func containerOptions(w Options, o TakeawayOptions) (c container.Options, names []string, err error) {
	if len(o.Recipients) == 0 && !o.Plain {
		return c, nil, usage("--recipient KEY, an age or ssh public key; whoever does without says --plain", "collect --to: nobody to encrypt to")
	}
	if len(o.Recipients) > 0 && o.Plain {
		return c, nil, usage("", "collect --to: --plain and --recipient exclude each other")
	}
	tool, err := w.ToolSHA256()
	if err != nil {
		return c, nil, fmt.Errorf("hash this program: %w", err)
	}
	c = container.Options{Plain: o.Plain, Now: w.Now, Rand: w.Rand}
	if !o.Plain {
		rs, err := recipients(o.Recipients)
		if err != nil {
			return c, nil, err
		}
		for _, r := range rs {
			c.Recipients = append(c.Recipients, r.Recipient)
		}
		names = namesOf(rs)
	}
	_, key, err := ed25519.GenerateKey(w.Rand)
	if err == nil {
		c.Signer, err = ssh.NewSignerFromKey(key)
	}
	if err != nil {
		return c, nil, fmt.Errorf("make a key to sign with: %w", err)
	}
	c.Head = container.Head{
		Host: w.Host, Tool: w.Tool, ToolSHA256: tool, Argv: w.Argv, Ephemeral: true, Recipients: names, Machine: forensics.ThisMachine(),
	}
	return c, names, nil
}

// collectInto runs the collectors into the writer, and logs what they do.
func collectInto(ctx context.Context, w Options, o CollectOptions, set *profiles.Set, own []string, to *container.Writer, before *container.Taken, p ProgressFunc) (record.Collection, error) {
	host := w.Host
	if o.Root != "" {
		host = "" // an image names its own
	}
	head := to.Head()
	if err := to.Log("begin", o.Profile, ""); err != nil {
		return record.Collection{}, err
	}
	var logged error
	var held func(record.Exhibit) bool
	if before != nil {
		held = func(e record.Exhibit) bool {
			in, ok := before.Holds(e)
			if ok {
				logged = errors.Join(logged, to.Log(container.ActKept, e.Source, in))
			}
			return ok
		}
	}
	reading := ""
	sum, err := forensics.Collect(ctx, forensics.Options{
		Profile: o.Profile, Profiles: set, Collectors: o.Collectors, Root: o.Root, Partition: o.Partition, Paths: o.Paths, Besides: w.Config.Collect.Folders, Files: o.Files, Authority: o.Authority,
		Environment: o.Environment, Secrets: o.Secrets, Own: own,
		Held: held,
		Sink: to, Now: w.Now, Host: host, Tool: w.Tool, ToolSHA256: head.ToolSHA256, Argv: w.Argv, Stored: w.Host,
		Refused: func(r record.Refusal) { logged = errors.Join(logged, to.Log("refused", r.Source, r.Reason)) },
		Progress: func(what string, done, total int64) {
			if name, _, _ := strings.Cut(what, " "); name != reading && name != "done" {
				reading = name
				logged = errors.Join(logged, to.Log("read", name, ""))
			}
			tell(p, what, done, total)
		},
	}, func(e record.Exhibit) error { return errors.Join(logged, to.Add(e)) })
	sum.Continues = before.In()
	return sum, err
}

// exit is where a container goes.
type exit struct {
	io.Writer
	place string
	file  *local
	send  *sending
}

// own are the files that it is written to.
func (x *exit) own() []string {
	if x.file == nil {
		return nil
	}
	return []string{x.file.f.Name(), listBeside(x.file.to)}
}

func openExit(ctx context.Context, w Options, o TakeawayOptions, p ProgressFunc) (*exit, error) {
	name := takeawayName(w.Host, w.Now(), o.Plain)
	switch {
	case o.To == "":
		return nil, usage("", "collect --to: a place is missing")
	case o.To == "-":
		return &exit{Writer: o.Out, place: "-"}, nil
	case strings.Contains(o.To, "://"):
		to := o.To
		if strings.HasSuffix(to, "/") {
			to += name
		}
		c, place, err := o.Places.open(w, to, nil)
		if err != nil {
			return nil, err
		}
		fallback := ""
		if !o.NoFallback {
			if fallback = o.Fallback; fallback == "" {
				fallback = name
			}
		}
		s := newSending(ctx, c, place, fallback, o.Reserve, w.Now, w.Sleep, func(what string) { tell(p, what, 0, 0) })
		return &exit{Writer: s, place: place, send: s}, nil
	}
	to := o.To
	if strings.HasSuffix(to, "/") {
		to += name
	}
	l, err := createLocal(to, o.Reserve)
	if err != nil {
		return nil, err
	}
	return &exit{Writer: l, place: to, file: l}, nil
}

// takeawayName is what a container is called when nobody named it.
func takeawayName(host string, now time.Time, plain bool) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return '_'
	}, host)
	name := "firebreak-" + safe + "-" + now.UTC().Format("20060102T150405Z") + Suffix
	if plain {
		name = strings.TrimSuffix(name, ".age")
	}
	return name
}

// room is asked before each part of an item: the container's own end must have room.
func (x *exit) room() error {
	if x.file == nil {
		return nil
	}
	return x.file.room(0)
}

// end closes the way out. whole gives a file its name.
func (x *exit) end(whole bool) error {
	switch {
	case x.send != nil:
		return x.send.end(whole)
	case x.file != nil && whole:
		return x.file.publish()
	case x.file != nil:
		return x.file.leave()
	}
	return nil
}

// discard takes away what was begun in vain.
func (x *exit) discard() error {
	if x.file != nil {
		return x.file.drop()
	}
	return x.end(false)
}

func (x *exit) fellBack() (file string, at int64, why string) {
	if x.send == nil || x.send.file == nil {
		return "", 0, ""
	}
	return x.send.file.to, x.send.at, x.send.lost.Error()
}

// Places are what is needed to reach other machines. No secret is kept in it.
type Places struct {
	SSH SSHPlace
	S3  S3Place
}

// S3Place says how to reach an S3 server.
type S3Place struct {
	Endpoint string // "" is Amazon's
	Region   string
	// Keys fetches the access key at the moment of use; the token may be "".
	Keys func(ctx context.Context) (id string, secret, token config.Secret, err error)
}

// OpenContainer begins to read a container with identities in these files.
func OpenContainer(in io.Reader, files []string, ask func(string) ([]byte, error)) (*container.Reader, error) {
	ids, err := identities(files, ask)
	if err != nil {
		return nil, err
	}
	return openContainer(in, ids)
}

func openContainer(in io.Reader, ids []age.Identity) (*container.Reader, error) {
	r, err := container.Open(in, ids...)
	switch {
	case errors.Is(err, container.ErrKey):
		return nil, &Error{Code: CodeAuth, Hint: wantIdentity, Err: err}
	case errors.Is(err, container.ErrNot):
		return nil, usage("firebreak import takes archives of other tools, firebreak ingest a single log", "%w", err)
	case errors.Is(err, container.ErrDamaged):
		return nil, &Error{Code: CodeIntegrity, Err: err}
	}
	return r, err
}
