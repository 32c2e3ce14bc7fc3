package casework

import (
	"context"
	"regexp"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// account records an event about an account.
func (s *Service) account(tx *store.Tx, a models.Actor, o *models.Officer, kind string, data models.EventData) error {
	now := s.now()
	w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
	if o != nil {
		data.Officer, data.Role = o.Name, string(o.Role)
		if o.BodyID != nil {
			b, err := tx.Body(*o.BodyID)
			if err != nil {
				return err
			}
			w.body = b
		}
	}
	return w.record(kind, "", "", data)
}

func administers(a models.Actor, action string) error {
	if a.Kind == models.BySystem || a.Kind == models.ByOfficer && may(a, action, policies.AccessFacts{SameBody: true}).Allowed {
		return nil
	}
	return models.Refuse(models.Forbidden, "not_allowed", action)
}

var slug = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

// Slug makes a slug of a name: "Bagian Hukum" becomes "bagian-hukum".
func Slug(name string) string {
	s := strings.ToLower(name)
	s = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(s, "-"), "-")
	if len(s) > 60 {
		s = strings.Trim(s[:60], "-")
	}
	return s
}

// AddBody creates a public body with its units.
func (s *Service) AddBody(ctx context.Context, a models.Actor, in BodyInput) (*models.Body, error) {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return nil, err
	}
	in.Name, in.About = clean(in.Name), clean(in.About)
	var c models.Check
	c.Field(slug.MatchString(in.Slug), "slug", "not_a_slug")
	text(&c, "name", in.Name, models.MaxName, true)
	text(&c, "about", in.About, maxReason, false)
	now := s.now()
	pack, err := s.packs.InForce(in.Pack, policies.DateOf(now, time.UTC))
	c.Field(err == nil, "pack", "pack_unknown", in.Pack)
	for _, u := range in.Units {
		text(&c, "unit", clean(u.Name), models.MaxName, true)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	b := &models.Body{Slug: in.Slug, Name: in.Name, About: in.About, Pack: pack.ID, Zone: pack.Zone, Version: 1, CreatedAt: now}
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := tx.Insert(b); err != nil {
			if models.CodeOf(err) == "duplicate" {
				return models.Refuse(models.Conflict, "slug_taken", in.Slug)
			}
			return err
		}
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now, body: b}
		if err := w.record("body.added", "", "", models.EventData{New: b.Name}); err != nil {
			return err
		}
		for _, u := range in.Units {
			if _, err := w.addUnit(u); err != nil {
				return err
			}
		}
		return nil
	})
	return b, err
}

// AddUnit creates a unit of a body.
func (s *Service) AddUnit(ctx context.Context, a models.Actor, body string, in UnitInput) (*models.Unit, error) {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return nil, err
	}
	var c models.Check
	text(&c, "name", clean(in.Name), models.MaxName, true)
	if err := c.Err(); err != nil {
		return nil, err
	}
	var u *models.Unit
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		b, err := tx.BodyBySlug(body)
		if err != nil {
			return err
		}
		if !a.InBody(b.ID) {
			return models.Refuse(models.NotFound, "body_not_found")
		}
		w := &work{Tx: tx, s: s, actor: a, now: s.now(), at: s.now(), body: b}
		u, err = w.addUnit(in)
		return err
	})
	return u, err
}

func (w *work) addUnit(in UnitInput) (*models.Unit, error) {
	u := &models.Unit{BodyID: w.body.ID, Slug: in.Slug, Name: clean(in.Name), CreatedAt: w.now}
	if u.Slug == "" {
		u.Slug = Slug(u.Name)
	}
	if in.Parent != "" {
		p, err := w.UnitBySlug(w.body.ID, in.Parent)
		if err != nil {
			return nil, err
		}
		u.ParentID = &p.ID
	}
	if err := w.Insert(u); err != nil {
		if models.CodeOf(err) == "duplicate" {
			return nil, models.Refuse(models.Conflict, "unit_taken", u.Slug)
		}
		return nil, err
	}
	w.unit = u
	defer func() { w.unit = nil }()
	return u, w.record("unit.added", "", "", models.EventData{New: u.Name})
}

// AddOfficer creates an account. Without a password it gives a one-time link's token;
// there are no default passwords.
func (s *Service) AddOfficer(ctx context.Context, a models.Actor, in OfficerInput) (*models.Officer, string, error) {
	if err := administers(a, policies.ActAdminOfficers); err != nil {
		return nil, "", err
	}
	in.Email, in.Name = strings.ToLower(clean(in.Email)), clean(in.Name)
	if in.Clearance == "" {
		in.Clearance = models.Public
	}
	var c models.Check
	c.Field(validEmail(in.Email), "email", "not_an_email")
	text(&c, "name", in.Name, models.MaxName, true)
	one(&c, "role", in.Role, models.Roles)
	one(&c, "clearance", in.Clearance, models.Classes)
	c.Field(in.Body != "" || !in.Role.OnChain(), "body", "required")
	if in.Password != "" {
		checkPassword(&c, "password", in.Password, in.Email, in.Name)
	}
	now := s.now()
	o := &models.Officer{Email: in.Email, Name: in.Name, Role: in.Role, Clearance: in.Clearance, Lang: "id", Version: 1, CreatedAt: now}
	r := s.store.Read(ctx)
	if in.Body != "" {
		b, err := r.BodyBySlug(in.Body)
		if err != nil && models.KindOf(err) != models.NotFound {
			return nil, "", err
		}
		c.Field(err == nil && a.InBody(b.ID), "body", "body_unknown")
		if err == nil {
			o.BodyID = &b.ID
		}
	}
	if in.Unit != "" && o.BodyID != nil {
		u, err := r.UnitBySlug(*o.BodyID, in.Unit)
		if models.KindOf(err) == models.NotFound && err != nil {
			u, err = r.UnitBySlug(*o.BodyID, Slug(in.Unit))
		}
		c.Field(err == nil, "unit", "unit_unknown")
		if err == nil {
			o.UnitID = &u.ID
		}
	}
	if err := c.Err(); err != nil {
		return nil, "", err
	}
	if in.Password != "" {
		o.PasswordHash = s.hashPassword(in.Password)
	}
	link := ""
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := tx.Insert(o); err != nil {
			if models.CodeOf(err) == "duplicate" {
				return models.Refuse(models.Conflict, "email_taken")
			}
			return err
		}
		if err := s.account(tx, a, o, "officer.added", models.EventData{New: string(o.Clearance)}); err != nil {
			return err
		}
		if in.Password != "" {
			return nil
		}
		var err error
		link, err = passwordLink(tx, o, now)
		return err
	})
	return o, link, err
}

// passwordLink makes a one-time link in place of those before it.
func passwordLink(tx *store.Tx, o *models.Officer, now time.Time) (string, error) {
	if err := tx.DeleteTokens(o.ID, models.PasswordLink); err != nil {
		return "", err
	}
	return newPasswordLink(tx, o, now, models.LinkValid)
}

func newPasswordLink(tx *store.Tx, o *models.Officer, now time.Time, valid time.Duration) (string, error) {
	token := models.NewToken()
	return token, tx.Insert(&models.Token{
		TokenHash: models.HashSecret(token), OfficerID: o.ID, Purpose: models.PasswordLink, CreatedAt: now, ExpiresAt: now.Add(valid),
	})
}

// PasswordLink makes a new one-time link for an account, and ends the older ones.
func (s *Service) PasswordLink(ctx context.Context, a models.Actor, email string) (string, error) {
	token := ""
	err := s.onOfficer(ctx, a, email, func(tx *store.Tx, o *models.Officer) error {
		var err error
		if token, err = passwordLink(tx, o, s.now()); err != nil {
			return err
		}
		return s.account(tx, a, o, "officer.link_made", models.EventData{})
	})
	return token, err
}

// DisableOfficer shuts an account and ends its sessions and tokens at once.
func (s *Service) DisableOfficer(ctx context.Context, a models.Actor, email string) error {
	return s.onOfficer(ctx, a, email, func(tx *store.Tx, o *models.Officer) error {
		o.Disabled = true
		if err := tx.UpdateOfficer(o); err != nil {
			return err
		}
		if err := tx.DeleteSessions(o.ID); err != nil {
			return err
		}
		for _, p := range []models.TokenPurpose{models.APIToken, models.PasswordLink} {
			if err := tx.DeleteTokens(o.ID, p); err != nil {
				return err
			}
		}
		if _, err := tx.DeleteFactorReset(o.ID); err != nil {
			return err
		}
		return s.account(tx, a, o, "officer.disabled", models.EventData{})
	})
}

func (s *Service) onOfficer(ctx context.Context, a models.Actor, email string, do func(*store.Tx, *models.Officer) error) error {
	if err := administers(a, policies.ActAdminOfficers); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		o, err := tx.OfficerByEmail(strings.ToLower(clean(email)))
		if err != nil {
			return err
		}
		if a.BodyID != nil && (o.BodyID == nil || *o.BodyID != *a.BodyID) {
			return models.Refuse(models.NotFound, "officer_not_found")
		}
		return do(tx, o)
	})
}

// AwayInput says when an officer is away and who acts for them. Empty From means
// present.
type AwayInput struct {
	Email       string
	From, Until string // YYYY-MM-DD; Until "" for until further notice
	Delegate    string // e-mail of an officer of the same body, not above their clearance's need
}

// SetAway records an absence and its delegate. An officer sets their own, an
// administrator anyone's.
func (s *Service) SetAway(ctx context.Context, a models.Actor, in AwayInput) error {
	in.Email, in.Delegate = strings.ToLower(clean(in.Email)), strings.ToLower(clean(in.Delegate))
	var c models.Check
	for field, day := range map[string]string{"from": in.From, "until": in.Until} {
		_, err := policies.ParseDate(day)
		c.Field(day == "" || err == nil, field, "date")
	}
	c.Field(in.Until == "" || in.From != "", "from", "required")
	c.Field(in.Until == "" || in.From <= in.Until, "until", "date_order")
	if err := c.Err(); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		o, err := tx.OfficerByEmail(in.Email)
		if err != nil {
			return err
		}
		if o.ID != a.OfficerID {
			if err := administers(a, policies.ActAdminOfficers); err != nil {
				return err
			}
			if a.BodyID != nil && (o.BodyID == nil || *o.BodyID != *a.BodyID) {
				return models.Refuse(models.NotFound, "officer_not_found")
			}
		}
		o.AwayFrom, o.AwayUntil, o.DelegateID = in.From, in.Until, nil
		data := models.EventData{Old: in.From, New: in.Until}
		if in.Delegate != "" && in.From != "" {
			d, err := tx.OfficerByEmail(in.Delegate)
			if err != nil && models.KindOf(err) != models.NotFound {
				return err
			}
			c.Field(err == nil, "delegate", "officer_unknown")
			if err == nil {
				c.Field(d.ID != o.ID && !d.Disabled && d.Role.OnChain() && d.BodyID != nil && o.BodyID != nil && *d.BodyID == *o.BodyID, "delegate", "officer_not_of_body")
				o.DelegateID = &d.ID
				data.Parent = d.Name
			}
			if err := c.Err(); err != nil {
				return err
			}
		}
		if err := tx.UpdateOfficer(o); err != nil {
			return err
		}
		return s.account(tx, a, o, "officer.away_set", data)
	})
}

// LinkOfficer says whose one-time link this is; Unauthorized when it is used or
// out of time.
func (s *Service) LinkOfficer(ctx context.Context, token string) (*models.Officer, error) {
	_, o, err := s.link(s.store.Read(ctx), token)
	if err != nil {
		return nil, err
	}
	o.PasswordHash = ""
	return o, nil
}

func (s *Service) link(r *store.Reader, token string) (*models.Token, *models.Officer, error) {
	t, err := r.Token(models.HashSecret(token), models.PasswordLink)
	if err != nil && models.KindOf(err) != models.NotFound {
		return nil, nil, err
	}
	if err != nil || t.UsedAt != nil || s.now().After(t.ExpiresAt) {
		return nil, nil, models.Refuse(models.Unauthorized, "link_not_valid")
	}
	o, err := r.Officer(t.OfficerID)
	if err != nil {
		return nil, nil, err
	}
	if o.Disabled {
		return nil, nil, models.Refuse(models.Unauthorized, "link_not_valid")
	}
	return t, o, nil
}

// SetPassword uses a one-time link. It ends every session of the account.
func (s *Service) SetPassword(ctx context.Context, token, password string) error {
	_, who, err := s.link(s.store.Read(ctx), token)
	if err != nil {
		return err
	}
	var c models.Check
	checkPassword(&c, "password", password, who.Email, who.Name)
	if err := c.Err(); err != nil {
		return err
	}
	hash := s.hashPassword(password) // outside the transaction: it takes tens of milliseconds
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		t, o, err := s.link(tx.Reader, token)
		if err != nil {
			return err
		}
		if err := tx.UseToken(t.ID, s.now()); err != nil {
			return err
		}
		if err := tx.DeleteTokens(o.ID, models.PasswordLink); err != nil {
			return err
		}
		o.PasswordHash = hash
		if err := tx.UpdateOfficer(o); err != nil {
			return err
		}
		if err := tx.DeleteSessions(o.ID); err != nil {
			return err
		}
		a, err := actorOf(tx.Reader, o, s.now())
		if err != nil {
			return err
		}
		return s.changed(tx, a, o, "password_set", Device{}, models.EventData{})
	})
}

// IssueToken makes a bearer token of the API for an officer.
func (s *Service) IssueToken(ctx context.Context, a models.Actor, email string, ttl time.Duration) (string, time.Time, error) {
	token := models.NewToken()
	now := s.now()
	expires := now.Add(ttl)
	var c models.Check
	c.Field(ttl > 0 && ttl <= 366*24*time.Hour, "expires", "out_of_range", "1h", "8784h")
	if err := c.Err(); err != nil {
		return "", expires, err
	}
	err := s.onOfficer(ctx, a, email, func(tx *store.Tx, o *models.Officer) error {
		if o.Disabled {
			return models.Refuse(models.Conflict, "officer_disabled")
		}
		if err := tx.Insert(&models.Token{TokenHash: models.HashSecret(token), OfficerID: o.ID, Purpose: models.APIToken, CreatedAt: now, ExpiresAt: expires}); err != nil {
			return err
		}
		return s.account(tx, a, o, "token.issued", models.EventData{New: expires.Format(time.RFC3339)})
	})
	return token, expires, err
}

// TokenActor is the officer behind a bearer token; Unauthorized when there is none.
func (s *Service) TokenActor(ctx context.Context, token string) (models.Actor, error) {
	r := s.store.Read(ctx)
	t, err := r.Token(models.HashSecret(token), models.APIToken)
	if err != nil && models.KindOf(err) != models.NotFound {
		return models.Actor{}, err
	}
	if err != nil || s.now().After(t.ExpiresAt) {
		return models.Actor{}, models.Refuse(models.Unauthorized, "token_not_valid")
	}
	o, err := r.Officer(t.OfficerID)
	if err != nil {
		return models.Actor{}, err
	}
	if o.Disabled {
		return models.Actor{}, models.Refuse(models.Unauthorized, "token_not_valid")
	}
	a, err := actorOf(r, o, s.now())
	a.Via = "api"
	return a, err
}

// FirstRun says whether no account exists yet.
func (s *Service) FirstRun(ctx context.Context) (bool, error) {
	list, err := s.store.Read(ctx).Officers(nil, 0, 1)
	return len(list) == 0, err
}

// ActorFor is the actor of an account, for commands and for the demo.
func (s *Service) ActorFor(ctx context.Context, email string) (models.Actor, error) {
	r := s.store.Read(ctx)
	o, err := r.OfficerByEmail(strings.ToLower(email))
	if err != nil {
		return models.Actor{}, err
	}
	return actorOf(r, o, s.now())
}

// Officers lists the accounts an administrator keeps.
func (s *Service) Officers(ctx context.Context, a models.Actor, after int64, limit int) ([]models.Officer, error) {
	if err := administers(a, policies.ActAdminOfficers); err != nil {
		return nil, err
	}
	list, err := s.store.Read(ctx).Officers(a.BodyID, after, limit)
	for i := range list {
		list[i].PasswordHash = ""
	}
	return list, err
}
