package casework

import (
	"context"
	"strings"

	"terang/models"
	"terang/models/store"
)

// ProviderAnswer is what a body's own sign-in service says of who signed in there, its
// signature and freshness already checked.
type ProviderAnswer struct {
	Issuer       string
	Subject      string
	Email        string
	Verified     bool   // the service has seen that the address is theirs
	SecondFactor bool   // they proved a second factor there, in a way this installation counts
	Body         string // slug; only its officers come this way. "" for all
}

// SignInByProvider opens a session for the account with the service's verified address.
// It makes no accounts. The first sign-in pins the service's account to ours; another
// account there with the same address is refused from then on, because addresses are
// handed on and accounts are not.
func (s *Service) SignInByProvider(ctx context.Context, in ProviderAnswer, scope string, device ...Device) (string, models.Actor, error) {
	keys := []string{"signin:" + scope}
	if err := s.throttled(ctx, keys); err != nil {
		return "", models.Actor{}, err
	}
	refusal := models.Refuse(models.Unauthorized, "provider_refused")
	in.Email = strings.ToLower(clean(in.Email))
	var o *models.Officer
	if in.Verified && in.Subject != "" && in.Issuer != "" && validEmail(in.Email) {
		var err error
		if o, err = s.store.Read(ctx).OfficerByEmail(in.Email); err != nil && models.KindOf(err) != models.NotFound {
			return "", models.Actor{}, err
		}
	}
	if o == nil || o.Disabled {
		return "", models.Actor{}, either(s.signInFailed(ctx, o, models.WayProvider, keys), refusal)
	}
	token, a, refused := "", models.Actor{}, false
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		refused = false
		if in.Body != "" {
			b, err := tx.BodyBySlug(in.Body)
			if err != nil && models.KindOf(err) != models.NotFound {
				return err
			}
			if err != nil || o.BodyID == nil || *o.BodyID != b.ID {
				refused = true
				return nil
			}
		}
		pinned, err := tx.SubjectOf(o.ID, in.Issuer)
		if err != nil {
			return err
		}
		taken, err := tx.Subject(in.Issuer, in.Subject)
		if err != nil {
			return err
		}
		d := deviceOf(device)
		switch {
		case pinned == nil && taken == nil:
			if err := tx.Insert(&models.ProviderSubject{OfficerID: o.ID, Issuer: in.Issuer, Subject: in.Subject, CreatedAt: s.now()}); err != nil {
				return err
			}
			if err := s.account(tx, models.Actor{Kind: models.Anyone}, o, "officer.provider_pinned", models.EventData{Source: models.WayProvider}); err != nil {
				return err
			}
		case pinned == nil || taken == nil || pinned.ID != taken.ID:
			refused = true
			return s.changed(tx, models.Actor{Kind: models.Anyone}, o, "provider_refused", d, models.EventData{Source: models.WayProvider})
		}
		factor := models.Factor("")
		if in.SecondFactor {
			factor = models.FactorProvider
		}
		token, a, err = s.open(tx, o, models.WayProvider, factor, d)
		return err
	})
	if err == nil && refused {
		return "", models.Actor{}, either(s.signInFailed(ctx, o, models.WayProvider, keys), refusal)
	}
	return token, a, err
}
