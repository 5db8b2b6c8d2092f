package parse

import (
	"cmp"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// CloudTrail's records: what was asked of AWS, by whom and from where.
//
// Reference: AWS CloudTrail User Guide, "CloudTrail record contents" (event
// versions 1.00 to 1.11), "Insights event record contents", "CloudTrail userIdentity
// element" and "CloudTrail digest file structure". Log files are one object with
// an array Records; the answers of lookup-events have an array Events, whose
// members CloudTrailEvent hold the records as texts; exports and queues have a
// record a line. Times are UTC, in whole seconds.
func cloudTrail() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("eventSource", "eventName", "eventTime") || h.has("CloudTrailEvent") || h.has("insightDetails", "eventTime")
		},
		inner: "CloudTrailEvent",
		tell:  tellCloudTrail,
	}
}

func tellCloudTrail(t *tale) string {
	if at := t.get("eventTime", "EventTime"); !t.when(at) && !t.since(at, timeline.Second) {
		return "no time"
	}
	t.e.Source = "cloud"
	source := t.get("eventSource", "insightDetails.eventSource", "EventSource")
	name := t.get("eventName", "insightDetails.eventName", "EventName")
	if name == "" {
		return "no name of an event"
	}
	service := strings.TrimSuffix(source, ".amazonaws.com")
	t.set("service", service)
	t.set("region", t.get("awsRegion"))
	t.set("account", t.get("recipientAccountId", "userIdentity.accountId"))
	t.set("user_agent", t.get("userAgent"))
	t.set(attrAction, verb(name))
	who := cloudTrailUser(t)
	t.peer(t.get("sourceIPAddress"))
	what := cloudTrailObject(t)
	t.set("resource", cmp.Or(t.at("resources", "0.ARN"), t.at("resources", "0.arn"), what))
	if source == "iam.amazonaws.com" {
		t.set(attrTarget, t.get("requestParameters.userName"))
	}
	failed := t.get("errorCode")
	outcome := "success"
	if failed != "" || t.get("responseElements.ConsoleLogin") == "Failure" || t.get("responseElements.SwitchRole") == "Failure" {
		outcome = "failure"
	}
	if failed == "" && outcome == "failure" {
		failed = cmp.Or(t.get("errorMessage"), "failed")
	}
	if t.get("insightDetails.state") == "" {
		t.set(attrOutcome, outcome)
	}
	t.e.Message = say(service, name, pre("by ", who), pre("from ", t.get("sourceIPAddress")), pre(": ", what), post(failed))
	if state := t.get("insightDetails.state"); state != "" {
		t.e.Message = say("unusual", cmp.Or(t.get("insightDetails.insightType"), "activity"), "of", service, name, pre(": ", strings.ToLower(state)))
	}
	return ""
}

// cloudTrailUser fills the user, and is how the message names them.
func cloudTrailUser(t *tale) string {
	arn := t.get("userIdentity.arn")
	user := t.get("userIdentity.userName")
	switch t.get("userIdentity.type") {
	case "Root":
		user = "root"
	case "AssumedRole", "FederatedUser":
		if _, session, ok := strings.Cut(arn, ":assumed-role/"); ok {
			user = session // ROLE/SESSION
		} else if _, name, ok := strings.Cut(arn, ":federated-user/"); ok {
			user = name
		} else if user == "" {
			user = t.get("userIdentity.sessionContext.sessionIssuer.userName")
		}
	case "AWSService":
		user = cmp.Or(t.get("userIdentity.invokedBy"), user)
	case "IdentityCenterUser":
		user = cmp.Or(user, t.get("userIdentity.onBehalfOf.userId"))
	}
	user = cmp.Or(user, t.get("userIdentity.principalId"), t.get("userIdentity.invokedBy"), t.get("Username"))
	t.e.User = user
	t.set("session", t.get("userIdentity.accessKeyId"))
	return cmp.Or(arn, user)
}

// cloudTrailObject is what the call was about: the parameters that people look
// for, in the order in which they name a thing best.
func cloudTrailObject(t *tale) string {
	const p = "requestParameters."
	if bucket := t.get(p + "bucketName"); bucket != "" {
		if key := t.get(p + "key"); key != "" {
			return bucket + "/" + key
		}
		return bucket
	}
	user, policy := t.get(p+"userName"), t.get(p+"policyArn", p+"policyName")
	if user != "" && policy != "" {
		return user + ", " + policy
	}
	for _, name := range []string{
		"userName", "roleName", "roleArn", "groupName", "policyArn", "policyName", "instanceId", "groupId", "secretId", "keyId", "functionName", "accessKeyId", "snapshotId",
		"volumeId", "imageId", "trailName", "name", "dBInstanceIdentifier", "dBSnapshotIdentifier", "clusterName", "queueUrl", "topicArn", "repositoryName", "logGroupName", "tableName", "stackName", "target", "hostedZoneId",
		"vpcId", "subnetId", "networkAclId", "resourceArn", "detectorId",
	} {
		if v := t.get(p + name); v != "" {
			return v
		}
	}
	if id := cmp.Or(t.at(p+"instancesSet.items", "0.instanceId"), t.at("responseElements.instancesSet.items", "0.instanceId")); id != "" {
		return id
	}
	return t.get("responseElements.accessKey.userName")
}

// cloudTrailDigest is what CloudTrail signs: which log files it delivered within
// an hour, with their hashes.
func cloudTrailDigest() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("digestStartTime", "digestEndTime", "logFiles") || h.has("digestS3Object", "digestEndTime")
		},
		tell: func(t *tale) string {
			if !t.when(t.get("digestEndTime")) {
				return "no time"
			}
			t.e.Source = "cloud"
			t.set("account", t.get("awsAccountId"))
			t.set("resource", t.get("digestS3Object"))
			files := strconv.Itoa(strings.Count(t.get("logFiles"), `"s3Object"`))
			t.set("files", files)
			t.e.Message = say("CloudTrail's digest of account", t.get("awsAccountId"), "for the time from", t.get("digestStartTime"), pre(": ", files+" log files"))
			return ""
		},
	}
}
