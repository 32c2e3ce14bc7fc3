package public

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	qrcode "github.com/skip2/go-qrcode"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Account lists what signing in, and one's own account, need.
type Account interface {
	SignIn(ctx context.Context, email, password, scope string, device ...casework.Device) (string, models.Actor, error)
	SignOut(ctx context.Context, token string) error
	LinkOfficer(ctx context.Context, token string) (*models.Officer, error)
	SetPassword(ctx context.Context, token, password string) error
	AskPassword(ctx context.Context, email, lang, scope string) error

	PasskeysOffered() bool
	SecondFactorRule() models.SecondFactorRule
	MeetPasskey(ctx context.Context) (casework.Ceremony, error)
	SignInByPasskey(ctx context.Context, state, answer []byte, scope string, device ...casework.Device) (string, models.Actor, error)
	SignInByProvider(ctx context.Context, in casework.ProviderAnswer, scope string, device ...casework.Device) (string, models.Actor, error)

	ProveApp(ctx context.Context, h casework.Holder, code, scope string) (string, error)
	ProveRecovery(ctx context.Context, h casework.Holder, code, scope string) (string, error)
	AskPasskey(ctx context.Context, h casework.Holder) (casework.Ceremony, error)
	ProvePasskey(ctx context.Context, h casework.Holder, state, answer []byte, scope string) (string, error)
	ConfirmPassword(ctx context.Context, h casework.Holder, password, scope string) (string, error)

	Account(ctx context.Context, h casework.Holder) (*casework.AccountView, error)
	SetUpApp(ctx context.Context, h casework.Holder) (casework.AppSetup, error)
	ConfirmApp(ctx context.Context, h casework.Holder, code, scope string) (string, []string, error)
	RemoveApp(ctx context.Context, h casework.Holder) error
	OfferPasskey(ctx context.Context, h casework.Holder) (casework.Ceremony, error)
	AddPasskey(ctx context.Context, h casework.Holder, state, answer []byte, name string) (string, []string, error)
	RemovePasskey(ctx context.Context, h casework.Holder, id int64) error
	MakeRecoveryCodes(ctx context.Context, h casework.Holder) ([]string, error)
	ChangePassword(ctx context.Context, h casework.Holder, old, password, scope string) (string, error)
	EndSession(ctx context.Context, h casework.Holder, id int64) error
	EndSessions(ctx context.Context, h casework.Holder, hereToo bool) error
}

// mountAccount adds the routes of signing in and of one's own account. holding takes any
// session, also one that owes its second step; own, one that may change how the account is
// opened; the others a whole session of any role.
func (h *handler) mountAccount(app fiber.Router) {
	w := h.w
	app.Get("/sign-in", w.Anyone, h.signInPage)
	app.Post("/sign-in", w.Anyone, h.signIn)
	app.Post("/sign-in/passkey/begin", w.Anyone, h.meetPasskey)
	app.Post("/sign-in/passkey", w.Anyone, h.signInByPasskey)
	app.Get("/sign-in/provider", w.Anyone, h.toProvider)
	app.Get("/sign-in/provider/back", w.Anyone, h.fromProvider)
	app.Get("/sign-in/forgot", w.Anyone, h.forgotPage)
	app.Post("/sign-in/forgot", w.Anyone, h.forgot)
	app.Post("/sign-out", w.Anyone, h.signOut)
	app.Get("/welcome/:token", w.Anyone, h.welcomePage)
	app.Post("/welcome/:token", w.Anyone, h.welcome)

	app.Get("/sign-in/step", h.holding(h.stepForm))
	app.Post("/sign-in/step", h.holding(h.step))
	app.Post("/sign-in/step/passkey/begin", h.holding(h.askPasskey))
	app.Post("/sign-in/step/passkey", h.holding(h.provePasskey))

	app.Get("/account/app", h.own(h.appPage))
	app.Get("/account/app/qr", h.own(h.appQR))
	app.Post("/account/app", h.own(h.confirmApp))
	app.Post("/account/app/remove", h.own(h.removeApp))
	app.Get("/account/passkey", h.own(h.passkeyPage))
	app.Post("/account/passkey/begin", h.own(h.offerPasskey))
	app.Post("/account/passkey", h.own(h.addPasskey))
	app.Post("/account/passkeys/:id/remove", h.own(h.removePasskey))
	app.Post("/account/codes", h.own(h.newCodes))

	whole := w.Officers(models.Roles...)
	app.Get("/account", whole, h.account)
	app.Get("/account/password", whole, h.passwordPage)
	app.Post("/account/password", whole, h.changePassword)
	app.Post("/account/sessions", whole, h.endSessions)
	app.Post("/account/sessions/:id/end", whole, h.endSession)
}

// holding lets pass who holds a session, whatever it owes; a form needs its token.
func (h *handler) holding(next func(*fiber.Ctx, *web.Session) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		s := web.Held(c)
		switch {
		case s == nil && web.Unsafe(c):
			return models.Refuse(models.Unauthorized, "no_session")
		case s == nil:
			return web.SeeOther(c, string(with("/sign-in", c.OriginalURL())))
		case web.Unsafe(c):
			if err := h.w.CheckToken(c, s.CSRF); err != nil {
				return err
			}
		}
		return next(c, s)
	}
}

// own lets pass who may change how their account is opened: nothing is owed but the
// setting up, and all they have was proved not long ago. Others prove it first and come
// back.
func (h *handler) own(next func(*fiber.Ctx, *web.Session) error) fiber.Handler {
	return h.holding(func(c *fiber.Ctx, s *web.Session) error {
		if s.Step != casework.StepProve && h.w.Now().Sub(s.ConfirmedAt) <= models.ConfirmFor {
			return next(c, s)
		}
		back := "/account"
		if !web.Unsafe(c) {
			back = c.Path()
		}
		return web.SeeOther(c, string(with(web.StepPath, back)))
	})
}

func (h *handler) holder(c *fiber.Ctx, s *web.Session) casework.Holder {
	return casework.Holder{SessionID: s.ID, OfficerID: s.OfficerID, Device: h.device(c)}
}

func (h *handler) drawStep(c *fiber.Ctx, s *web.Session, next string, errs []components.FieldError, status int) error {
	v, err := h.svc.Account(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	return web.Render(c, status, pages.SecondStepPage(pages.SecondStep{
		Step:  pages.Step{Page: h.w.Page(c, "", s.CSRF), Errors: errs, Action: web.StepPath},
		Again: s.Step == "", App: v.App, Passkeys: len(v.Passkeys) > 0 && h.svc.PasskeysOffered(), Keys: len(v.Passkeys) > 0, Password: !s.Strong,
		Next: web.LocalPath(next, ""),
	}))
}

func (h *handler) stepForm(c *fiber.Ctx, s *web.Session) error {
	if s.Step == casework.StepEnrol && h.w.Now().Sub(s.ConfirmedAt) <= models.ConfirmFor {
		return web.Render(c, fiber.StatusOK, pages.EnrolPage(pages.Enrol{
			Step: pages.Step{Page: h.w.Page(c, "", s.CSRF)}, Account: s.Name, Passkeys: h.svc.PasskeysOffered(),
		}))
	}
	return h.drawStep(c, s, c.Query("next"), nil, fiber.StatusOK)
}

func (h *handler) step(c *fiber.Ctx, s *web.Session) error {
	f := web.ReadForm(c)
	next, by := f.Line("next"), f.Line("with")
	prove, field, value := h.svc.ProveApp, "code", f.Line("code")
	switch by {
	case "recovery":
		prove, field, value = h.svc.ProveRecovery, "recovery", f.Line("recovery")
	case "password":
		prove, field, value = h.svc.ConfirmPassword, "password", f.Secret("password")
	}
	var check models.Check
	check.Field(value != "", field, "required")
	err := web.Faults(f.Err(), check.Err())
	token := ""
	if err == nil {
		token, err = prove(c.UserContext(), h.holder(c, s), value, h.w.Scope(c))
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawStep(c, s, next, errs, status)
	}
	if err != nil {
		return err
	}
	return h.proved(c, s, token, next)
}

// proved gives a session its new cookie and leads to where its holder was going.
func (h *handler) proved(c *fiber.Ctx, s *web.Session, token, next string) error {
	h.w.SignIn(c, token)
	if s.Step == casework.StepEnrol {
		return web.SeeOther(c, web.StepPath)
	}
	return web.SeeOther(c, landing(s.Role, next))
}

// ---- passkeys: the challenge goes to the script, what it was is kept sealed in a cookie

const ceremonyCookie = "terang_ceremony"

func (h *handler) challenge(c *fiber.Ctx, purpose string, ask casework.Ceremony, err error) error {
	if err != nil {
		return err
	}
	sealed, err := h.w.Seal(purpose, ask.Kept, models.CeremonyFor)
	if err != nil {
		return err
	}
	h.w.SetCookie(c, web.Cookie{Name: ceremonyCookie, Value: sealed, TTL: models.CeremonyFor})
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(ask.Options)
}

// answered reads what the passkey answered and what it was asked; an answer to nothing
// gets a state that fits nothing.
func (h *handler) answered(c *fiber.Ctx, purpose string) (state, answer []byte) {
	sealed := h.w.GetCookie(c, ceremonyCookie, "/")
	h.w.DropCookie(c, ceremonyCookie, "/")
	if err := h.w.Unseal(purpose, sealed, &state); err != nil {
		state = []byte("null")
	}
	answer = []byte(web.ReadForm(c).Secret("answer"))
	if !json.Valid(answer) {
		answer = nil
	}
	return state, answer
}

func purposeOf(what string, s *web.Session) string { return fmt.Sprintf("passkey/%s/%d", what, s.ID) }

func (h *handler) meetPasskey(c *fiber.Ctx) error {
	ask, err := h.svc.MeetPasskey(c.UserContext())
	return h.challenge(c, "passkey/sign-in", ask, err)
}

func (h *handler) signInByPasskey(c *fiber.Ctx) error {
	next := web.ReadForm(c).Line("next")
	state, answer := h.answered(c, "passkey/sign-in")
	token, a, err := h.svc.SignInByPasskey(c.UserContext(), state, answer, h.w.Scope(c), h.device(c))
	if models.KindOf(err) == models.Unauthorized {
		return h.drawSignIn(c, "", next, []components.FieldError{{Text: web.Lang(c).T("signin.passkey_refused")}}, fiber.StatusUnprocessableEntity)
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawSignIn(c, "", next, errs, status)
	}
	if err != nil {
		return err
	}
	return h.enter(c, token, a, next)
}

func (h *handler) askPasskey(c *fiber.Ctx, s *web.Session) error {
	ask, err := h.svc.AskPasskey(c.UserContext(), h.holder(c, s))
	return h.challenge(c, purposeOf("step", s), ask, err)
}

func (h *handler) provePasskey(c *fiber.Ctx, s *web.Session) error {
	next := web.ReadForm(c).Line("next")
	state, answer := h.answered(c, purposeOf("step", s))
	token, err := h.svc.ProvePasskey(c.UserContext(), h.holder(c, s), state, answer, h.w.Scope(c))
	if err != nil && models.CodeOf(err) == "passkey_refused" {
		return h.drawStep(c, s, next, []components.FieldError{{Text: web.Lang(c).Error("passkey_refused")}}, fiber.StatusUnprocessableEntity)
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawStep(c, s, next, errs, status)
	}
	if err != nil {
		return err
	}
	return h.proved(c, s, token, next)
}

// ---- setting up

// backFrom is where the pages of setting up lead back to.
func backFrom(s *web.Session) string {
	if s.Step != "" {
		return web.StepPath
	}
	return "/account"
}

func (h *handler) drawApp(c *fiber.Ctx, s *web.Session, errs []components.FieldError, status int) error {
	setup, err := h.svc.SetUpApp(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	v, err := h.svc.Account(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	return web.Render(c, status, pages.AppSetupPage(pages.AppSetup{
		Step: pages.Step{Page: h.w.Page(c, "", s.CSRF), Errors: errs, Action: "/account/app", BackURL: href(backFrom(s))},
		Key:  setup.Key, QR: "/account/app/qr", Change: v.App,
	}))
}

func (h *handler) appPage(c *fiber.Ctx, s *web.Session) error {
	return h.drawApp(c, s, nil, fiber.StatusOK)
}

const qrSize = 264 // pixels

// appQR draws the key for a camera. Like every page of ours it is stored nowhere.
func (h *handler) appQR(c *fiber.Ctx, s *web.Session) error {
	setup, err := h.svc.SetUpApp(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	png, err := qrcode.Encode(setup.URI, qrcode.Medium, qrSize)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "image/png")
	return c.Send(png)
}

func (h *handler) confirmApp(c *fiber.Ctx, s *web.Session) error {
	f := web.ReadForm(c)
	code := f.Line("code")
	var check models.Check
	check.Field(code != "", "code", "required")
	err := web.Faults(f.Err(), check.Err())
	token, codes := "", []string(nil)
	if err == nil {
		token, codes, err = h.svc.ConfirmApp(c.UserContext(), h.holder(c, s), code, h.w.Scope(c))
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawApp(c, s, errs, status)
	}
	if err != nil {
		return err
	}
	return h.added(c, s, token, web.Lang(c).T("app.added"), codes)
}

// added shows what was set up, and the codes where some were made: this once.
func (h *handler) added(c *fiber.Ctx, s *web.Session, token, done string, codes []string) error {
	if token != "" {
		h.w.SignIn(c, token)
	}
	next := "/account"
	if s.Step != "" {
		next = landing(s.Role, "")
	}
	return web.Render(c, fiber.StatusOK, pages.CodesPage(pages.Codes{Page: h.w.Page(c, "", s.CSRF), Done: done, List: codes, Next: href(next)}))
}

func (h *handler) drawPasskey(c *fiber.Ctx, s *web.Session, name string, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.PasskeySetupPage(pages.PasskeySetup{
		Step: pages.Step{Page: h.w.Page(c, "", s.CSRF), Errors: errs, BackURL: href(backFrom(s))},
		Name: name, Possible: h.svc.PasskeysOffered(),
	}))
}

func (h *handler) passkeyPage(c *fiber.Ctx, s *web.Session) error {
	return h.drawPasskey(c, s, "", nil, fiber.StatusOK)
}

func (h *handler) offerPasskey(c *fiber.Ctx, s *web.Session) error {
	ask, err := h.svc.OfferPasskey(c.UserContext(), h.holder(c, s))
	return h.challenge(c, purposeOf("new", s), ask, err)
}

func (h *handler) addPasskey(c *fiber.Ctx, s *web.Session) error {
	f := web.ReadForm(c)
	name := f.Line("name")
	state, answer := h.answered(c, purposeOf("new", s))
	err := f.Err()
	token, codes := "", []string(nil)
	if err == nil {
		token, codes, err = h.svc.AddPasskey(c.UserContext(), h.holder(c, s), state, answer, name)
	}
	if err != nil && models.CodeOf(err) == "passkey_refused" {
		return h.drawPasskey(c, s, name, []components.FieldError{{Text: web.Lang(c).Error("passkey_refused")}}, fiber.StatusUnprocessableEntity)
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawPasskey(c, s, name, errs, status)
	}
	if err != nil {
		return err
	}
	return h.added(c, s, token, web.Lang(c).T("passkey.added"), codes)
}

func (h *handler) removeApp(c *fiber.Ctx, s *web.Session) error {
	return h.accountDone(c, h.svc.RemoveApp(c.UserContext(), h.holder(c, s)), "account.flash.done")
}

func (h *handler) removePasskey(c *fiber.Ctx, s *web.Session) error {
	return h.accountDone(c, h.svc.RemovePasskey(c.UserContext(), h.holder(c, s), numbered(c)), "account.flash.done")
}

// accountDone leads back to the account with what was done, or that there was nothing left to do.
func (h *handler) accountDone(c *fiber.Ctx, err error, flash string) error {
	if err != nil && models.KindOf(err) == models.NotFound {
		err, flash = nil, "account.flash.warn_gone"
	}
	if err != nil {
		return err
	}
	h.w.Flash(c, flash)
	return web.SeeOther(c, "/account")
}

func numbered(c *fiber.Ctx) int64 {
	n, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (h *handler) newCodes(c *fiber.Ctx, s *web.Session) error {
	codes, err := h.svc.MakeRecoveryCodes(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	return h.added(c, s, "", web.Lang(c).T("codes.new"), codes)
}

// ---- the account

func (h *handler) account(c *fiber.Ctx) error {
	s := web.Held(c)
	a, err := h.svc.Account(c.UserContext(), h.holder(c, s))
	if err != nil {
		return err
	}
	l := web.Lang(c)
	o := a.Officer
	fact := func(key, value string) components.SummaryRow {
		return components.SummaryRow{Key: l.T(key), Values: []string{value}}
	}
	body := a.Body
	if body == "" {
		body = l.T("account.everywhere")
	}
	v := pages.Account{
		Page: h.w.Page(c, l.T("account.title"), ""), Password: a.HasPassword, HasApp: a.App, Strong: s.Strong, Passkeys: h.svc.PasskeysOffered(),
		Facts: []components.SummaryRow{
			fact("account.name", o.Name), fact("account.email", o.Email), fact("account.role", l.T("role."+string(o.Role))), fact("account.body", body),
			{Key: l.T("account.clearance"), Tag: components.ClassTag(l, string(o.Clearance))},
		},
		App: l.T("account.app_none"), Needed: l.T("account.offered"), Codes: l.T("account.codes_left", a.CodesLeft, models.RecoveryCodes),
		BackURL: href(landing(o.Role, "")), BackName: l.T("account.back"),
	}
	if a.Needed {
		v.Needed = l.T("account.needed")
	}
	if a.App && a.AppSince != nil {
		v.App = l.T("account.app_since", l.Date(*a.AppSince, nil))
	}
	ways := len(a.Passkeys)
	if a.App {
		ways++
	}
	v.Last = a.Needed && ways == 1
	for _, k := range a.Passkeys {
		row := pages.AccountKey{Name: k.Name, Since: l.T("account.key_since", l.Date(k.CreatedAt, nil))}
		if k.UsedAt != nil {
			row.Used = l.T("account.key_used", l.Date(*k.UsedAt, nil))
		}
		if !v.Last {
			row.Remove = href(fmt.Sprintf("/account/passkeys/%d/remove", k.ID))
		}
		v.Keys = append(v.Keys, row)
	}
	for _, x := range a.Sessions {
		row := pages.AccountSession{
			Device: deviceWords(l, x.Device), From: l.T("account.from_unknown"),
			First: l.T("account.first", l.ShortDateTime(x.CreatedAt, nil)), Last: l.T("account.last_seen", l.ShortDateTime(x.SeenAt, nil)),
		}
		if x.Address != "" {
			row.From = l.T("account.from", x.Address)
		}
		switch {
		case x.Here:
			row.Tag = components.Tag{Label: l.T("account.here"), Tone: "green"}
		case x.Owes:
			row.Tag = components.Tag{Label: l.T("account.owes"), Tone: "amber"}
		}
		if !x.Here {
			row.End = href(fmt.Sprintf("/account/sessions/%d/end", x.ID))
		}
		v.Sessions = append(v.Sessions, row)
	}
	if a.Resets > 0 {
		v.Resets = l.T("resets.title") + ": " + strconv.Itoa(a.Resets)
	}
	return web.Render(c, fiber.StatusOK, pages.AccountPage(v))
}

// Marks by which browsers and systems name themselves, in the order in which to look: each
// calls itself by the names of those before it too.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"UCBrowser", "UC Browser"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"Chrom", "Chrome"}, {"Safari", "Safari"}}
	systems = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"CrOS", "Chromebook"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"}}
)

// deviceWords is a browser in plain words: "Chrome di Android".
func deviceWords(l text.Lang, agent string) string {
	find := func(marks [][2]string) string {
		for _, m := range marks {
			if strings.Contains(agent, m[0]) {
				return m[1]
			}
		}
		return ""
	}
	b, s := find(browsers), find(systems)
	switch {
	case b == "" && s == "":
		return l.T("device.unknown")
	case b == "":
		return s
	case s == "":
		s = l.T("device.computer")
	}
	return l.T("device.on", b, s)
}

func (h *handler) endSession(c *fiber.Ctx) error {
	s := web.Held(c)
	return h.accountDone(c, h.svc.EndSession(c.UserContext(), h.holder(c, s), numbered(c)), "account.flash.ended")
}

func (h *handler) endSessions(c *fiber.Ctx) error {
	s := web.Held(c)
	all := web.ReadForm(c).Line("which") == "all"
	if err := h.svc.EndSessions(c.UserContext(), h.holder(c, s), all); err != nil {
		return err
	}
	if all {
		h.w.SignOut(c)
		return web.SeeOther(c, "/sign-in")
	}
	return h.accountDone(c, nil, "account.flash.ended")
}

func (h *handler) drawPassword(c *fiber.Ctx, errs []components.FieldError, status int) error {
	v, err := h.svc.Account(c.UserContext(), h.holder(c, web.Held(c)))
	if err != nil {
		return err
	}
	return web.Render(c, status, pages.NewPasswordPage(pages.NewPassword{
		Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, Action: "/account/password", BackURL: "/account"}, Email: v.Officer.Email,
	}))
}

func (h *handler) passwordPage(c *fiber.Ctx) error { return h.drawPassword(c, nil, fiber.StatusOK) }

func (h *handler) changePassword(c *fiber.Ctx) error {
	s, f := web.Held(c), web.ReadForm(c)
	old, password, repeat := f.Secret("old"), f.Secret("password"), f.Secret("repeat")
	var check models.Check
	check.Field(old != "", "old", "required")
	check.Field(password != "", "password", "required")
	check.Field(password == repeat, "repeat", "password_match")
	err := web.Faults(f.Err(), check.Err())
	token := ""
	if err == nil {
		token, err = h.svc.ChangePassword(c.UserContext(), h.holder(c, s), old, password, h.w.Scope(c))
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawPassword(c, errs, status)
	}
	if err != nil {
		return err
	}
	h.w.SignIn(c, token)
	return h.accountDone(c, nil, "account.flash.password")
}

// ---- a forgotten password

func (h *handler) drawForgot(c *fiber.Ctx, email string, sent bool, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.ForgotPage(pages.Forgot{
		Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, Action: "/sign-in/forgot"}, Email: email, Sent: sent,
	}))
}

func (h *handler) forgotPage(c *fiber.Ctx) error {
	return h.drawForgot(c, "", false, nil, fiber.StatusOK)
}

// forgot answers the same whoever has an account.
func (h *handler) forgot(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	email := f.Line("email")
	var check models.Check
	check.Field(email != "", "email", "required")
	err := web.Faults(f.Err(), check.Err())
	if err == nil {
		err = h.svc.AskPassword(c.UserContext(), email, string(web.Lang(c)), h.w.Scope(c))
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawForgot(c, email, false, errs, status)
	}
	if err != nil {
		return err
	}
	return h.drawForgot(c, "", true, nil, fiber.StatusOK)
}
