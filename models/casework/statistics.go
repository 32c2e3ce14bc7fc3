package casework

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// StatInput asks for the figures of a span of time, [From, To).
type StatInput struct {
	From, To time.Time
	Body     string // slug; "" for all that the actor audits
}

// Statistics are a body's figures over a time, counted by the database over what is
// indexed.
type Statistics struct {
	From, To   time.Time
	Body       *models.Body // nil for several
	Pack       *policies.Pack
	Received   []KindFigure
	Answered   []OutcomeFigure
	Days       []DaysFigure
	Grounds    []KeyFigure // refusals by exemption; one that rests on two counts under both
	Events     []KeyFigure // by kind: rungs lapsed, chains failed, deadlines extended and lapsed
	Exports    []WhoFigure
	Outside    []KeyFigure // stage.filed, stage.decided
	Suppressed bool        // small counts above the actor's clearance are left out
}

// KindFigure counts cases received.
type KindFigure struct {
	Kind models.Kind `json:"kind"`
	N    int64       `json:"n"`
}

// OutcomeFigure counts cases answered.
type OutcomeFigure struct {
	Kind    models.Kind    `json:"kind"`
	Outcome models.Outcome `json:"outcome"`
	N       int64          `json:"n"`
	Late    int64          `json:"late"`
}

// DaysFigure says how long answers took: received to answered, the day of receipt not
// counted.
type DaysFigure struct {
	Kind           models.Kind  `json:"kind"`
	Class          models.Class `json:"classification"`
	N              int64        `json:"n"`
	MeanWorking    float64      `json:"mean_working_days"`
	MedianWorking  float64      `json:"median_working_days"`
	MeanCalendar   float64      `json:"mean_calendar_days"`
	MedianCalendar float64      `json:"median_calendar_days"`
}

// KeyFigure counts under a code.
type KeyFigure struct {
	Key string `json:"key"`
	N   int64  `json:"n"`
}

// WhoFigure counts what one person did.
type WhoFigure struct {
	Who  string `json:"who"`
	Role string `json:"role"`
	N    int64  `json:"n"`
}

// smallCount is the least number of cases of a class above somebody's clearance that is
// told to them: fewer would say something of one of them.
const smallCount = 5

// Statistics counts for auditors and the annual report (UU 14/2008 art. 12). Classes above
// the actor's clearance are in the sums, but for counts so small that they would tell of
// single cases.
func (s *Service) Statistics(ctx context.Context, a models.Actor, in StatInput) (*Statistics, error) {
	var check models.Check
	check.Field(in.From.Before(in.To), "to", "not_after_from")
	if err := check.Err(); err != nil {
		return nil, err
	}
	if a.Kind == models.ByOfficer && a.Role != models.Auditor {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActAuditView)
	}
	ef, err := s.eventFilter(ctx, a, EventInput{Body: in.Body})
	if err != nil {
		return nil, err
	}
	r := s.store.Read(ctx)
	if err := s.loadDecrees(r, false); err != nil {
		return nil, err
	}
	out := &Statistics{From: in.From, To: in.To}
	f := store.StatFilter{From: in.From, To: in.To, Body: ef.Body}
	loc := zone("")
	if ef.Body != nil {
		if out.Body, err = r.Body(*ef.Body); err != nil {
			return nil, err
		}
		loc = zone(out.Body.Zone)
		if out.Pack, err = s.packFor(out.Body, in.To.Add(-time.Second)); err != nil {
			return nil, err
		}
	}
	_, offset := in.From.In(loc).Zone()
	f.Shift = time.Duration(offset) * time.Second
	c := &counter{s: s, r: r, f: f, a: a, out: out}
	for _, part := range []func() error{c.received, c.answered, c.days, c.grounds, c.events, c.outside} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// counter gathers the figures of one span.
type counter struct {
	s   *Service
	r   *store.Reader
	f   store.StatFilter
	a   models.Actor
	out *Statistics
}

// told says whether a count of one class may be told to the actor.
func (c *counter) told(class models.Class, n int64) bool {
	if c.a.Kind == models.BySystem || class.Level() <= c.a.Clearance.Level() || n >= smallCount {
		return true
	}
	c.out.Suppressed = true
	return false
}

func (c *counter) received() error {
	rows, err := c.r.ReceivedCounts(c.f)
	for _, x := range rows {
		if !c.told(x.Class, x.N) {
			continue
		}
		i := slices.IndexFunc(c.out.Received, func(k KindFigure) bool { return k.Kind == x.Kind })
		if i < 0 {
			i = len(c.out.Received)
			c.out.Received = append(c.out.Received, KindFigure{Kind: x.Kind})
		}
		c.out.Received[i].N += x.N
	}
	return err
}

func (c *counter) answered() error {
	rows, err := c.r.AnsweredCounts(c.f)
	for _, x := range rows {
		if !c.told(x.Class, x.N) {
			continue
		}
		i := slices.IndexFunc(c.out.Answered, func(k OutcomeFigure) bool { return k.Kind == x.Kind && k.Outcome == x.Outcome })
		if i < 0 {
			i = len(c.out.Answered)
			c.out.Answered = append(c.out.Answered, OutcomeFigure{Kind: x.Kind, Outcome: x.Outcome})
		}
		c.out.Answered[i].N += x.N
		c.out.Answered[i].Late += x.Late
	}
	slices.SortFunc(c.out.Answered, func(a, b OutcomeFigure) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(slices.Index(models.Outcomes, a.Outcome), slices.Index(models.Outcomes, b.Outcome)))
	})
	return err
}

// span is how many answers took so many days.
type span struct {
	days int
	n    int64
}

func (c *counter) days() error {
	rows, err := c.r.DayCounts(c.f)
	if err != nil {
		return err
	}
	type key struct {
		kind  models.Kind
		class models.Class
	}
	working, calendar := map[key][]span{}, map[key][]span{}
	var keys []key
	counters := map[string]*workdays{}
	for _, x := range rows {
		from, err1 := policies.ParseDate(x.Received)
		to, err2 := policies.ParseDate(x.Answered)
		if err1 != nil || err2 != nil {
			return internal("day_unreadable", cmpErr(err1, err2))
		}
		w := counters[x.Pack+" "+x.PackVersion]
		if w == nil {
			pack, err := c.s.packs.Version(x.Pack, x.PackVersion)
			if err != nil {
				return internal("pack_missing", err)
			}
			o := policies.DueOptions{}
			if c.out.Body != nil {
				o = c.s.dueOptions(x.Pack, c.out.Body)
			}
			w = &workdays{pack: pack, o: o, seen: map[policies.Date]bool{}}
			counters[x.Pack+" "+x.PackVersion] = w
		}
		k := key{x.Kind, x.Class}
		if _, ok := working[k]; !ok {
			keys = append(keys, k)
		}
		working[k] = append(working[k], span{w.between(from, to), x.N})
		calendar[k] = append(calendar[k], span{to.Sub(from), x.N})
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.class.Level(), b.class.Level()))
	})
	for _, k := range keys {
		d := DaysFigure{Kind: k.kind, Class: k.class}
		d.MeanWorking, d.MedianWorking, d.N = middle(working[k])
		d.MeanCalendar, d.MedianCalendar, _ = middle(calendar[k])
		if c.told(k.class, d.N) {
			c.out.Days = append(c.out.Days, d)
		}
	}
	return nil
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// workdays counts working days under one law, asking for each day once.
type workdays struct {
	pack *policies.Pack
	o    policies.DueOptions
	seen map[policies.Date]bool
}

// between counts the working days after one day up to and with another.
func (w *workdays) between(from, to policies.Date) (n int) {
	for d := from.AddDays(1); !d.After(to); d = d.AddDays(1) {
		ok, known := w.seen[d]
		if !known {
			ok, _, _ = w.pack.WorkingDay(d, w.o)
			w.seen[d] = ok
		}
		if ok {
			n++
		}
	}
	return n
}

// middle is the mean, the median and the number of what spans hold.
func middle(spans []span) (mean, median float64, n int64) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.days, b.days) })
	sum := int64(0)
	for _, s := range spans {
		n += s.n
		sum += int64(s.days) * s.n
	}
	if n == 0 {
		return 0, 0, 0
	}
	at := func(i int64) int {
		for _, s := range spans {
			if i < s.n {
				return s.days
			}
			i -= s.n
		}
		return 0
	}
	return float64(sum) / float64(n), float64(at((n-1)/2)+at(n/2)) / 2, n
}

func (c *counter) grounds() error {
	rows, err := c.r.GroundCounts(c.f)
	if err != nil {
		return err
	}
	for _, x := range rows {
		var ids []string
		if json.Unmarshal([]byte(x.Text), &ids) != nil || !c.told(x.Class, x.N) {
			continue
		}
		for _, id := range ids {
			c.out.Grounds = count(c.out.Grounds, id, x.N)
		}
	}
	byNumber(c.out.Grounds)
	return nil
}

func count(list []KeyFigure, key string, n int64) []KeyFigure {
	for i := range list {
		if list[i].Key == key {
			list[i].N += n
			return list
		}
	}
	return append(list, KeyFigure{key, n})
}

func byNumber(list []KeyFigure) {
	slices.SortStableFunc(list, func(a, b KeyFigure) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Key, b.Key)) })
}

// statEvents are the events that are counted, in the order they are told.
var statEvents = []string{"deadline.extended", "deadline.lapsed", "rung.lapsed", "chain.failed", "case.erased", "dossier.made"}

func (c *counter) events() error {
	rows, err := c.r.EventCounts(c.f, statEvents...)
	if err != nil {
		return err
	}
	for _, kind := range statEvents {
		c.out.Events = append(c.out.Events, KeyFigure{Key: kind})
	}
	for _, x := range rows {
		if c.told(x.Class, x.N) {
			c.out.Events = count(c.out.Events, x.Text, x.N)
		}
	}
	who, err := c.r.ActorCounts(c.f, "export.made")
	for _, x := range who {
		c.out.Exports = append(c.out.Exports, WhoFigure{x.Text, x.Role, x.N})
	}
	return err
}

func (c *counter) outside() error {
	for _, kind := range []string{"filed", "decided"} {
		rows, err := c.r.StageCounts(c.f, "outside."+kind)
		if err != nil {
			return err
		}
		for _, x := range rows {
			var d models.EventData
			if json.Unmarshal([]byte(x.Text), &d) == nil && c.told(x.Class, x.N) {
				c.out.Outside = count(c.out.Outside, d.New+"."+kind, x.N)
			}
		}
	}
	slices.SortFunc(c.out.Outside, func(a, b KeyFigure) int { return cmp.Compare(a.Key, b.Key) })
	return nil
}
