package drill

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/integrations/sigv4"
)

// aws is one account of Amazon's.
type aws struct {
	Keys      map[string]awsKey            `json:"keys,omitempty"`     // access keys by their id
	Policies  map[string]map[string]string `json:"policies,omitempty"` // inline policies by user/NAME and role/NAME
	Instances map[string][]string          `json:"instances,omitempty"`
	Volumes   map[string]int               `json:"volumes,omitempty"`
	Snapshots []awsSnapshot                `json:"snapshots,omitempty"`
	Public    map[string][]string          `json:"public,omitempty"` // the four switches of buckets, and of the account ("")
	Buckets   []string                     `json:"buckets,omitempty"`
}

type awsKey struct {
	User   string `json:"user"`
	Status string `json:"status"`
}

type awsSnapshot struct {
	ID     string `json:"id"`
	Volume string `json:"volume"`
	Key    string `json:"key"`
}

func newAWS() aws {
	return aws{
		Keys:      map[string]awsKey{AccessKey: {"deploy", "Active"}, "AKIADRILLDRILLDRILL2": {"deploy", "Inactive"}},
		Policies:  map[string]map[string]string{"user/deploy": {}, "role/release": {}},
		Instances: map[string][]string{Instance: {"sg-0d111000000000001", "sg-0d111000000000002"}},
		Volumes:   map[string]int{Volume: 8},
		Public:    map[string][]string{},
		Buckets:   []string{Bucket},
	}
}

// amazon answers as IAM, EC2, STS and S3 do, each told by what the signature is for.
func (w *World) amazon() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			awsAnswer(rw, http.StatusBadRequest, "<Error><Code>IncompleteBody</Code></Error>")
			return
		}
		status, text := http.StatusOK, ""
		err = w.run(r, func(s *state) error {
			service, err := signedFor(r, body, s.Cloud.Secrets["aws/secret_access_key"], w.now())
			if err != nil {
				return err
			}
			if service == "s3" {
				status, text, err = w.bucket(s, r, body)
				return err
			}
			v := r.URL.Query()
			if r.Method == http.MethodPost {
				if v, err = url.ParseQuery(string(body)); err != nil {
					return refuse(http.StatusBadRequest, "MalformedInput")
				}
			}
			text, err = w.query(s, service, v)
			return err
		})
		if err != nil {
			var code string
			status, code = statusOf(err)
			text = "<ErrorResponse><Error><Type>Sender</Type>" + element("Code", code) + element("Message", code) + "</Error></ErrorResponse>"
		}
		awsAnswer(rw, status, text)
	})
}

func awsAnswer(rw http.ResponseWriter, status int, text string) {
	rw.Header().Set("Content-Type", "text/xml")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text) // a client that went away is not our failure
}

func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

// signedFor checks a signature by making it anew, and says for which service it is.
func signedFor(r *http.Request, body []byte, secret string, now time.Time) (string, error) {
	var scope []string
	var signed []string
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope = strings.Split(value, "/")
		case "SignedHeaders":
			signed = strings.Split(value, ";")
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || len(scope) != 5 || scope[0] != drillAWSKey || at.Sub(now).Abs() > 15*time.Minute {
		return "", refuse(http.StatusForbidden, "InvalidClientTokenId")
	}
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}
	for _, name := range signed {
		if name != "host" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sigv4.Sign(again, sigv4.Credentials{ID: drillAWSKey, Secret: secret}, sigv4.Scope{Region: scope[2], Service: scope[3]}, sigv4.Hash(body), at)
	if again.Header.Get("Authorization") != r.Header.Get("Authorization") || !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") {
		return "", refuse(http.StatusForbidden, "SignatureDoesNotMatch")
	}
	if want := map[string]string{"iam": "us-east-1"}[scope[3]]; want == "" && scope[2] != drillRegion || want != "" && scope[2] != want {
		return "", refuse(http.StatusForbidden, "SignatureDoesNotMatch")
	}
	return scope[3], nil
}

// query is one call of the Query protocol.
func (w *World) query(s *state, service string, v url.Values) (string, error) {
	a, action := &s.Cloud.AWS, v.Get("Action")
	if version := map[string]string{"iam": "2010-05-08", "ec2": "2016-11-15", "sts": "2011-06-15"}[service]; version == "" || v.Get("Version") != version {
		return "", refuse(http.StatusBadRequest, "InvalidAction")
	}
	missing := refuse(http.StatusNotFound, "NoSuchEntity")
	result := func(inner string) (string, error) {
		return "<" + action + "Response><" + action + "Result>" + inner + "</" + action + "Result></" + action + "Response>", nil
	}
	switch service + " " + action {
	case "sts GetCallerIdentity":
		return result(element("Arn", "arn:aws:iam::"+drillAWS+":user/"+user) + element("Account", drillAWS))
	case "iam GetAccessKeyLastUsed":
		k, ok := a.Keys[v.Get("AccessKeyId")]
		if !ok {
			return "", refuse(http.StatusForbidden, "AccessDenied")
		}
		return result(element("UserName", k.User))
	case "iam ListAccessKeys":
		list := ""
		for _, id := range slices.Sorted(maps.Keys(a.Keys)) {
			if k := a.Keys[id]; k.User == v.Get("UserName") {
				list += "<member>" + element("AccessKeyId", id) + element("Status", k.Status) + "</member>"
			}
		}
		return result("<IsTruncated>false</IsTruncated><AccessKeyMetadata>" + list + "</AccessKeyMetadata>")
	case "iam UpdateAccessKey":
		k, ok := a.Keys[v.Get("AccessKeyId")]
		if !ok || k.User != v.Get("UserName") {
			return "", missing
		}
		if to := v.Get("Status"); to != "Active" && to != "Inactive" {
			return "", refuse(http.StatusBadRequest, "ValidationError")
		} else if k.Status != to {
			k.Status = to
			a.Keys[v.Get("AccessKeyId")] = k
			w.effect(s, "aws", "access key "+strings.ToLower(to), v.Get("AccessKeyId"), "")
		}
		return "<UpdateAccessKeyResponse/>", nil
	}
	if service == "iam" {
		return w.policy(s, action, v)
	}
	return w.ec2(s, action, v)
}

// policy is what IAM says and does of users, roles and their inline policies.
func (w *World) policy(s *state, action string, v url.Values) (string, error) {
	kind := "Role"
	if strings.Contains(action, "User") {
		kind = "User"
	}
	name := v.Get(kind + "Name")
	of := strings.ToLower(kind) + "/" + name
	have, ok := s.Cloud.AWS.Policies[of]
	if !ok {
		return "", refuse(http.StatusNotFound, "NoSuchEntity")
	}
	policy, document := v.Get("PolicyName"), v.Get("PolicyDocument")
	switch strings.Replace(action, kind, "", 1) {
	case "Get":
		return fmt.Sprintf("<%sResponse><%sResult><%s>%s%s%s</%s></%sResult></%sResponse>", action, action, kind,
			element(kind+"Name", name), element(kind+"Id", "AIDDRILL"+strings.ToUpper(name)), element("Arn", "arn:aws:iam::"+drillAWS+":"+of), kind, action, action), nil
	case "GetPolicy":
		text, ok := have[policy]
		if !ok {
			return "", refuse(http.StatusNotFound, "NoSuchEntity")
		}
		return fmt.Sprintf("<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, element("PolicyDocument", url.QueryEscape(text)), action, action), nil
	case "PutPolicy":
		if !strings.Contains(document, `"Effect":"Deny"`) || policy == "" {
			return "", refuse(http.StatusBadRequest, "MalformedPolicyDocument")
		}
		if _, is := have[policy]; !is {
			w.effect(s, "aws", "policy put", of+"/"+policy, "")
		}
		have[policy] = document
		return "<" + action + "Response/>", nil
	case "DeletePolicy":
		if _, is := have[policy]; !is {
			return "", refuse(http.StatusNotFound, "NoSuchEntity")
		}
		delete(have, policy)
		w.effect(s, "aws", "policy deleted", of+"/"+policy, "")
		return "<" + action + "Response/>", nil
	}
	return "", refuse(http.StatusBadRequest, "InvalidAction")
}

func (w *World) ec2(s *state, action string, v url.Values) (string, error) {
	a := &s.Cloud.AWS
	switch action {
	case "DescribeInstances":
		groups, ok := a.Instances[v.Get("InstanceId.1")]
		if !ok {
			return "", refuse(http.StatusBadRequest, "InvalidInstanceID.NotFound")
		}
		list := ""
		for _, g := range groups {
			list += "<item>" + element("groupId", g) + "</item>"
		}
		return "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>" + element("instanceId", v.Get("InstanceId.1")) +
			"<instanceState><name>running</name></instanceState><tagSet><item><key>Name</key><value>web-1</value></item></tagSet><groupSet>" + list +
			"</groupSet><networkInterfaceSet><item><networkInterfaceId>eni-d1</networkInterfaceId></item></networkInterfaceSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>", nil
	case "ModifyInstanceAttribute":
		groups, ok := a.Instances[v.Get("InstanceId")]
		var to []string
		for i := 1; v.Has("GroupId." + strconv.Itoa(i)); i++ {
			to = append(to, v.Get("GroupId."+strconv.Itoa(i)))
		}
		if !ok || to == nil {
			return "", refuse(http.StatusBadRequest, "InvalidParameterValue")
		}
		slices.Sort(to)
		if !slices.Equal(to, groups) {
			w.effect(s, "aws", "instance in "+strings.Join(to, ", "), v.Get("InstanceId"), "")
		}
		a.Instances[v.Get("InstanceId")] = to
		return "<ModifyInstanceAttributeResponse><return>true</return></ModifyInstanceAttributeResponse>", nil
	case "DescribeVolumes":
		size, ok := a.Volumes[v.Get("VolumeId.1")]
		if !ok {
			return "", refuse(http.StatusBadRequest, "InvalidVolume.NotFound")
		}
		return "<DescribeVolumesResponse><volumeSet><item>" + element("volumeId", v.Get("VolumeId.1")) + element("size", strconv.Itoa(size)) +
			"<encrypted>true</encrypted><attachmentSet><item>" + element("instanceId", Instance) + "</item></attachmentSet></item></volumeSet></DescribeVolumesResponse>", nil
	case "DescribeSnapshots":
		list := ""
		for _, x := range a.Snapshots {
			if v.Get("Filter.1.Name") == "tag:firebreak-key" && v.Get("Filter.1.Value.1") == x.Key {
				list += "<item>" + element("snapshotId", x.ID) + element("volumeId", x.Volume) + "<status>completed</status><progress>100%</progress></item>"
			}
		}
		return "<DescribeSnapshotsResponse><snapshotSet>" + list + "</snapshotSet></DescribeSnapshotsResponse>", nil
	case "CreateSnapshot":
		if _, ok := a.Volumes[v.Get("VolumeId")]; !ok || v.Get("TagSpecification.1.ResourceType") != "snapshot" || v.Get("TagSpecification.1.Tag.1.Key") != "firebreak-key" {
			return "", refuse(http.StatusBadRequest, "InvalidParameterValue")
		}
		x := awsSnapshot{fmt.Sprintf("snap-%017d", s.id()), v.Get("VolumeId"), v.Get("TagSpecification.1.Tag.1.Value")}
		a.Snapshots = append(a.Snapshots, x)
		w.effect(s, "aws", "snapshot taken", x.Volume, "firebreak-key:"+x.Key)
		return "<CreateSnapshotResponse>" + element("snapshotId", x.ID) + "<status>pending</status></CreateSnapshotResponse>", nil
	}
	return "", refuse(http.StatusBadRequest, "InvalidAction")
}

var switches = []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}

// bucket is what S3 says and does of public access, of a bucket or the account.
func (w *World) bucket(s *state, r *http.Request, body []byte) (int, string, error) {
	a := &s.Cloud.AWS
	name := strings.Trim(r.URL.Path, "/")
	if name == "v20180820/configuration/publicAccessBlock" {
		if name = ""; r.Header.Get("X-Amz-Account-Id") != drillAWS {
			return 0, "", refuse(http.StatusForbidden, "AccessDenied")
		}
	} else if !slices.Contains(a.Buckets, name) || !r.URL.Query().Has("publicAccessBlock") {
		return 0, "", refuse(http.StatusNotFound, "NoSuchBucket")
	}
	if r.Method == http.MethodGet {
		have, ok := a.Public[name]
		if !ok {
			return 0, "", refuse(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration")
		}
		text := ""
		for i, sw := range switches {
			text += element(sw, have[i])
		}
		return http.StatusOK, "<PublicAccessBlockConfiguration>" + text + "</PublicAccessBlockConfiguration>", nil
	}
	var in struct {
		XMLName xml.Name
		BlockPublicAcls, IgnorePublicAcls,
		BlockPublicPolicy, RestrictPublicBuckets string
	}
	if err := xml.Unmarshal(body, &in); err != nil || in.XMLName.Local != "PublicAccessBlockConfiguration" || in.XMLName.Space == "" {
		return 0, "", refuse(http.StatusBadRequest, "MalformedXML")
	}
	if r.Header.Get("X-Amz-Checksum-Sha256") == "" && r.Header.Get("Content-Md5") == "" {
		return 0, "", refuse(http.StatusBadRequest, "InvalidRequest")
	}
	to := []string{in.BlockPublicAcls, in.IgnorePublicAcls, in.BlockPublicPolicy, in.RestrictPublicBuckets}
	if !slices.Equal(to, a.Public[name]) {
		w.effect(s, "aws", "public access "+strings.Join(to, " "), cmp.Or(name, "account"), "")
	}
	if a.Public == nil {
		a.Public = map[string][]string{}
	}
	a.Public[name] = to
	return http.StatusOK, "", nil
}
