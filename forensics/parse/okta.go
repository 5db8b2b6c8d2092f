package parse

import (
	"cmp"
	"strings"

	"firebreak/timeline"
)

// oktaLog is Okta's system log.
//
// Reference: Okta, "System Log API", LogEvent. Times are UTC in milliseconds.
func oktaLog() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("eventType", "published", "actor") && h.any("uuid", "displayMessage", "outcome")
		},
		tell: func(t *tale) string {
			if !t.when(t.get("published")) {
				return "no time"
			}
			t.e.Source = "auth"
			t.e.User = t.get("actor.alternateId", "actor.displayName", "actor.id")
			ip := t.get("client.ipAddress")
			t.peer(ip)
			t.set("user_agent", t.get("client.userAgent.rawUserAgent"))
			kind := t.get("eventType")
			t.set(attrAction, oktaVerb(kind))
			switch result := t.get("outcome.result"); result {
			case "SUCCESS", "ALLOW":
				t.set(attrOutcome, "success")
			case "FAILURE", "DENY":
				t.set(attrOutcome, "failure")
			}
			t.set("reason", t.get("outcome.reason"))
			t.set("session", t.get("authenticationContext.externalSessionId"))
			target := ""
			for _, n := range []string{"0", "1", "2", "3"} {
				name := cmp.Or(t.at("target", n+".alternateId"), t.at("target", n+".displayName"))
				switch {
				case name == "":
				case t.at("target", n+".type") == "User":
					t.set(attrTarget, name)
					target = cmp.Or(target, name)
				default:
					t.set("resource", name)
					target = cmp.Or(target, name)
				}
			}
			said := t.get("displayMessage")
			failed := ""
			if t.a.Get(attrOutcome) == "failure" {
				failed = cmp.Or(t.get("outcome.reason"), "failed")
			}
			t.e.Message = say(kind, pre("by ", t.e.User), pre("from ", ip), pre(": ", say(said, pre("of ", target))), post(failed))
			return ""
		},
	}
}

// oktaVerb is what user.session.start or group.user_membership.add do.
func oktaVerb(kind string) string {
	switch {
	case strings.HasPrefix(kind, "user.session.start"), strings.HasPrefix(kind, "user.authentication"), kind == "policy.evaluate_sign_on":
		return "login"
	case strings.HasPrefix(kind, "user.session.end"):
		return "logout"
	case strings.HasSuffix(kind, "privilege.grant"):
		return "grant"
	case strings.HasSuffix(kind, "privilege.revoke"):
		return "revoke"
	}
	word := kind[strings.LastIndexByte(kind, '.')+1:]
	if i := strings.LastIndexByte(word, '_'); i >= 0 {
		word = word[i+1:]
	}
	return verb(word)
}

// gitHubAudit is GitHub's audit log, as exported, streamed or asked for.
//
// Reference: GitHub Docs, "Audit log events for your organization" and "Using
// the audit log API". @timestamp and created_at are milliseconds since 1970; the
// action is CATEGORY.VERB.
func gitHubAudit() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("action", "actor") && h.any("@timestamp", "created_at") && h.any("org", "_document_id", "business", "actor_location", "repo", "actor_id")
		},
		tell: func(t *tale) string {
			at := t.get("@timestamp", "created_at")
			if !t.since(at, timeline.Millisecond) && !t.when(at) {
				return "no time"
			}
			t.e.Source = "cloud"
			t.e.User = t.get("actor")
			op := t.get("action")
			t.set("operation", op)
			ip := t.get("actor_ip")
			t.peer(ip)
			_, word, _ := strings.Cut(op, ".")
			t.set(attrAction, cmp.Or(verb(word), op))
			t.set("account", t.get("org", "business"))
			t.set(attrTarget, t.get("user"))
			what := t.get("repo", "repository", "name", "team", "hook_id", "key", "token_id", "org")
			t.set("resource", what)
			who := t.get("user")
			if who == t.e.User {
				who = ""
			}
			t.e.Message = say(op, pre("by ", t.e.User), pre("from ", ip), pre(": ", say(what, pre("user ", who))))
			return ""
		},
	}
}

// kubernetesAudit is the audit log of Kubernetes' API server.
//
// Reference: kubernetes.io, "Auditing" and "kube-apiserver Audit Configuration
// (v1)". Times are UTC in microseconds. A request gives an event at each stage
// that the policy asks for; the time is that of the stage.
func kubernetesAudit() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("auditID", "verb") && h.any("requestURI", "stage") || h.is("kind", "Event") && strings.Contains(string(h["apiVersion"]), "audit.k8s.io")
		},
		tell: tellKubernetes,
	}
}

func tellKubernetes(t *tale) string {
	if !t.when(t.get("stageTimestamp", "requestReceivedTimestamp", "timestamp")) {
		return "no time"
	}
	t.e.Source = "container"
	t.e.User = t.get("impersonatedUser.username", "user.username")
	if as := t.get("impersonatedUser.username"); as != "" {
		t.set("by", t.get("user.username"))
	}
	ips := t.texts("sourceIPs")
	ip, _, _ := strings.Cut(ips, ", ")
	t.peer(ip)
	t.set("user_agent", t.get("userAgent"))
	t.set("url", t.get("requestURI"))
	what := t.get("objectRef.resource")
	if sub := t.get("objectRef.subresource"); sub != "" {
		what += "/" + sub
	}
	place := t.get("objectRef.name")
	if ns := t.get("objectRef.namespace"); ns != "" {
		place = ns + "/" + place
	}
	t.set("resource", say(what, place))
	action := verb(t.get("verb"))
	switch t.get("objectRef.subresource") {
	case "exec", "attach":
		action = "exec"
	case "portforward", "proxy":
		action = "connect"
	}
	t.set(attrAction, action)
	t.set(attrCommand, kubernetesCommand(t.get("requestURI")))
	code := t.get("responseStatus.code")
	t.set("status", code)
	switch {
	case t.get("annotations.authorization.k8s.io/decision") == "forbid", len(code) == 3 && (code[0] == '4' || code[0] == '5'):
		t.set(attrOutcome, "failure")
	case len(code) == 3:
		t.set(attrOutcome, "success")
	}
	if t.get("stage") == "RequestReceived" {
		code = ""
	}
	t.e.Message = say(t.get("verb"), cmp.Or(what, t.get("requestURI")), place, pre("by ", t.e.User), pre("from ", ip), post(code))
	return ""
}

// kubernetesCommand is what exec ran in a container: the address of the request
// says it, a word each.
func kubernetesCommand(uri string) string {
	_, query, ok := strings.Cut(uri, "?")
	if !ok {
		return ""
	}
	var words []string
	for pair := range strings.SplitSeq(query, "&") {
		if word, ok := strings.CutPrefix(pair, "command="); ok && len(words) < 64 {
			words = append(words, unescape(word))
		}
	}
	return strings.Join(words, " ")
}

// unescape undoes the escapes of a query; what is none stays.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0:
			b = append(b, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2]))) //nolint:gosec // two digits are a byte
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	text, _ := clean(b)
	return text
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
