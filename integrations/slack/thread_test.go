package slack

import (
	"testing"

	"firebreak/integrations"
)

// What is said of an incident hangs on the first word in the channel.
func TestMessagesKeepToTheirThread(t *testing.T) {
	c := integrations.Connection{Settings: map[string]string{"channel": "C1"}}
	said := func(channel, ts string) integrations.Earlier {
		return integrations.Earlier{Action: "slack.message.post", Params: map[string]any{"channel": channel}, Data: map[string]any{"ts": ts, "thread": ""}}
	}
	thread := integrations.Thread{Before: []integrations.Earlier{said("C2", "1.1"), said("C1", "2.2"), said("C1", "3.3")}}
	for what, want := range map[string]struct {
		m      integrations.Message
		thread any
	}{
		"an update":                       {integrations.Message{Body: "x", Update: true, Thread: thread}, "2.2"},
		"the first word":                  {integrations.Message{Body: "x", Update: true}, nil},
		"a step's message":                {integrations.Message{Body: "x", Thread: thread}, "2.2"},
		"an update with a thread chosen":  {integrations.Message{Body: "x", Update: true, Thread: thread, Fields: map[string]any{"thread": "9.9"}}, "9.9"},
		"an update into another channel":  {integrations.Message{Body: "x", Update: true, Thread: thread, Fields: map[string]any{"channel": "C2"}}, "1.1"},
		"an update where nobody was told": {integrations.Message{Body: "x", Update: true, Thread: thread, Fields: map[string]any{"channel": "C3"}}, nil},
	} {
		name, params, err := notify(c, want.m)
		if err != nil || name != "slack.message.post" || params["thread"] != want.thread {
			t.Errorf("%s: %s %v, %v: want thread %v", what, name, params, err, want.thread)
		}
	}
}
