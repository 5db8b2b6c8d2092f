package ssh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
}

const partName = ".part"

// NewUpload prepares to bring a file there. begun says that an earlier upload of
// the same file is gone on with.
func NewUpload(t Target, path string, o Options, begun bool) *Upload {
	return &Upload{target: t, options: o, path: path, begun: begun}
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
	if u.sftp, err = sftp.NewClient(c.Client, sftp.UseConcurrentWrites(true)); err != nil {
		return errors.Join(fmt.Errorf("%s: sftp: %w", u.target, err), u.Close())
	}
	if !u.begun {
		if _, err := u.sftp.Lstat(u.path); err == nil {
			return errors.Join(fmt.Errorf("%s: %s: %w", u.target, u.path, fs.ErrExist), u.Close())
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
		return errors.Join(fmt.Errorf("%s: %s: %w", u.target, u.path+partName, err), u.Close())
	}
	if !u.begun {
		if err := u.file.Chmod(0o600); err != nil {
			return errors.Join(fmt.Errorf("%s: %s: %w", u.target, u.path, err), u.Close())
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
	stop := u.watch(ctx)
	defer stop()
	err := func() error {
		info, err := u.file.Stat()
		if err != nil {
			return err
		}
		if info.Size() < at {
			return fmt.Errorf("%w: it has %d bytes, and %d were sent", ErrOther, info.Size(), at)
		}
		if _, err := u.file.WriteAt(b, at); err != nil {
			return err
		}
		return u.sync()
	}()
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

// watch ends the connection with the context.
func (u *Upload) watch(ctx context.Context) func() {
	c := u.client
	stop := context.AfterFunc(ctx, func() { _ = c.Client.Close() })
	return func() { stop() }
}

// Finish cuts the file to its size and gives it its name.
func (u *Upload) Finish(ctx context.Context, size int64) error {
	if err := u.open(ctx); err != nil {
		return err
	}
	stop := u.watch(ctx)
	defer stop()
	err := func() error {
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
	}()
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
