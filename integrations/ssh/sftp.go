package ssh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
)

// ErrOther says that what lies at the other side is not what was sent before.
var ErrOther = errors.New("the file there is not the one that was begun")

// Upload brings one file to a host over SFTP. Until it is whole it is called
// PATH.part. It connects when it has to, and again after the connection was lost.
type Upload struct {
	target  Target
	options Options
	path    string
	begun   bool // PATH.part is ours
	client  *Client
	sftp    *sftp.Client
	file    *sftp.File
	silence time.Duration // how long the server may acknowledge nothing
}

const partName = ".part"

// ErrSilent says that the server answers, and does not do what it was asked.
var ErrSilent = errors.New("the server acknowledges nothing")

// What is sent at a time, and how long its acknowledgement may take: who takes
// less than 23 KB a second is not waited for.
const (
	atATime = 2 << 20
	silence = 90 * time.Second
)

// NewUpload prepares to bring a file there. begun says that an earlier upload of
// the same file is gone on with.
func NewUpload(t Target, path string, o Options, begun bool) *Upload {
	return &Upload{target: t, options: o, path: path, begun: begun, silence: silence}
}

// open connects and opens the file. A file that is there already is replaced by
// nobody.
func (u *Upload) open(ctx context.Context) error {
	if u.file != nil {
		return nil
	}
	c, err := Dial(ctx, u.target, u.options)
	if err != nil {
		return err
	}
	u.client = c
	w := u.watch(ctx)
	if err := w.end(u.create()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", u.target, err), u.Close())
	}
	return nil
}

// create opens the file there.
func (u *Upload) create() (err error) {
	if u.sftp, err = sftp.NewClient(u.client.Client, sftp.UseConcurrentWrites(true)); err != nil {
		return fmt.Errorf("sftp: %w", err)
	}
	if !u.begun {
		if _, err := u.sftp.Lstat(u.path); err == nil {
			return fmt.Errorf("%s: %w", u.path, fs.ErrExist)
		}
	}
	flags := os.O_WRONLY
	if !u.begun {
		flags |= os.O_CREATE | os.O_EXCL
	}
	if u.file, err = u.sftp.OpenFile(u.path+partName, flags); err != nil {
		if !u.begun && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
			if _, e := u.sftp.Lstat(u.path + partName); e == nil { // servers say only "failure"
				err = fs.ErrExist
			}
		}
		return fmt.Errorf("%s: %w", u.path+partName, err)
	}
	if !u.begun {
		if err := u.file.Chmod(0o600); err != nil {
			return fmt.Errorf("%s: %w", u.path, err)
		}
	}
	u.begun = true
	return nil
}

// Put writes a part and has the server bring it onto its disk, where it can.
func (u *Upload) Put(ctx context.Context, at int64, b []byte) error {
	if err := u.open(ctx); err != nil {
		return err
	}
	w := u.watch(ctx)
	err := w.end(func() error {
		info, err := u.file.Stat()
		if err != nil {
			return err
		}
		if info.Size() < at {
			return fmt.Errorf("%w: it has %d bytes, and %d were sent", ErrOther, info.Size(), at)
		}
		for len(b) > 0 {
			n, err := u.file.WriteAt(b[:min(len(b), atATime)], at)
			if err != nil {
				return err
			}
			b, at = b[n:], at+int64(n)
			w.heard()
		}
		return u.sync()
	}())
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %s: %w", u.target, u.path, err), u.Close())
	}
	return nil
}

// sync is fsync@openssh.com, which not every server has.
func (u *Upload) sync() error {
	if _, has := u.sftp.HasExtension("fsync@openssh.com"); !has {
		return nil
	}
	return u.file.Sync()
}

// watch is over something that is asked of the server: it ends the connection with
// the context, and when the server acknowledges nothing for too long.
type watch struct {
	quiet  *time.Timer
	most   time.Duration
	silent atomic.Bool
	stop   func() bool
}

func (u *Upload) watch(ctx context.Context) *watch {
	c, w := u.client, &watch{most: u.silence}
	w.stop = context.AfterFunc(ctx, func() { _ = c.Client.Close() })
	w.quiet = time.AfterFunc(w.most, func() { w.silent.Store(true); _ = c.Client.Close() })
	return w
}

// heard says that the server acknowledged something.
func (w *watch) heard() { w.quiet.Reset(w.most) }

// end says what became of it.
func (w *watch) end(err error) error {
	w.quiet.Stop()
	w.stop()
	if err != nil && w.silent.Load() {
		return fmt.Errorf("%w for %s", ErrSilent, w.most)
	}
	return err
}

// Finish cuts the file to its size and gives it its name.
func (u *Upload) Finish(ctx context.Context, size int64) error {
	if err := u.open(ctx); err != nil {
		return err
	}
	w := u.watch(ctx)
	err := w.end(func() error {
		info, err := u.file.Stat()
		if err == nil && info.Size() < size {
			err = fmt.Errorf("%w: it has %d bytes, and %d were sent", ErrOther, info.Size(), size)
		}
		if err == nil && info.Size() > size {
			err = u.file.Truncate(size)
		}
		if err == nil {
			err = u.sync()
		}
		if err != nil {
			return err
		}
		// SFTP's own rename replaces nothing.
		return u.sftp.Rename(u.path+partName, u.path)
	}())
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %s: %w", u.target, u.path, err), u.Close())
	}
	return nil
}

// Note is what another process needs to go on.
func (u *Upload) Note() json.RawMessage {
	if !u.begun {
		return nil
	}
	return json.RawMessage(`{"begun":true}`)
}

// Close ends the connection. The file stays, and Put connects again.
func (u *Upload) Close() error {
	if u.file != nil {
		_ = u.file.Close() // what was acknowledged is there
		u.file = nil
	}
	if u.sftp != nil {
		_ = u.sftp.Close() // as above
		u.sftp = nil
	}
	if u.client == nil {
		return nil
	}
	err := u.client.Close()
	u.client = nil
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("leave %s: %w", u.target, err)
	}
	return nil
}
