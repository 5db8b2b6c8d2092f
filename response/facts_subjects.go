package response

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// NameSubject says who or what a name in this incident belongs to, or takes that
// back. The value is brought into its usual form.
func (s *Session) NameSubject(ctx context.Context, id incident.ID, p record.Subject) error {
	if !slices.Contains(review.SubjectKinds(), p.Kind) {
		return usage("", "subject %q: want %s", p.Kind, oneOf(review.SubjectKinds()))
	}
	if !p.Withdrawn && !slices.Contains(review.SubjectRoles(), p.Role) {
		return usage("", "subject: --role %q: want %s", p.Role, oneOf(review.SubjectRoles()))
	}
	value, err := subjectValue(p.Kind, p.Value)
	if err != nil {
		return err
	}
	p.Value = value
	if err := fits("text", p.Value, p.As, p.Note); err != nil {
		return err
	}
	return s.act(ctx, id, record.SubjectNamed, "", p, func(tx *store.Tx) error {
		if !p.Withdrawn {
			return nil
		}
		there := false
		err := eachOf(tx, record.SubjectNamed, func(x record.Subject) {
			if x.Kind == p.Kind && x.Value == p.Value {
				there = !x.Withdrawn
			}
		})
		if err == nil && !there {
			return notFound("firebreak subject "+string(id)+" lists them", "take back subject: nobody named %s %s", p.Kind, p.Value)
		}
		return err
	})
}

var (
	hexDigits  = lazyre.New(`^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$`)
	domainName = lazyre.New(`^[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}_])?(\.[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}])?)+$`)
	mailName   = lazyre.New(`^[^\s@]+@[^\s@]+$`)
	phoneDigit = lazyre.New(`^\+?[0-9]{5,15}$`)
	ibanShape  = lazyre.New(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$`)
	cardShape  = lazyre.New(`^[0-9]{12,19}$`)
)

// subjectValue brings a value into the form in which it is compared. People write
// indicators so that nobody clicks on them; here they are what they are.
func subjectValue(kind, v string) (string, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return "", usage("", "subject: the value is empty")
	}
	bad := func(want string) (string, error) {
		return "", usage("", "subject: %q is no %s: want %s", v, kind, want)
	}
	switch kind {
	case "address":
		v = refang(v)
		if p, err := netip.ParsePrefix(v); err == nil {
			return p.Masked().String(), nil
		}
		a, err := netip.ParseAddr(v)
		if err != nil {
			return bad("203.0.113.9, 2001:db8::9, or a network as 203.0.113.0/24")
		}
		return a.String(), nil
	case "domain":
		if v = strings.ToLower(strings.TrimSuffix(refang(v), ".")); !domainName.MatchString(v) || len(v) > 253 {
			return bad("evil.example")
		}
	case "url":
		v = refang(v)
		if u, err := url.Parse(v); err != nil || u.Scheme == "" || u.Host == "" {
			return bad("https://evil.example/path")
		}
	case "mail":
		if v = strings.ToLower(refang(v)); !mailName.MatchString(v) {
			return bad("name@example.org")
		}
	case "hash":
		if v = strings.ToLower(v); !hexDigits.MatchString(v) {
			return bad("32, 40, 64, 96 or 128 hexadecimal digits")
		}
	case "phone":
		if digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "/", "", ".", "").Replace(v); phoneDigit.MatchString(digits) {
			return digits, nil
		}
		return bad("+49 30 1234567")
	case "iban":
		if v = strings.ToUpper(strings.ReplaceAll(v, " ", "")); !ibanShape.MatchString(v) {
			return bad("DE89 3704 0044 0532 0130 00")
		}
	case "card":
		if v = strings.NewReplacer(" ", "", "-", "").Replace(v); !cardShape.MatchString(v) {
			return bad("12 to 19 digits")
		}
	case "host":
		if strings.ContainsAny(v, " \t\n/") {
			return bad("a name without blanks")
		}
		v = strings.ToLower(v)
	}
	return v, nil
}

// refang undoes what keeps people from clicking: hxxp://, [.], (.), [@], [:].
func refang(v string) string {
	v = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[@]", "@", "(at)", "@", "[at]", "@", "[:]", ":", "[dot]", ".", "(dot)", ".").Replace(v)
	for bad, good := range map[string]string{"hxxp://": "http://", "hxxps://": "https://", "fxp://": "ftp://"} {
		if len(v) > len(bad) && strings.EqualFold(v[:len(bad)], bad) {
			return good + v[len(bad):]
		}
	}
	return v
}

// isPlace says whether a text is a country of ISO 3166-1, or has the form of a
// region of one (ISO 3166-2). EU is all of the Union, XK stands for Kosovo.
func isPlace(s string) bool {
	country, region, regional := strings.Cut(s, "-")
	if len(country) != 2 || regional && !regionShape.MatchString(region) {
		return false
	}
	return strings.Contains(countries, " "+country+" ")
}

var regionShape = lazyre.New(`^[A-Z0-9]{1,3}$`)

const countries = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ " +
	"DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM " +
	"PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "
