package webhook

import "firebreak/integrations"

// notify sends the message as it is.
func notify(_ integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	text := m.Body
	if m.Subject != "" {
		text = m.Subject + "\n\n" + text
	}
	params := map[string]any{"message": text}
	if v, ok := m.Fields["event"]; ok {
		params["event"] = v
	}
	return "webhook.send", params, nil
}
