package slack

import (
	"errors"

	"firebreak/integrations"
)

// notify writes the message into the connection's channel, or into the one that
// the author names.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	text := m.Body
	if m.Subject != "" {
		text = m.Subject + "\n\n" + text
	}
	params := map[string]any{"channel": c.Settings["channel"], "text": text}
	for _, n := range []string{"channel", "thread", "broadcast", "mention"} {
		if v, ok := m.Fields[n]; ok {
			params[n] = v
		}
	}
	// The thread that is known is written down, so that a plan shows it; one that
	// is not is looked for in the channel when the message is sent.
	if first, ok := m.Thread.First("slack.message.post", func(e integrations.Earlier) bool {
		return e.Params["channel"] == params["channel"] && e.Params["thread"] != "none"
	}); ok && params["thread"] == nil {
		for _, name := range []string{"thread", "ts"} { // it hangs in one, or is the first itself
			if ts := member(first.Data, name); ts != "" {
				params["thread"] = ts
				break
			}
		}
	}
	if params["channel"] == "" {
		return "", nil, errors.New("notify slack: say which channel: in the step's with, or in the connection's settings")
	}
	return "slack.message.post", params, nil
}
