package policies

// Classes of a case or a document, from open to closed. A class above public never replaces the consequence test
// (UU 14/2008 art. 2(4), 19): what this file yields is a proposal that an officer confirms or overrules.
const (
	ClassPublic       = "public"
	ClassRestricted   = "restricted"
	ClassConfidential = "confidential"
)

// Facts are what the classifying rules may look at. Nothing else of a case reaches them.
type Facts struct {
	Kind          string   `json:"kind,omitempty"`           // request complaint question objection, or "" when not known
	Subject       string   `json:"subject,omitempty"`        // one line
	Text          string   `json:"text,omitempty"`           // what was asked
	Body          string   `json:"body,omitempty"`           // slug of the public body
	Topic         string   `json:"topic,omitempty"`          // what the requester chose, if the form asks
	RequesterKind string   `json:"requester_kind,omitempty"` // individual legal_entity group
	Anonymity     string   `json:"anonymity,omitempty"`      // open hidden anonymous
	Attachments   []string `json:"attachments,omitempty"`    // file names
}

// Full is the text that every offset counts in: the subject, a line break, the text; the text alone where there is
// no subject.
func (f Facts) Full() string {
	if f.Subject == "" {
		return f.Text
	}
	return f.Subject + "\n" + f.Text
}

// Ground is one place in the text where one rule spoke. Start and End are Unicode code points in Facts.Full,
// half-open; both are zero for a rule that spoke on facts alone.
type Ground struct {
	Exemption string `json:"exemption"` // the pack's id, "h"
	Rule      string `json:"rule"`
	Article   string `json:"article"`
	Class     string `json:"class"`
	Evidence  string `json:"evidence"`
	Start     int    `json:"start"`
	End       int    `json:"end"`
	Because   Text   `json:"because"`
}

// Finding is one piece of personal data. Start and End are Unicode code points, half-open, around the value itself.
type Finding struct {
	Type  string `json:"type"` // nik kk npwp phone email bank_account plate passport name
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text,omitempty"`
}

// Route is the unit a case is proposed to, and the words that led there.
type Route struct {
	Unit  string   `json:"unit"`
	Why   string   `json:"why"`
	Terms []string `json:"terms,omitempty"`
}

// Classification is a proposal with everything that led to it.
type Classification struct {
	Class    string    `json:"classification"`
	Grounds  []Ground  `json:"grounds"`          // every rule that spoke, strongest class first
	Opened   []Ground  `json:"opened,omitempty"` // what would have closed, had an opening rule not governed it
	Personal []Finding `json:"personal_data"`
	Route    Route     `json:"route"`
	Why      Text      `json:"why"`
	Decision Decision  `json:"decision"`
}

// Rule is one sentence of a law about what may be closed, or (class public) what may never be, with the words that
// show it. rules.yaml holds them as a list.
//
// A closing rule speaks when one of AnyOf or of Near is found (if either is given), each group of AllOf is found, one
// of the Personal types is found (if given), nothing of Unless is found, and When holds. An opening rule (class
// public) governs the clause that follows its words: closing words there are silenced for the exemptions in Opens, or
// for all when Opens is empty. The one public rule without words is what holds when nothing else speaks.
//
// Terms are whole words with one space between, in any case; "hasil|laporan" stands for either, "penyidik*" for any
// ending; Indonesian -nya, -lah, -kah, -pun and an English or Portuguese plural s need not be written.
type Rule struct {
	ID             string     `yaml:"id" json:"id"`
	Title          Text       `yaml:"title" json:"title"`
	Exemption      string     `yaml:"exemption" json:"exemption,omitempty"`
	Class          string     `yaml:"class" json:"class"`
	AnyOf          []string   `yaml:"any_of" json:"any_of,omitempty"`
	AllOf          [][]string `yaml:"all_of" json:"all_of,omitempty"`
	Near           []Near     `yaml:"near" json:"near,omitempty"`
	Personal       []string   `yaml:"personal" json:"personal,omitempty"`
	Unless         []string   `yaml:"unless" json:"unless,omitempty"`
	Kinds          []string   `yaml:"kinds" json:"kinds,omitempty"`         // only for these kinds of case
	Anonymity      []string   `yaml:"anonymity" json:"anonymity,omitempty"` // only where the requester chose one of these
	RequesterKinds []string   `yaml:"requester_kinds" json:"requester_kinds,omitempty"`
	When           string     `yaml:"when" json:"when,omitempty"` // CEL over the facts, see ruleEnv
	Opens          []string   `yaml:"opens" json:"opens,omitempty"`
	Reach          string     `yaml:"reach" json:"reach,omitempty"` // opening rules: clause (default), sentence, text
	Firm           bool       `yaml:"firm" json:"firm,omitempty"`   // closing rules: no opening rule silences it
	Because        Text       `yaml:"because" json:"because"`
	ExampleMatches []string   `yaml:"example_matches" json:"example_matches,omitempty"`
	ExampleMisses  []string   `yaml:"example_misses" json:"example_misses,omitempty"`
	Legal          `yaml:",inline"`
}

// Near holds groups of words of which one each must stand together in one sentence, in any order, the whole stretch at
// most Within words long.
type Near struct {
	Within int        `yaml:"within" json:"within"`
	Of     [][]string `yaml:"of" json:"of"`
}

// RouteRule names a unit by the words of its work. rules.yaml holds them under routes.
type RouteRule struct {
	Unit    string   `yaml:"unit" json:"unit"`
	Title   Text     `yaml:"title" json:"title"`
	Terms   []string `yaml:"terms" json:"terms"`
	Default bool     `yaml:"default" json:"default,omitempty"`
}
