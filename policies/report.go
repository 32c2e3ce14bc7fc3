package policies

import "fmt"

// reportFigures are what the product can count for an annual report.
var reportFigures = []string{
	"received", "answered", "in_time", "times", "granted", "refused", "not_held", "grounds",
	"objections", "objection_answers", "disputes", "dispute_results", "court_claims", "court_results",
}

func (c *checker) report() {
	seen := map[string]bool{}
	for i := range c.l.pack.Report {
		h := &c.l.pack.Report[i]
		path := fmt.Sprintf("$.annual_report[%d]", i)
		c.unique(path+".id", "heading", h.ID, seen)
		c.text(path+".title", "heading "+h.ID, h.Title)
		c.allOf(path+".figures", "heading "+h.ID, h.Figures, reportFigures)
		for j := range h.Items {
			at := fmt.Sprintf("%s.items[%d]", path, j)
			c.unique(at+".id", "heading", h.Items[j].ID, seen)
			c.text(at+".title", "heading "+h.Items[j].ID, h.Items[j].Title)
			c.allOf(at+".figures", "heading "+h.Items[j].ID, h.Items[j].Figures, reportFigures)
		}
	}
}
