package audience

import (
	"strings"

	"firebreak/review"
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// itself is who acts when the program does, by nobody's word. Whoever else acted is
// somebody, whatever the name is: a person may work as root.
const itself = "firebreak"

// ambiguous are parts of people's names that are words besides: by themselves they
// are nobody's.
var ambiguous = set(`
mark will bill may april june july august rose grace art chase drew frank grant guy hope jack joy max miles pat penny ray rich rob
sandy skip sue victor wade young black white brown green grey gray king long park price bush case field hill stone west east north south
wood woods law page bank day bond cook cross fox hand hunter knight lane love major mason moon noble pope power rice rivers root sharp
short small snow star stark storm street summer summers sun swift temple waters watts wise wolf angel august bishop booth brook brooks
carpenter carter church dean earl faith fisher ford forest gale gardener harper harmony hay heath heather holly iris ivy jean jewel lily
marshal marshall melody miller page patience pearl prince prudence queen robin ruby sage shepherd singer smith taylor trinity turner
van von der den del dos das les la le el al bin ibn ben mac san
monday tuesday wednesday thursday friday saturday sunday january february march september october november december
`)

func isCommon(name string) bool { return review.CommonWord(name) }

// fileEnds are ends of file names that are also the last part of domain names.
var fileEnds = set(`py sh md rs pl so ps zip mov cc pm tf bz am ac la`)

// tops are the last parts of domain names that are looked for: those of the
// countries, and those that companies and their networks use.
var tops = set(`
com org net edu gov mil int info biz name pro io dev app cloud online site xyz tech store shop top club live news blog email systems
solutions services digital agency network company group global media world space website host bank insurance health care hospital clinic
local lan internal intranet corp home private localdomain domain test example invalid onion arpa eu asia berlin hamburg london paris
amsterdam swiss wien bayern koeln nyc aero coop museum jobs mobi travel tel cat post
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn
co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gt gu gw gy hk hm
hn hr ht hu id ie il im in iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk
ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs
ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va
vc ve vg vi vn vu wf ws ye yt za zm zw
`)

func isTop(label string) bool {
	label = strings.ToLower(label)
	return tops[label] || strings.HasPrefix(label, "xn--")
}

// ibanLengths are how long the account numbers of each country are (the registry
// of ISO 13616).
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
	"CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22,
	"GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
	"KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27,
	"MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33,
	"SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
	"VA": 22, "VG": 24, "XK": 20, "YE": 30,
}
