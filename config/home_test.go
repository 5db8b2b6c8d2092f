package config_test

import (
	"reflect"
	"testing"

	"firebreak/config"
)

func TestInHome(t *testing.T) {
	c := config.Config{
		Playbooks: []string{"~/playbooks", "/etc/playbooks", "a/~/b", "~ada/x"},
		Collect:   config.Collect{Folders: []string{"~/app"}},
	}
	got := c.InHome("/home/ada")
	if want := []string{"/home/ada/playbooks", "/etc/playbooks", "a/~/b", "~ada/x"}; !reflect.DeepEqual(got.Playbooks, want) {
		t.Errorf("playbooks %q, want %q", got.Playbooks, want)
	}
	if want := []string{"/home/ada/app"}; !reflect.DeepEqual(got.Collect.Folders, want) {
		t.Errorf("folders %q, want %q", got.Collect.Folders, want)
	}
	if c.Playbooks[0] != "~/playbooks" {
		t.Error("the configuration itself was changed")
	}
	if got := c.InHome(""); !reflect.DeepEqual(got, c) {
		t.Errorf("without a home: %+v", got)
	}
}
