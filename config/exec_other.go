//go:build !unix

package config

import "os/exec"

func isolate(*exec.Cmd) {}
