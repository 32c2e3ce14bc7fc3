package casework

import (
	"context"
	"strings"
	"time"

	"terang/models"
	"terang/policies"
)

// Report is a body's annual report as its law heads it, with the figures the product keeps.
type Report struct {
	Body     string          `json:"body"`
	Name     string          `json:"name"`
	Year     int             `json:"year"`
	Pack     string          `json:"pack"`
	Version  string          `json:"pack_version"`
	Headings []ReportHeading `json:"headings"`
}

// ReportHeading is one heading. Kept says whether anything under it is counted here.
type ReportHeading struct {
	ID      string         `json:"id"`
	Title   policies.Text  `json:"title"`
	Article string         `json:"article,omitempty"`
	Level   int            `json:"level"` // 1, and 2 under it
	Parts   bool           `json:"parts"` // it has headings of level 2
	Kept    bool           `json:"kept"`
	Figures []ReportFigure `json:"figures,omitempty"`
}

// ReportFigure is one number. Key is of the catalogue's report.*; Of narrows it: a class, an
// exemption's title.
type ReportFigure struct {
	Key string        `json:"key"`
	Of  policies.Text `json:"of,omitzero"`
	N   float64       `json:"n"`
}

// Report fills the headings of the pack's annual report for a calendar year in the body's
// zone (UU 14/2008 art. 12; PERKI 1/2021 art. 56). What is not kept here it says so.
func (s *Service) Report(ctx context.Context, a models.Actor, body string, year int) (*Report, error) {
	var check models.Check
	check.Field(body != "", "body", "required")
	check.Field(year >= 1900 && year <= 9999, "year", "out_of_range", "1900", "9999")
	if err := check.Err(); err != nil {
		return nil, err
	}
	b, err := s.store.Read(ctx).BodyBySlug(body)
	if err != nil {
		return nil, err
	}
	loc := zone(b.Zone)
	st, err := s.Statistics(ctx, a, StatInput{Body: body, From: time.Date(year, 1, 1, 0, 0, 0, 0, loc), To: time.Date(year+1, 1, 1, 0, 0, 0, 0, loc)})
	if err != nil {
		return nil, err
	}
	out := &Report{Body: b.Slug, Name: b.Name, Year: year, Pack: st.Pack.ID, Version: st.Pack.Version}
	for _, h := range st.Pack.Report {
		out.Headings = append(out.Headings, ReportHeading{ID: h.ID, Title: h.Title, Article: h.Article, Level: 1, Parts: len(h.Items) > 0, Kept: len(h.Figures) > 0, Figures: st.figures(h.Figures)})
		for _, i := range h.Items {
			out.Headings = append(out.Headings, ReportHeading{ID: i.ID, Title: i.Title, Level: 2, Kept: len(i.Figures) > 0, Figures: st.figures(i.Figures)})
		}
	}
	return out, nil
}

func (st *Statistics) figures(names []string) []ReportFigure {
	var out []ReportFigure
	add := func(key string, n int64) { out = append(out, ReportFigure{Key: key, N: float64(n)}) }
	for _, name := range names {
		switch name {
		case "received":
			add(name, st.receivedOf(models.Request))
		case "answered":
			add(name, st.answeredOf(models.Request, models.Outcomes...))
		case "in_time":
			late := st.late(models.Request)
			add("in_time", st.answeredOf(models.Request, models.Outcomes...)-late)
			add("late", late)
		case "granted":
			add("granted", st.answeredOf(models.Request, models.Granted))
			add("granted_in_part", st.answeredOf(models.Request, models.GrantedInPart))
		case "refused":
			add("refused", st.answeredOf(models.Request, models.Refused))
			add("not_held", st.answeredOf(models.Request, models.NotHeld))
		case "not_held":
			add(name, st.answeredOf(models.Request, models.NotHeld))
		case "times":
			out = append(out, st.times()...)
		case "grounds":
			out = append(out, st.reasons()...)
		case "objections":
			add(name, st.receivedOf(models.Objection))
		case "objection_answers":
			add("objection_upheld", st.answeredOf(models.Objection, models.Granted, models.GrantedInPart))
			add("objection_stands", st.answeredOf(models.Objection, models.Refused))
		case "disputes":
			add(name, st.stages(true, "filed"))
		case "dispute_results":
			add(name, st.stages(true, "decided"))
		case "court_claims":
			add(name, st.stages(false, "filed"))
		case "court_results":
			add(name, st.stages(false, "decided"))
		}
	}
	return out
}

func (st *Statistics) receivedOf(k models.Kind) (n int64) {
	for _, x := range st.Received {
		if x.Kind == k {
			n += x.N
		}
	}
	return n
}

func (st *Statistics) answeredOf(k models.Kind, outcomes ...models.Outcome) (n int64) {
	for _, x := range st.Answered {
		for _, o := range outcomes {
			if x.Kind == k && x.Outcome == o {
				n += x.N
			}
		}
	}
	return n
}

func (st *Statistics) late(k models.Kind) (n int64) {
	for _, x := range st.Answered {
		if x.Kind == k {
			n += x.Late
		}
	}
	return n
}

// times is the mean of working days by class.
func (st *Statistics) times() []ReportFigure {
	var out []ReportFigure
	for _, d := range st.Days {
		if d.Kind == models.Request {
			of := policies.Text{ID: string(d.Class), EN: string(d.Class)}
			out = append(out, ReportFigure{Key: "mean_working_days", Of: of, N: round(d.MeanWorking)}, ReportFigure{Key: "median_working_days", Of: of, N: round(d.MedianWorking)})
		}
	}
	return out
}

func round(f float64) float64 { return float64(int64(f*100+0.5)) / 100 }

func (st *Statistics) reasons() []ReportFigure {
	var out []ReportFigure
	for _, g := range st.Grounds {
		of := policies.Text{ID: g.Key, EN: g.Key}
		if e, ok := st.Pack.Exemption(g.Key); ok {
			of = policies.Text{ID: e.Title.ID + " (" + e.Article + ")", EN: e.Title.EN + " (" + e.Article + ")"}
		}
		out = append(out, ReportFigure{Key: "ground", Of: of, N: float64(g.N)})
	}
	return out
}

// stages sums what was recorded outside: before the first body there, or before those
// after it.
func (st *Statistics) stages(first bool, what string) (n int64) {
	met := false
	for _, s := range st.Pack.Stages {
		if !s.Outside {
			continue
		}
		for _, x := range st.Outside {
			if stage, did, _ := strings.Cut(x.Key, "."); stage == s.ID && did == what && met != first {
				n += x.N
			}
		}
		met = true
	}
	return n
}
