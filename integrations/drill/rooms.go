package drill

import (
	"net/url"

	"firebreak/integrations"
)

// Talks are the drill's connections that carry messages, with their kinds.
func Talks() map[string]string {
	return map[string]string{
		"github": "github", "pagerduty": "pagerduty", "webhook": "webhook", "slack": "slack", "chat": "teams", "email": "smtp", "jira": "jira",
	}
}

// rooms are the connections by which people are told.
func (w *World) rooms(base integrations.Connection) []integrations.Connection {
	slack, chat, email, jira := base, base, base, base
	slack.Name, slack.Kind, slack.BaseURL = "slack", "slack", "http://"+slackName+"/api/"
	slack.Settings = map[string]string{"channel": SlackChannel}
	slack.Secret = w.secret(func(s secrets, n string) string {
		return map[string]string{"token": s.Slack, "user_token": s.SlackUser}[n]
	})
	slack.Has = func(setting string) bool { return setting == "token" || setting == "user_token" }
	chat.Name, chat.Kind = "chat", "teams"
	chat.Secret = w.secret(func(s secrets, n string) string {
		return map[string]string{"url": "http://" + teamsName + "/workflows/drill?sig=" + url.QueryEscape(s.Teams)}[n]
	})
	email.Name, email.Kind = "email", "smtp"
	email.Settings = map[string]string{"server": smtpName + ":587", "from": "Firebreak <firebreak@acme.example>", "to": "responders@acme.example", "user": mailUser}
	email.Secret = w.secret(func(s secrets, n string) string { return map[string]string{"password": s.Mail}[n] })
	email.Has = func(setting string) bool { return setting == "password" }
	jira.Name, jira.Kind, jira.BaseURL = "jira", "jira", "http://"+jiraName
	jira.Settings = map[string]string{"mail": jiraMail, "project": JiraProject}
	jira.Secret = w.secret(func(s secrets, n string) string { return map[string]string{"token": s.Jira}[n] })
	return []integrations.Connection{slack, chat, email, jira}
}
