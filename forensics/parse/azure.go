package parse

import (
	"cmp"
	"strings"
)

// Azure's records of what was done to resources: the activity log as the
// management interface gives it (eventTimestamp, operationName.value; with
// underscores in the SDK for Python), and resource logs as diagnostic settings
// export them (time, operationName, category).
//
// Reference: Microsoft Learn, "Azure activity log event schema" and "Azure
// resource log common schema". Times are UTC, up to a tenth of a microsecond.
func azureActivity() service {
	return service{
		knows: func(h recordHead) bool {
			return h.any("eventTimestamp", "event_timestamp") && h.any("operationName", "operation_name") ||
				h.has("time", "operationName", "category") && h.any("resourceId", "tenantId") ||
				h.any("OperationNameValue") && h.any("TimeGenerated", "EventSubmissionTimestamp")
		},
		tell: tellAzureActivity,
	}
}

func tellAzureActivity(t *tale) string {
	if !t.when(t.get("eventTimestamp", "event_timestamp", "time", "TimeGenerated", "EventSubmissionTimestamp")) {
		return "no time"
	}
	t.e.Source = "cloud"
	op := t.get("operationName.value", "operation_name.value", "operationName", "OperationNameValue", "operation_name")
	t.e.User = t.get("caller", "Caller", "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "identity.claims.name", "identity.UserName")
	ip := t.get("httpRequest.clientIpAddress", "http_request.client_ip_address", "callerIpAddress", "CallerIpAddress")
	t.peer(ip)
	resource := t.get("resourceId", "resource_id", "_ResourceId", "ResourceId")
	t.set("resource", resource)
	t.set("account", cmp.Or(t.get("subscriptionId", "subscription_id", "SubscriptionId"), azurePart(resource, "subscriptions")))
	t.set("region", t.get("location"))
	provider := t.get("resourceProviderName.value", "resource_provider_name.value", "ResourceProviderValue")
	if provider == "" {
		provider, _, _ = strings.Cut(op, "/")
	}
	t.set("service", provider)
	t.set(attrAction, azureVerb(op))
	status := t.get("status.value", "ActivityStatusValue", "resultType", "status")
	t.azureOutcome(status)
	t.set("status", t.get("subStatus.value", "sub_status.value", "resultSignature"))
	t.e.Message = say(op, pre("by ", t.e.User), pre("from ", ip), pre(": ", azureName(resource)), post(status))
	return ""
}

// azureOutcome takes the words of Azure's states.
func (t *tale) azureOutcome(status string) {
	switch strings.ToLower(status) {
	case "succeeded", "success", "0", "ok", "accept", "accepted":
		t.set(attrOutcome, "success")
	case "failed", "failure", "fail", "denied":
		t.set(attrOutcome, "failure")
	}
}

// azureVerb is what Microsoft.Compute/disks/delete does: the last word says it.
func azureVerb(op string) string {
	word := strings.ToLower(op[strings.LastIndexByte(op, '/')+1:])
	if word == "action" {
		rest := strings.TrimSuffix(strings.ToLower(op), "/action")
		word = rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return verb(word)
}

// azurePart is the segment behind a word of a resource's id.
func azurePart(id, word string) string {
	i := strings.Index(strings.ToLower(id), "/"+word+"/")
	if i < 0 {
		return ""
	}
	part, _, _ := strings.Cut(id[i+len(word)+2:], "/")
	return part
}

// azureName is a resource's id without the folders that people know.
func azureName(id string) string {
	if i := strings.Index(id, "/providers/"); i >= 0 {
		return id[i+len("/providers/"):]
	}
	return id
}

// azureSignIn is the sign-in log of Entra ID, of people and of services: as
// Graph lists it (createdDateTime), and as diagnostic settings export it (a
// category that ends in SignInLogs, and the same record in properties).
//
// Reference: Microsoft Graph, "signIn resource type"; Microsoft Learn, "Sign-in
// log schema in Azure Monitor".
func azureSignIn() service {
	return service{
		knows: func(h recordHead) bool {
			category := strings.Trim(string(h["category"]), `"`)
			return strings.HasSuffix(category, "SignInLogs") || h.has("createdDateTime", "appDisplayName", "ipAddress") ||
				h.has("AppDisplayName", "UserPrincipalName", "ResultType")
		},
		tell: tellAzureSignIn,
	}
}

func tellAzureSignIn(t *tale) string {
	both := func(name string) string {
		return t.get(name, "properties."+name, strings.ToUpper(name[:1])+name[1:])
	}
	if !t.when(cmp.Or(both("createdDateTime"), t.get("time", "TimeGenerated"))) {
		return "no time"
	}
	t.e.Source = "auth"
	t.e.User = cmp.Or(both("userPrincipalName"), both("servicePrincipalName"), both("userDisplayName"), t.get("identity"), both("servicePrincipalId"))
	ip := cmp.Or(both("ipAddress"), t.get("callerIpAddress", "IPAddress"))
	t.peer(ip)
	app := both("appDisplayName")
	t.set("service", app)
	t.set("user_agent", both("userAgent"))
	t.set("account", t.get("tenantId", "homeTenantId", "AADTenantId"))
	t.set(attrAction, "login")
	code := cmp.Or(t.get("status.errorCode", "properties.status.errorCode", "resultType", "ResultType"))
	why := t.get("status.failureReason", "properties.status.failureReason", "resultDescription", "ResultDescription")
	if why == "Other." {
		why = ""
	}
	outcome, said := "success", ""
	if code != "" && code != "0" {
		outcome, said = "failure", cmp.Or(why, "error "+code)
	}
	t.set(attrOutcome, outcome)
	t.set("reason", said)
	t.set("status", code)
	where := say(t.get("location.city", "properties.location.city"), t.get("location.countryOrRegion", "properties.location.countryOrRegion"))
	t.e.Message = say("sign-in of", named(t.e.User), pre("to ", app), pre("from ", ip), pre("in ", where), post(said))
	return ""
}

// azureAudit is the audit log of Entra ID: changes to users, groups, roles and
// applications.
//
// Reference: Microsoft Graph, "directoryAudit resource type"; Microsoft Learn,
// "Audit log schema in Azure Monitor" (category AuditLogs, the record in
// properties).
func azureAudit() service {
	return service{
		knows: func(h recordHead) bool {
			return h.is("category", "AuditLogs") || h.has("activityDateTime", "activityDisplayName")
		},
		tell: tellAzureAudit,
	}
}

func tellAzureAudit(t *tale) string {
	both := func(name string) string { return t.get(name, "properties."+name) }
	if !t.when(cmp.Or(both("activityDateTime"), t.get("time"))) {
		return "no time"
	}
	t.e.Source = "cloud"
	op := cmp.Or(both("activityDisplayName"), t.get("operationName"))
	t.e.User = cmp.Or(both("initiatedBy.user.userPrincipalName"), both("initiatedBy.user.displayName"), both("initiatedBy.app.displayName"), both("initiatedBy.app.servicePrincipalId"), t.get("identity"))
	ip := cmp.Or(both("initiatedBy.user.ipAddress"), t.get("callerIpAddress"))
	t.peer(ip)
	targets := "targetResources"
	if t.get(targets) == "" {
		targets = "properties.targetResources"
	}
	target := cmp.Or(t.at(targets, "0.userPrincipalName"), t.at(targets, "0.displayName"), t.at(targets, "0.id"))
	if strings.EqualFold(t.at(targets, "0.type"), "User") {
		t.set(attrTarget, target)
	}
	t.set("resource", target)
	t.set("service", both("loggedByService"))
	t.set("account", t.get("tenantId"))
	t.set(attrAction, verb(op))
	result := cmp.Or(both("result"), t.get("resultSignature", "resultType"))
	t.azureOutcome(result)
	if t.a.Get(attrOutcome) == "success" {
		result = ""
	}
	t.e.Message = say(op, pre("by ", t.e.User), pre("from ", ip), pre(": ", target), post(result))
	return ""
}
