package public

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gofiber/fiber/v2"
	"golang.org/x/oauth2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
)

// Provider is a body's own sign-in service, by OpenID Connect.
type Provider struct {
	Issuer       string
	ClientID     string
	Secret       string
	Name         string   // on the button
	Body         string   // slug of the body whose officers come this way; "" for all
	SecondFactor []string // values of amr or acr that count as a second factor

	mu    sync.Mutex
	found *oidc.Provider
}

// providerPatience is how long one question to the service may take: sign-in by password
// must not wait for it, and no request of ours does.
const providerPatience = 8 * time.Second

// A redirect would lead the client's secret, or the question for the keys, to another place than
// the one that was configured.
var providerClient = &http.Client{Timeout: providerPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// discover asks the service once where its parts are. A failure is asked again.
func (p *Provider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// Not the request's context: keys are fetched with it later.
	found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), providerClient), p.Issuer)
	if err == nil {
		p.found = found
	}
	return found, err
}

func (h *handler) providerConfig() (*oidc.Provider, *oauth2.Config, error) {
	p := h.opt.Provider
	if p == nil {
		return nil, nil, fiber.ErrNotFound
	}
	found, err := p.discover()
	if err != nil {
		return nil, nil, &awayError{err}
	}
	return found, &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: h.w.Link("/sign-in/provider/back"),
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, nil
}

// awayError is the service's failure, not ours and not the officer's.
type awayError struct{ err error }

func (e *awayError) Error() string { return "sign-in service: " + e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

// leaving is what the browser proves on coming back: that it is the one that left.
type leaving struct{ State, Nonce, Verifier, Next string }

const (
	leavingCookie  = "terang_provider"
	leavingPurpose = "provider/sign-in"
	leavingFor     = 10 * time.Minute
)

// toProvider leads to the service. The cookie is sent back with the redirect from there,
// because SameSite=Lax allows that for a navigation.
func (h *handler) toProvider(c *fiber.Ctx) error {
	_, config, err := h.providerConfig()
	if err != nil {
		return h.providerFailed(c, err, c.Query("next"))
	}
	out := leaving{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: web.LocalPath(c.Query("next"), "")}
	sealed, err := h.w.Seal(leavingPurpose, out, leavingFor)
	if err != nil {
		return err
	}
	h.w.SetCookie(c, web.Cookie{Name: leavingCookie, Value: sealed, TTL: leavingFor})
	return web.SeeOther(c, config.AuthCodeURL(out.State, oidc.Nonce(out.Nonce), oauth2.S256ChallengeOption(out.Verifier)))
}

func (h *handler) fromProvider(c *fiber.Ctx) error {
	var out leaving
	sealed := h.w.GetCookie(c, leavingCookie, "/")
	h.w.DropCookie(c, leavingCookie, "/")
	if h.opt.Provider == nil {
		return fiber.ErrNotFound
	}
	refused := models.Refuse(models.Unauthorized, "provider_refused")
	if h.w.Unseal(leavingPurpose, sealed, &out) != nil || subtle.ConstantTimeCompare([]byte(out.State), []byte(c.Query("state"))) != 1 {
		return h.providerFailed(c, refused, "")
	}
	var answer casework.ProviderAnswer // of nobody: refused, counted and recorded as every failure is
	if c.Query("error") == "" && c.Query("code") != "" && (c.Query("iss") == "" || c.Query("iss") == h.opt.Provider.Issuer) {
		var err error
		if answer, err = h.redeem(c.UserContext(), c.Query("code"), out); err != nil && models.KindOf(err) != models.Unauthorized {
			return h.providerFailed(c, err, out.Next)
		}
	}
	token, a, err := h.svc.SignInByProvider(c.UserContext(), answer, h.w.Scope(c), h.device(c))
	if err != nil {
		return h.providerFailed(c, err, out.Next)
	}
	return h.enter(c, token, a, out.Next)
}

// redeem turns the code into who signed in there.
func (h *handler) redeem(ctx context.Context, code string, out leaving) (casework.ProviderAnswer, error) {
	var none casework.ProviderAnswer
	refused := models.Refuse(models.Unauthorized, "provider_refused")
	found, config, err := h.providerConfig()
	if err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, providerClient), providerPatience)
	defer cancel()
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(out.Verifier))
	if err != nil {
		var said *oauth2.RetrieveError
		if errors.As(err, &said) && said.Response != nil && said.Response.StatusCode < 500 {
			return none, refused // it answered, and would not
		}
		return none, &awayError{err}
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return none, refused
	}
	id, err := found.Verifier(&oidc.Config{ClientID: h.opt.Provider.ClientID, Now: h.w.Now}).Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(out.Nonce)) != 1 {
		h.w.Logger().Warn("an identity token of the sign-in service was refused", "error", err)
		return none, refused
	}
	var claims struct {
		Email    string   `json:"email"`
		Verified any      `json:"email_verified"`
		AMR      []string `json:"amr"`
		ACR      string   `json:"acr"`
		Party    string   `json:"azp"`
	}
	if err := id.Claims(&claims); err != nil || len(id.Audience) > 1 && claims.Party != h.opt.Provider.ClientID {
		return none, refused
	}
	counts := h.opt.Provider.SecondFactor
	return casework.ProviderAnswer{
		Issuer: id.Issuer, Subject: id.Subject, Email: claims.Email, Body: h.opt.Provider.Body,
		// Some services write the truth as text.
		Verified: claims.Verified == true || claims.Verified == "true",
		SecondFactor: claims.ACR != "" && slices.Contains(counts, claims.ACR) ||
			slices.ContainsFunc(claims.AMR, func(m string) bool { return slices.Contains(counts, m) }),
	}, nil
}

// providerFailed shows the sign-in page with what went wrong; the password is still a way in.
func (h *handler) providerFailed(c *fiber.Ctx, err error, next string) error {
	l := web.Lang(c)
	var away *awayError
	switch {
	case errors.As(err, &away):
		h.w.Logger().Warn("the sign-in service is away", "error", away.err)
		return h.drawSignIn(c, "", next, []components.FieldError{{Text: l.T("signin.provider_away")}}, fiber.StatusServiceUnavailable)
	case models.KindOf(err) == models.Unauthorized:
		return h.drawSignIn(c, "", next, []components.FieldError{{Text: l.T("signin.provider_refused")}}, fiber.StatusUnprocessableEntity)
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawSignIn(c, "", next, errs, status)
	}
	return err
}
