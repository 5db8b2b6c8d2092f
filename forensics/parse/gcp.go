package parse

import (
	"cmp"
	"strings"
)

// gcpLogging is Google Cloud's log entries: audit records (protoPayload), and
// what programs write (jsonPayload, textPayload).
//
// Reference: Google Cloud, "LogEntry" and "AuditLog". Times are UTC, up to
// nanoseconds; an entry without one has the time of its receipt.
func gcpLogging() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("logName") && h.any("insertId", "resource", "timestamp", "receiveTimestamp") && h.any("protoPayload", "jsonPayload", "textPayload", "resource", "httpRequest", "receiveTimestamp")
		},
		tell: tellGCP,
	}
}

func tellGCP(t *tale) string {
	if !t.when(t.get("timestamp")) {
		if !t.when(t.get("receiveTimestamp")) {
			return "no time"
		}
		t.a.Set(attrAssumed, "the time of receipt")
	}
	t.e.Source = "cloud"
	const p = "protoPayload."
	t.set("account", cmp.Or(t.get("resource.labels.project_id"), azurePart("/"+t.get("logName"), "projects"), t.get("labels.project_id")))
	t.set("region", t.get("resource.labels.location", "resource.labels.zone", "resource.labels.region"))
	ip := t.get(p+"requestMetadata.callerIp", "httpRequest.remoteIp")
	t.peer(ip)
	t.set("user_agent", t.get(p+"requestMetadata.callerSuppliedUserAgent", "httpRequest.userAgent"))
	t.set("severity", strings.ToLower(t.get("severity")))
	method := t.get(p + "methodName")
	if method == "" {
		t.set("method", t.get("httpRequest.requestMethod"))
		t.set("status", t.get("httpRequest.status"))
		t.set("url", t.get("httpRequest.requestUrl"))
		text := t.get("textPayload", "jsonPayload.message", "jsonPayload.msg", "jsonPayload.MESSAGE")
		if text == "" {
			text = say(t.get("httpRequest.requestMethod"), t.get("httpRequest.requestUrl"), t.get("httpRequest.status"))
		}
		t.e.Message = say(gcpLog(t.get("logName")), pre(": ", cmp.Or(text, t.get("jsonPayload", "resource.type"))))
		return ""
	}
	t.e.User = t.get(p+"authenticationInfo.principalEmail", p+"authenticationInfo.principalSubject")
	service := strings.TrimSuffix(t.get(p+"serviceName"), ".googleapis.com")
	t.set("service", service)
	resource := t.get(p + "resourceName")
	t.set("resource", resource)
	t.set(attrAction, verb(method[strings.LastIndexByte(method, '.')+1:]))
	failed := ""
	if code := t.get(p + "status.code"); code != "" && code != "0" {
		failed = cmp.Or(t.get(p+"status.message"), "code "+code)
		t.set("status", code)
		t.set(attrOutcome, "failure")
	} else if t.get("severity") != "ERROR" {
		t.set(attrOutcome, "success")
	}
	t.e.Message = say(service, method, pre("by ", t.e.User), pre("from ", ip), pre(": ", resource), post(failed))
	return ""
}

// gcpLog is the last part of a log's name.
func gcpLog(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	return strings.ReplaceAll(name, "%2F", "/")
}
