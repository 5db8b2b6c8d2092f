package store

import (
	"errors"
	"fmt"
)

// ErrFileSystem: the file system keeps no locks, or none that other machines
// see. Two writers would spoil the record, so nothing is written there; it can
// be looked at. It comes with ErrReadOnly.
var ErrFileSystem = errors.New("locks do not hold on this file system")

// FileSystem names the file system that dir lies on and says, by an error that
// is ErrFileSystem, why no incident can be written there. The name decides
// first: locks of a network file system may hold between two processes of this
// machine and not hold between two machines. Then the locks are tried.
func FileSystem(dir string) (name string, err error) { return Options{}.fileSystem(dir) }

func (o Options) fileSystem(dir string) (name string, err error) {
	look := o.kindOf
	if look == nil {
		look = kindOf
	}
	if name, err = look(dir); err != nil {
		return name, explain(err)
	}
	if why := unfit(name); why != "" {
		return name, fmt.Errorf("%w: %w: %s: %s; keep the workspace on a local disk (FIREBREAK_HOME)", ErrReadOnly, ErrFileSystem, name, why)
	}
	if err := probe(dir); err != nil {
		return name, err
	}
	return name, nil
}

const (
	network = "its locks may not be seen by other machines"
	passed  = "it is passed on by a program that may keep no locks"
)

// unfit says why the file system is no place for a record, "" when it may be
// one. A kind of FUSE is known by the program behind it.
func unfit(name string) string {
	switch name {
	case "nfs", "smb", "cifs", "afs", "coda", "ncp", "ceph", "lustre", "gpfs", "beegfs", "panfs":
		return network
	case "9p", "vboxsf", "vmhgfs", "prl_fs":
		return "a folder of the host, " + network
	case "fuseblk", "virtiofs", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.bindfs", "fuse.lxcfs", "fuse.ntfs-3g":
		return "" // of this machine; the locks are tried
	}
	if name == "fuse" || len(name) > 5 && name[:5] == "fuse." {
		return passed
	}
	return ""
}
