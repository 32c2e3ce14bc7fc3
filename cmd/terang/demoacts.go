package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"terang/models"
	"terang/models/casework"
)

// do is one act on the case as it now stands. What the rules refuse is noted and ends the
// life there; anything else that fails ends the demo.
func (l *life) do(ctx context.Context, what string, act func(*models.Case) error) bool {
	if l.err != nil {
		return false
	}
	c, err := l.a.store.Read(ctx).CaseByReference(l.ref)
	if err == nil {
		err = act(c)
	}
	if rowsFault(err) {
		l.refused = append(l.refused, fmt.Sprintf("%s: %s on %s %q (%s, rung %d %s): %v", l.fate, what, c.Kind, c.Subject, c.State, c.RungLevel, c.RungRole, err))
		return false
	}
	l.err = err
	return err == nil
}

func (l *life) officer(who string) models.Actor { return l.actors[who+"@"+l.body.Domain] }
func (l *life) agent() models.Actor             { return l.officer(cmp.Or(l.desk, "petugas1")) }
func (l *life) ppid() models.Actor              { return l.officer("ppid") }
func (l *life) superior() models.Actor          { return l.officer("atasan") }

// head is the head of the case's unit, or of some unit.
func (l *life) head() models.Actor {
	units := slices.Sorted(maps.Keys(l.body.Heads))
	unit := units[int(l.caseID)%len(units)]
	c, err := l.a.store.Read(context.Background()).CaseByReference(l.ref)
	if err == nil && c.UnitID != nil {
		for _, u := range units {
			if a := l.officer("pelaksana-" + casework.Slug(u)); a.InUnit(c.UnitID) {
				unit = u
			}
		}
	}
	return l.officer("pelaksana-" + casework.Slug(unit))
}

func (l *life) requesterActor() models.Actor {
	return models.Actor{Kind: models.ByRequester, CaseID: l.caseID, Lang: l.in.Lang, Via: "web"}
}

// file puts the case in: by its requester on the web, by an agent from a counter or letter.
func (l *life) file(ctx context.Context) bool {
	actor := models.Actor{Kind: models.Anyone, Lang: l.in.Lang, Via: "web"}
	whole := l.in
	if l.fate == "incomplete" || l.fate == "completed" {
		l.in.Channel, l.in.AllowIncomplete, l.in.Purpose = models.ChannelCounter, true, ""
		l.in.Requester.Email, l.in.Requester.Phone, l.in.Requester.Address = "", "", ""
	}
	if l.in.Channel != models.ChannelWeb {
		actor = l.agent()
	}
	f, err := l.svc.File(ctx, actor, l.in)
	if err != nil {
		l.err = err
		return false
	}
	l.ref, l.key, l.caseID = f.Case.Reference, f.Key, f.Case.ID
	if l.fate != "completed" {
		return true
	}
	return l.wait(2, 6) && l.do(ctx, "complete", func(c *models.Case) error {
		whole.Requester.Kind = l.in.Requester.Kind
		purpose := whole.Purpose
		if purpose == "" {
			purpose = l.words.Purposes[0]
		}
		_, err := l.svc.Complete(ctx, l.agent(), l.ref, c.Version, whole.Requester, purpose)
		return err
	})
}

// triage is the first look: the class is confirmed or lowered, the chain that it opened
// climbed, the case taken.
func (l *life) triage(ctx context.Context) bool {
	// Opening what is confidential takes two people who may see it; the demo leaves it shut.
	opens := !l.t.Anonymous && l.t.answers(models.Granted) && (l.fate == "published" || l.rng.IntN(3) == 0)
	var c *models.Case
	if !l.do(ctx, "triage", func(now *models.Case) (err error) {
		if c = now; c.Classification == models.Public {
			return nil
		}
		who := l.agent()
		in := casework.ClassifyInput{Version: c.Version, Classification: c.Classification, Exemption: c.Exemption, Reason: pick(l.rng, l.words.Confirm)}
		switch {
		case c.Classification == models.Confidential:
			who = l.head()
		case opens:
			who = l.ppid()
			in.Classification, in.Exemption, in.Reason = models.Public, "", pick(l.rng, l.words.Lower)
		}
		c, err = l.svc.Classify(ctx, who, l.ref, in)
		return err
	}) {
		return false
	}
	if c.RungLevel > 0 && (!l.wait(0, 0) || !l.acknowledge(ctx) || !l.wait(0, 0) || !l.climbed(ctx)) {
		return false
	}
	return l.do(ctx, "take", func(c *models.Case) error {
		who := l.agent()
		if c.Classification == models.Confidential || l.rng.IntN(2) == 0 {
			who = l.head()
		}
		_, err := l.svc.Assign(ctx, who, l.ref, casework.AssignInput{Version: c.Version, Officer: l.emailOf(who)})
		return err
	})
}

// climbed ends an open chain: its holder settles it, or now and then passes it up first.
func (l *life) climbed(ctx context.Context) bool {
	if l.rng.IntN(4) == 0 && (!l.escalate(ctx, l.ppid(), "raise", pick(l.rng, l.words.Raise)) || !l.wait(0, 1)) {
		return false
	}
	return l.do(ctx, "settle", func(c *models.Case) error {
		if c.RungLevel == 0 {
			return nil // it lapsed at the top meanwhile
		}
		_, err := l.svc.Escalate(ctx, l.rungHolder(c.RungRole), l.ref, casework.EscalationInput{Version: c.Version, Action: "decide", Reason: pick(l.rng, l.words.Settle)})
		return err
	})
}

func (l *life) emailOf(a models.Actor) string {
	for email, b := range l.actors {
		if b.OfficerID == a.OfficerID {
			return email
		}
	}
	return ""
}

// holder is who has the case, or who could.
func (l *life) holder(c *models.Case) models.Actor {
	if c.OfficerID != nil {
		for _, a := range l.actors {
			if a.OfficerID == *c.OfficerID {
				return a
			}
		}
	}
	return l.ppid()
}

func (l *life) note(ctx context.Context) bool {
	return l.do(ctx, "note", func(c *models.Case) error {
		_, err := l.svc.Note(ctx, l.holder(c), l.ref, casework.TextInput{Version: c.Version, Text: pick(l.rng, l.words.Notes)})
		return err
	})
}

func (l *life) ask(ctx context.Context) bool {
	return l.do(ctx, "ask", func(c *models.Case) error {
		_, err := l.svc.AskClarification(ctx, l.holder(c), l.ref, casework.TextInput{Version: c.Version, Text: l.say(pick(l.rng, l.words.Clarify.Ask))})
		return err
	})
}

func (l *life) clarify(ctx context.Context) bool {
	return l.do(ctx, "clarify", func(*models.Case) error {
		_, err := l.svc.Say(ctx, l.requesterActor(), l.ref, casework.TextInput{Text: l.say(pick(l.rng, l.words.Clarify.Give))})
		return err
	})
}

func (l *life) extend(ctx context.Context) bool {
	return l.do(ctx, "extend", func(c *models.Case) error {
		_, err := l.svc.Extend(ctx, l.ppid(), l.ref, casework.TextInput{Version: c.Version, Text: pick(l.rng, l.words.Extend)})
		return err
	})
}

// rungHolder is who holds the open rung.
func (l *life) rungHolder(role models.Role) models.Actor {
	switch role {
	case models.Agent:
		return l.agent()
	case models.UnitHead:
		return l.head()
	case models.Superior:
		return l.superior()
	}
	return l.ppid()
}

func (l *life) acknowledge(ctx context.Context) bool {
	return l.do(ctx, "acknowledge", func(c *models.Case) error {
		if c.RungLevel == 0 {
			return nil
		}
		_, err := l.svc.Escalate(ctx, l.rungHolder(c.RungRole), l.ref, casework.EscalationInput{Version: c.Version, Action: "acknowledge"})
		return err
	})
}

func (l *life) escalate(ctx context.Context, who models.Actor, action, why string) bool {
	return l.do(ctx, action, func(c *models.Case) error {
		if action == "raise" && c.RungLevel > 0 {
			who = l.rungHolder(c.RungRole)
			if c.RungRole == models.Superior {
				return nil // nobody above
			}
		}
		_, err := l.svc.Escalate(ctx, who, l.ref, casework.EscalationInput{Version: c.Version, Action: action, Reason: why})
		return err
	})
}

// decide answers the case with the first outcome that the matter has words for.
func (l *life) decide(ctx context.Context, outcomes ...models.Outcome) bool {
	outcome := models.Granted
	for _, o := range outcomes {
		if l.t.answers(o) {
			outcome = o
			break
		}
	}
	return l.do(ctx, "decide", func(c *models.Case) error {
		who := l.ppid()
		granting := outcome != models.Refused && outcome != models.GrantedInPart
		switch {
		case c.RungRole == models.Superior && c.RungLevel > 0:
			who = l.superior()
		case c.Kind == models.Question && c.Classification == models.Public && c.RungLevel == 0:
			who = l.agent()
		case granting && c.Classification != models.Confidential && c.RungLevel == 0 && l.rng.IntN(2) == 0:
			who = l.head()
		}
		in := l.decision(l.t, outcome, articles{l})
		in.Version = c.Version
		if !l.bare && granting && c.Kind == models.Request && l.rng.IntN(4) == 0 {
			doc, err := l.svc.Attach(ctx, who, l.ref, casework.Upload{Name: "jawaban-" + l.ref + ".pdf", Data: bytes.NewReader(smallPDF(l.in.Subject))})
			if err != nil {
				return err
			}
			fresh, err := l.a.store.Read(ctx).CaseByReference(l.ref)
			if err != nil {
				return err
			}
			in.Version = fresh.Version
			if doc.Classification == models.Public {
				in.Release = []int64{doc.ID}
			}
		}
		_, err := l.svc.Decide(ctx, who, l.ref, in)
		return err
	})
}

// articles reads the pack for a life.
type articles struct{ l *life }

func (a articles) article(id string) string {
	if e, ok := a.l.pack.Exemption(id); ok {
		return e.Article
	}
	return ""
}

func (l *life) publish(ctx context.Context) bool {
	return l.do(ctx, "publish", func(c *models.Case) error {
		if c.Classification != models.Public {
			return nil
		}
		_, err := l.svc.Publish(ctx, l.ppid(), l.ref, casework.PublishInput{Version: c.Version, Summary: l.say(l.t.Summary), MaskRest: true})
		return err
	})
}

// object raises an objection and gives its reference.
func (l *life) object(ctx context.Context, ground string) string {
	ref := ""
	l.do(ctx, "object", func(*models.Case) error {
		f, err := l.svc.Object(ctx, l.requesterActor(), l.ref, casework.ObjectInput{Ground: ground, Text: pick(l.rng, l.words.Objections[ground]), Lang: l.in.Lang})
		if err == nil {
			ref = f.Case.Reference
		}
		return err
	})
	return ref
}

func (l *life) decideObjection(ctx context.Context, ref string, verdict models.Outcome) bool {
	return l.do(ctx, "decide objection", func(*models.Case) error {
		c, err := l.a.store.Read(ctx).CaseByReference(ref)
		if err != nil {
			return err
		}
		if c, err = l.svc.Assign(ctx, l.superior(), ref, casework.AssignInput{Version: c.Version, Officer: l.emailOf(l.superior())}); err != nil {
			return err
		}
		_, err = l.svc.Decide(ctx, l.superior(), ref, casework.DecideInput{Version: c.Version, Outcome: verdict, Text: l.words.ObjectionAnswers[string(verdict)]})
		return err
	})
}
