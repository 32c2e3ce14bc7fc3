package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
)

// life is one case from filing to wherever it is when the demo ends.
type life struct {
	*demoRun
	speaker
	body  *demoBody
	t     *demoMatter
	fate  string
	filed time.Time
	day   int // working day of the last act
	in    casework.FileInput

	ref    string
	key    string
	caseID int64
	err    error
	yield  func(time.Time) bool
}

// A fate says what becomes of a case, how many working days ago it was filed, and how
// often that happens.
type fate struct {
	name     string
	weight   int
	youngest int
	oldest   int
	outcome  models.Outcome // what the matter must have an answer for
	closed   bool           // the rules must propose a class above public
	request  bool
}

var fates = []fate{
	{name: "fresh", weight: 22, youngest: 0, oldest: 2},
	{name: "taken", weight: 34, youngest: 2, oldest: 9},
	{name: "asked", weight: 15, youngest: 3, oldest: 9},
	{name: "clarified", weight: 10, youngest: 5, oldest: 10},
	{name: "extended", weight: 10, youngest: 9, oldest: 15, request: true},
	{name: "overdue", weight: 14, youngest: 12, oldest: 26},
	{name: "silent", weight: 8, youngest: 12, oldest: 40},
	{name: "climbing", weight: 18, youngest: 1, oldest: 4, closed: true},
	{name: "failed", weight: 5, youngest: 10, oldest: 30, closed: true},
	{name: "raised", weight: 8, youngest: 3, oldest: 8},
	{name: "incomplete", weight: 7, youngest: 0, oldest: 8, request: true},
	{name: "completed", weight: 4, youngest: 6, oldest: 60, request: true},
	{name: "withdrawn", weight: 12, youngest: 4, oldest: 70},
	{name: "decided", weight: 44, youngest: 6, oldest: 85, outcome: models.Granted},
	{name: "late", weight: 10, youngest: 20, oldest: 85, outcome: models.Granted},
	{name: "published", weight: 58, youngest: 8, oldest: 85, outcome: models.Granted},
	{name: "part", weight: 20, youngest: 7, oldest: 85, outcome: models.GrantedInPart},
	{name: "refused", weight: 18, youngest: 7, oldest: 85, outcome: models.Refused},
	{name: "not_held", weight: 11, youngest: 5, oldest: 85, outcome: models.NotHeld, request: true},
	{name: "referred", weight: 18, youngest: 4, oldest: 85, outcome: models.Referred},
	{name: "objected", weight: 7, youngest: 12, oldest: 35, outcome: models.Refused},
	{name: "upheld", weight: 6, youngest: 35, oldest: 80, outcome: models.Refused},
	{name: "dismissed", weight: 6, youngest: 30, oldest: 80, outcome: models.Refused},
	{name: "silence_objected", weight: 5, youngest: 16, oldest: 40, request: true},
}

// newLife plans a case. Where the body has no matter that suits a fate, another is drawn.
func (r *demoRun) newLife(b *demoBody) (*life, error) {
	for range 100 {
		f := r.drawFate()
		if l := r.lifeOf(b, f); l != nil {
			l.day = max(0, len(r.days)-1-between(r.rng, f.youngest, f.oldest))
			l.filed = l.filingTime()
			return l, nil
		}
	}
	return nil, fmt.Errorf("%s has no matter for any fate", b.Slug)
}

// lifeOf draws a matter of the body that suits a fate; nil where it finds none.
func (r *demoRun) lifeOf(b *demoBody, f fate) *life {
	for range 60 {
		l := &life{demoRun: r, body: b, fate: f.name, speaker: speaker{dice: r.rng, lex: &r.words, values: map[string]string{}}}
		l.t = b.seldom(r.rng)
		if f.name == "published" && l.t.Summary == "" || f.outcome != "" && !l.t.answers(f.outcome) || f.request && l.t.Kind != string(models.Request) {
			continue
		}
		l.write()
		// An agent cannot complete what the rules put out of an agent's sight.
		if f.closed != l.proposedClosed() && (f.closed || f.name == "completed") {
			continue
		}
		l.t.used++
		return l
	}
	return nil
}

// seldom draws three matters and takes the one that was used least.
func (b *demoBody) seldom(rng *rand.Rand) *demoMatter {
	best := &b.matters[rng.IntN(len(b.matters))]
	for range 2 {
		if m := &b.matters[rng.IntN(len(b.matters))]; m.used < best.used {
			best = m
		}
	}
	return best
}

func (r *demoRun) drawFate() fate {
	total := 0
	for _, f := range fates {
		total += f.weight
	}
	n := r.rng.IntN(total)
	for _, f := range fates {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	return fates[0]
}

func (l *life) proposedClosed() bool {
	return l.pack.Classify(policies.Facts{Kind: string(l.in.Kind), Subject: l.in.Subject, Text: l.in.Text, Anonymity: string(l.in.Anonymity)}).Class != policies.ClassPublic
}

// filingTime is mostly in office hours, sometimes in the evening or at the weekend before.
func (l *life) filingTime() time.Time {
	switch hour := 8 + l.rng.IntN(9); l.rng.IntN(6) {
	case 0:
		return l.at(l.day, 19+l.rng.IntN(4), l.rng.IntN(60))
	case 1:
		return l.at(l.day, hour, l.rng.IntN(60)).AddDate(0, 0, -1)
	default:
		return l.at(l.day, hour, l.rng.IntN(60))
	}
}

func (l *life) write() {
	t, lang := l.t, l.t.Lang
	if lang == "" {
		lang = "id"
	}
	text := l.say(t.Text)
	if lang == "id" {
		opening := pick(l.rng, l.words.Openings)
		if strings.HasSuffix(opening, ", ") && text[1] >= 'a' { // not an abbreviation
			text = strings.ToLower(text[:1]) + text[1:]
		}
		text = opening + text + pick(l.rng, l.words.Closings)
	}
	l.in = casework.FileInput{
		Kind: models.Kind(t.Kind), Body: l.body.Slug, Subject: l.say(t.Subject), Text: text, Lang: lang, Requester: l.requester(t.Office),
		Channel: pick(l.rng, []models.Channel{models.ChannelWeb, models.ChannelWeb, models.ChannelWeb, models.ChannelWeb, models.ChannelCounter, models.ChannelEmail, models.ChannelLetter}),
	}
	if l.in.Kind == models.Request {
		l.in.Purpose = pick(l.rng, l.words.Purposes)
		l.in.Delivery = pick(l.rng, []models.Delivery{models.Electronic, models.Electronic, models.Electronic, models.Paper, models.View})
	}
	switch {
	case t.Anonymous && l.rng.IntN(2) == 0:
		l.in.Anonymity, l.in.Channel = models.Anonymous, models.ChannelWeb
	case t.Anonymous, l.rng.IntN(14) == 0:
		l.in.Anonymity = models.Hidden
	}
	if !l.bare && l.in.Channel == models.ChannelWeb && l.in.Kind == models.Complaint && l.rng.IntN(4) == 0 {
		l.in.Uploads = []casework.Upload{{Name: "keterangan.pdf", Data: bytes.NewReader(smallPDF(l.in.Subject))}}
	}
}

// run is the whole life, paused between acts: each yield is the time of the next one.
func (l *life) run(ctx context.Context) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		l.yield = yield
		l.live(ctx)
	}
}

// wait lets working days pass; false when the demo is over.
func (l *life) wait(low, high int) bool {
	days := between(l.rng, low, high)
	if l.err != nil {
		return false
	}
	l.day += days
	if l.day >= len(l.days) {
		return false
	}
	at := l.at(l.day, 8+l.rng.IntN(7), 5+l.rng.IntN(50))
	if !at.After(l.clock) {
		at = l.clock.Add(time.Duration(3+l.rng.IntN(20)) * time.Minute)
	}
	return l.yield(at)
}

func (l *life) live(ctx context.Context) {
	if !l.file(ctx) {
		return
	}
	if l.fate == "fresh" || l.fate == "silent" || l.fate == "climbing" || l.fate == "failed" {
		if l.fate == "climbing" && l.rng.IntN(2) == 0 && l.wait(0, 1) {
			l.acknowledge(ctx)
		}
		return
	}
	if l.fate == "silence_objected" {
		if l.wait(12, 15) {
			l.object(ctx, "c")
		}
		return
	}
	if l.fate == "incomplete" || !l.wait(0, 1) {
		return
	}
	if !l.triage(ctx) {
		return
	}
	switch l.fate {
	case "taken", "overdue":
		if l.rng.IntN(3) == 0 && l.wait(1, 2) {
			l.note(ctx)
		}
	case "raised":
		if l.wait(0, 1) {
			l.escalate(ctx, l.head(), "raise", pick(l.rng, l.words.Raise))
			if l.rng.IntN(3) > 0 && l.wait(0, 0) && l.acknowledge(ctx) && l.rng.IntN(2) == 0 && l.wait(0, 1) {
				l.climbed(ctx)
			}
		}
	case "asked":
		if l.wait(0, 2) {
			l.ask(ctx)
		}
	case "clarified":
		if l.wait(0, 1) && l.ask(ctx) && l.wait(1, 3) {
			l.clarify(ctx)
		}
	case "extended":
		if l.wait(5, 8) {
			l.extend(ctx)
		}
	case "withdrawn":
		if l.wait(1, 3) {
			l.do(ctx, "withdraw", func(c *models.Case) error {
				_, err := l.svc.Withdraw(ctx, l.requesterActor(), l.ref, casework.TextInput{Text: pick(l.rng, l.words.Withdraw)})
				return err
			})
		}
	default:
		l.answer(ctx)
	}
}

// answer is the way to a decision and what follows it.
func (l *life) answer(ctx context.Context) {
	if l.rng.IntN(6) == 0 && (!l.wait(0, 1) || !l.ask(ctx) || !l.wait(1, 2) || !l.clarify(ctx)) {
		return
	}
	pace := []int{1, 6}
	if l.fate == "late" {
		pace = []int{12, 16}
	}
	if !l.wait(pace[0], pace[1]) {
		return
	}
	outcome := models.Granted
	for _, f := range fates {
		if f.name == l.fate && f.outcome != "" {
			outcome = f.outcome
		}
	}
	if !l.decide(ctx, outcome) {
		return
	}
	switch l.fate {
	case "published", "part", "decided":
		if l.t.Summary != "" && (l.fate == "published" || l.rng.IntN(2) == 0) && l.wait(0, 3) {
			l.publish(ctx)
		}
	case "objected":
		if l.wait(2, 12) {
			l.object(ctx, "a")
		}
	case "upheld", "dismissed":
		if !l.wait(2, 10) {
			return
		}
		o := l.object(ctx, "a")
		if o == "" || !l.wait(6, 18) {
			return
		}
		verdict := models.Granted
		if l.fate == "dismissed" {
			verdict = models.Refused
		}
		l.decideObjection(ctx, o, verdict)
		if l.fate == "upheld" && l.wait(1, 4) {
			l.decide(ctx, models.GrantedInPart, models.Granted)
		}
	}
}

// smallPDF is the least that is a PDF, for attachments.
func smallPDF(words string) []byte {
	ascii := strings.Map(func(r rune) rune {
		if r < 32 || r > 126 || strings.ContainsRune(`()\`, r) {
			return '-'
		}
		return r
	}, words)
	stream := fmt.Sprintf("BT /F1 12 Tf 60 760 Td (%s) Tj ET", ascii)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream), "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}
