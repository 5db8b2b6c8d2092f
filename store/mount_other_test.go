//go:build !linux

package store

import "errors"

func mount(string, string) error   { return errors.ErrUnsupported }
func remount(string, string) error { return errors.ErrUnsupported }
func unmount(string) error         { return nil }

func mountOverlay(string, string, string, string) error { return errors.ErrUnsupported }

func stop(int) error { return errors.ErrUnsupported }
