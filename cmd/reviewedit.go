package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/tui"
)

// maxPartsText is how long a file with all parts of a review may be.
const maxPartsText = 16 << 20

type reviewEditOptions struct {
	p        *program
	incident string
	part     string
	readers  string
	from     string
	print    bool
	resume   bool
}

func newReviewEditCmd(p *program, run func(*cobra.Command, *reviewEditOptions) error) *cobra.Command {
	o := &reviewEditOptions{p: p}
	c := &cobra.Command{
		Use:   "edit INCIDENT [PART]",
		Short: "Write the parts of the review that only people can write",
		Long: `Open $VISUAL or $EDITOR on one Markdown file with all parts of the review that
people write (firebreak review parts lists them), or with one. What you changed is
recorded with your name and a version when you leave the editor; what you did not
change is not. Nothing is lost: when the editor fails, the text cannot be saved, or
somebody else changed the same part meanwhile, yours is kept and the message says
where. --resume goes on with it: where two wrote one part, both texts stand there.

Phrases that put blame on somebody are pointed out, not refused. What is reviewed
is not edited any more: firebreak review state INCIDENT draft --reason takes it back.

With --for a part is written for the readers of a profile: they read it in the place
of what the team wrote. The public reads no other words of people. Names that are
known are taken out of it all the same, and review release shows what was found.

Without an editor: --print writes that file to the standard output, and --from
reads it back. With PART, --from takes a file that holds the text alone, too.`,
		Example: `  firebreak review edit last
  firebreak review edit last summary
  firebreak review edit last summary --for public
  firebreak review edit last lessons --from lessons.md
  firebreak review edit last --print > parts.md`,
		Args:              between(1, 2, "an incident and, if you like, a part"),
		ValidArgsFunction: p.completePart,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident = args[0]
			if len(args) > 1 {
				o.part = args[1]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "", "no editor: take the text from this `FILE`; - is the standard input")
	f.BoolVar(&o.print, "print", false, "no editor: print the file of parts")
	f.BoolVar(&o.resume, "resume", false, "go on with the text of yours that was kept")
	p.readersFlag(c, &o.readers)
	c.MarkFlagsMutuallyExclusive("from", "print", "resume")
	return c
}

func runReviewEdit(c *cobra.Command, o *reviewEditOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	e := &partsEdit{p: o.p, s: s, id: id, resume: o.resume, streams: streams{o.p.In, o.p.Out, o.p.Err}}
	if e.keys, err = partKeys(o.part, o.readers); err != nil {
		return err
	}
	var saved response.PartsSaved
	switch {
	case o.print:
		return e.print(c.Context())
	case o.from != "":
		var b []byte
		if b, err = o.p.inputUpTo("text", o.from, maxPartsText); err != nil {
			return err
		}
		saved, err = e.take(c.Context(), string(b), true)
	default:
		if _, chosen := o.p.editor(); !chosen && !o.p.IsTerminal {
			return errFlag{errors.New("review edit: there is no terminal: VISUAL or EDITOR names an editor, --from FILE takes the text as it is")}
		}
		saved, err = e.edit(c.Context())
	}
	for _, w := range append(e.told, saved.Warnings...) {
		o.p.warn(w)
	}
	if saved.Incident == "" {
		return err
	}
	return errors.Join(o.said(saved, err), err)
}

func (o *reviewEditOptions) said(saved response.PartsSaved, failed error) error {
	if o.p.json {
		return o.p.printJSON(saved)
	}
	for _, w := range saved.Saved {
		if err := o.p.printf("%s: version %d, entry %d\n", w.Part, w.Version, w.Seq); err != nil {
			return err
		}
	}
	if len(saved.Saved) == 0 && failed == nil {
		return o.p.printf("nothing was changed, and nothing is recorded\n")
	}
	return nil
}

// editReview is what the screens open an editor with.
func (p *program) editReview(s *response.Session) tui.EditReview {
	return func(ctx context.Context, id incident.ID, part string, in io.Reader, out, errs io.Writer) (string, error) {
		e := &partsEdit{p: p, s: s, id: id, keys: []string{part}, streams: streams{in, out, errs}}
		saved, err := e.edit(ctx)
		says := append([]string{}, e.told...)
		if err == nil && len(saved.Saved) == 0 {
			says = append(says, "nothing was changed")
		}
		for _, w := range saved.Saved {
			says = append(says, fmt.Sprintf("%s: version %d is recorded", w.Part, w.Version))
		}
		return strings.Join(append(says, saved.Warnings...), "; "), err
	}
}

// partsEdit is one person's work on the parts of a review.
type partsEdit struct {
	p      *program
	s      *response.Session
	id     incident.ID
	keys   []string // the parts; none: all
	resume bool
	streams
	kept string   // the file that they go on from
	told []string // what they should know besides
}

// file is what they begin with.
func (e *partsEdit) file(ctx context.Context) (string, error) {
	if e.resume {
		r, err := e.s.ResumeParts(ctx, e.id)
		e.kept = r.From
		if r.Whole {
			e.told = append(e.told, "the parts could not be told apart in what was kept: put the lines that begin with <!-- part: back (--print shows them)")
		}
		return r.Text, err
	}
	drafts, err := e.s.PartsToEdit(ctx, e.id, e.keys...)
	if err != nil {
		return "", err
	}
	return response.PartsFile(e.id, drafts), nil
}

func (e *partsEdit) print(ctx context.Context) error {
	text, err := e.file(ctx)
	if err != nil {
		return err
	}
	if e.p.IsTerminal {
		text = term.SafeLines(text)
	}
	return e.p.printf("%s", text)
}

// edit lets them write, and records what they changed.
func (e *partsEdit) edit(ctx context.Context) (response.PartsSaved, error) {
	if err := e.sweep(ctx); err != nil {
		return response.PartsSaved{}, err
	}
	text, err := e.file(ctx)
	if err != nil {
		return response.PartsSaved{}, err
	}
	if mine, err := e.s.KeptParts(ctx, e.id); err == nil && len(mine) > 0 && !e.resume {
		e.told = append(e.told, "text of yours that was not saved is kept: firebreak review edit "+string(e.id)+" --resume goes on with it")
	}
	name := "review-" + string(e.id)
	if len(e.keys) == 1 {
		name += "-" + e.keys[0]
	}
	sc, err := e.p.scratch(name+".md", text)
	if err != nil {
		return response.PartsSaved{}, err
	}
	if err := sc.is(e.purpose(), text); err != nil {
		return response.PartsSaved{}, errors.Join(fmt.Errorf("edit the text: %w", err), sc.drop())
	}
	failed := e.p.inEditor(ctx, sc, e.streams)
	after, err := sc.read(maxPartsText)
	if err != nil {
		return response.PartsSaved{}, &response.Error{Code: response.CodeOf(err), Hint: "the file is left there", Err: errors.Join(failed, fmt.Errorf("%s: %w", sc.file, err))}
	}
	if failed != nil && after == text {
		return response.PartsSaved{}, errors.Join(failed, sc.drop())
	}
	if failed != nil {
		return response.PartsSaved{}, e.keep(ctx, sc, after, failed)
	}
	if after == text && !e.resume {
		return response.PartsSaved{Incident: e.id, Saved: []response.PartSaved{}}, sc.drop()
	}
	saved, err := e.take(ctx, after, false)
	if err != nil && saved.Kept == "" {
		return saved, e.keep(ctx, sc, after, err)
	}
	return saved, errors.Join(err, e.forget(ctx), sc.drop())
}

// take records a file of parts; alone says that it may be the text of the one part
// that was named, too.
func (e *partsEdit) take(ctx context.Context, text string, alone bool) (response.PartsSaved, error) {
	drafts, err := e.s.ReadParts(ctx, e.id, text, alone, e.keys...)
	if err != nil {
		return response.PartsSaved{}, err
	}
	return e.s.SaveParts(ctx, e.id, drafts)
}

// keep keeps what could not be saved, and says where. Where even that fails, the
// editor's own file stays.
func (e *partsEdit) keep(ctx context.Context, sc *scratch, text string, why error) error {
	where, err := e.s.KeepParts(context.WithoutCancel(ctx), e.id, text)
	if err != nil {
		return errors.Join(why, fmt.Errorf("your text is left in %s: %w", sc.file, err))
	}
	return errors.Join(&response.Error{
		Code: response.CodeOf(why), Hint: "firebreak review edit " + string(e.id) + " --resume goes on with it",
		Err: fmt.Errorf("%w; your text is not recorded, it is kept in %s", why, where),
	}, e.forget(context.WithoutCancel(ctx)), sc.drop())
}

// forget takes the file away that they went on from: all of it is in the record
// now, or in a newer one.
func (e *partsEdit) forget(ctx context.Context) error {
	if e.kept == "" {
		return nil
	}
	return e.s.ForgetKept(ctx, e.id, e.kept)
}

func (e *partsEdit) purpose() string { return e.s.Service().Dir(e.id) + " " + e.s.Actor().ID }

// sweep takes up what this person's edits left whose process was killed: what they
// wrote is kept in the incident, and the files go.
func (e *partsEdit) sweep(ctx context.Context) error {
	for _, place := range e.p.scratchPlaces() {
		left, err := filepath.Glob(filepath.Join(place, scratchFolder+"*", scratchBefore))
		if err != nil {
			return fmt.Errorf("look for what an edit left: %w", err)
		}
		for _, before := range left {
			if err := e.takeUp(ctx, filepath.Dir(before)); err != nil {
				return fmt.Errorf("take up what an edit left in %s: %w", filepath.Dir(before), err)
			}
		}
	}
	return nil
}

func (e *partsEdit) takeUp(ctx context.Context, dir string) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return nil //nolint:nilerr // nobody's that this program made, or it has just gone
	}
	b, err := readSmall(filepath.Join(dir, scratchBefore), 4<<10)
	if err != nil {
		return nil //nolint:nilerr // somebody else's
	}
	purpose, sum, _ := strings.Cut(strings.TrimSpace(b), "\n")
	if purpose != e.purpose() {
		return nil
	}
	lock, err := os.OpenFile(filepath.Join(dir, scratchLock), os.O_RDWR, 0)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	sc := &scratch{file: filepath.Join(dir, scratchLock), lock: lock}
	if free, err := durable.Claim(lock); err != nil || !free { // that editor is still open
		return errors.Join(err, lock.Close())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return err
	}
	for _, file := range files {
		sc.file = file
		text, err := sc.read(maxPartsText)
		if err != nil {
			return err
		}
		if h := sha256.Sum256([]byte(text)); hex.EncodeToString(h[:]) == sum {
			continue
		}
		where, err := e.s.KeepParts(ctx, e.id, text)
		if err != nil {
			return err
		}
		e.told = append(e.told, "an edit of yours ended without saving: its text is kept in "+where+"; firebreak review edit "+string(e.id)+" --resume goes on with it")
	}
	return sc.drop()
}
