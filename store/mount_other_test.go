//go:build !linux

package store

import "errors"

func mount(string, string) error   { return errors.ErrUnsupported }
func remount(string, string) error { return errors.ErrUnsupported }
func unmount(string) error         { return nil }
