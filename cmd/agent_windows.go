package cmd

import (
	"context"
	"net"
	"os"

	"golang.org/x/sys/windows"
)

// agentPipe is where the ssh-agent of Windows is reached.
const agentPipe = `\\.\pipe\openssh-ssh-agent`

// ownAgent reaches the ssh-agent that belongs to Windows; nil when it does not run.
func ownAgent() func(context.Context) (net.Conn, error) {
	if _, err := os.Stat(agentPipe); err != nil {
		return nil
	}
	return func(context.Context) (net.Conn, error) {
		f, err := os.OpenFile(agentPipe, os.O_RDWR|windows.O_FILE_FLAG_OVERLAPPED, 0) // without that flag there are no deadlines
		if err != nil {
			return nil, err
		}
		return pipe{f}, nil
	}
}

// pipe is a named pipe as a connection.
type pipe struct{ *os.File }

func (p pipe) LocalAddr() net.Addr  { return &net.UnixAddr{Name: p.Name(), Net: "pipe"} }
func (p pipe) RemoteAddr() net.Addr { return p.LocalAddr() }
