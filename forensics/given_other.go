//go:build !linux

package forensics

import (
	"os"

	"firebreak/internal/durable"
	"firebreak/record"
)

func openGiven(path string) (*os.File, []string, error) {
	f, err := durable.OpenShared(path)
	return f, nil, err
}

func statGiven(f *os.File) (record.Stat, error) {
	info, err := f.Stat()
	if err != nil {
		return record.Stat{}, err
	}
	return record.Stat{Size: info.Size(), Mode: info.Mode().String(), Modified: info.ModTime().UTC()}, nil
}
