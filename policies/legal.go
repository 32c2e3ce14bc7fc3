package policies

// Text is one sentence or title in the two languages of the product.
type Text struct {
	ID string `yaml:"id" json:"id"`
	EN string `yaml:"en" json:"en"`
}

// In returns the text in lang ("id" or "en"); where that is missing, the other.
func (t Text) In(lang string) string {
	if (lang == "en" && t.EN != "") || t.ID == "" {
		return t.EN
	}
	return t.ID
}

// IsZero reports whether there is no text in either language.
func (t Text) IsZero() bool { return t.ID == "" && t.EN == "" }

// Legal says where a rule comes from. Verified means that somebody read the rule
// in the statute or on an official page; anything else (a secondary source, an
// own calculation, a body's service standard) is not verified and is counted by
// [Pack.Unverified].
type Legal struct {
	Article  string `yaml:"article" json:"article"`
	Source   string `yaml:"source" json:"source"`
	Verified bool   `yaml:"verified" json:"verified"`
}

// Decision is an answer of the law on one question, in a form that can be stored
// with the case and explained years later.
type Decision struct {
	Allowed bool     `json:"allowed"`
	Code    string   `json:"code"`              // stable, for views/text
	Pack    string   `json:"pack,omitempty"`    // empty for rules of the product itself, such as access
	Version string   `json:"version,omitempty"` // of the pack
	Hash    string   `json:"hash,omitempty"`    // of the pack
	Rule    string   `json:"rule,omitempty"`    // which rule spoke
	Article string   `json:"article,omitempty"` // the law it rests on
	Facts   []string `json:"facts,omitempty"`   // what it was decided on, as "name=value"
}

func (p *Pack) decide(allowed bool, code, rule string, l Legal, facts ...string) Decision {
	return Decision{
		Allowed: allowed, Code: code, Pack: p.ID, Version: p.Version, Hash: p.Hash,
		Rule: rule, Article: l.Article, Facts: facts,
	}
}
