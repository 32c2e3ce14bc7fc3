// Package api is the JSON API: filing, tracking, disclosures, the desk's verbs and
// the trail, described by one OpenAPI document. It knows no cookie, so nothing here
// can be done by a page of another site.
package api

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/models/casework"
	"terang/views/text"
)

// Service is what the API may do: a list of privileges.
type Service interface {
	Pressure(ctx context.Context, u casework.Use, scope string) (bool, error)
	Used(ctx context.Context, u casework.Use, scope string) error
	Bodies(ctx context.Context, after int64, limit int) ([]models.Body, error)
	Body(ctx context.Context, slug string) (*casework.BodyView, error)
	Disclosures(ctx context.Context, q, body, cursor string, limit int) ([]models.Disclosure, string, error)
	Disclosure(ctx context.Context, ref string) (*casework.DisclosureView, error)

	File(ctx context.Context, a models.Actor, in casework.FileInput) (casework.Filed, error)
	Unlock(ctx context.Context, ref, key, scope string) (models.Actor, *models.Case, error)
	Case(ctx context.Context, a models.Actor, ref string) (*casework.CaseView, error)
	Receipt(ctx context.Context, a models.Actor, ref string, event int64) ([]byte, error)
	Receipts(ctx context.Context, a models.Actor, ref string) ([]casework.Provable, error)
	Say(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Object(ctx context.Context, a models.Actor, ref string, in casework.ObjectInput) (casework.Filed, error)
	Withdraw(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Attach(ctx context.Context, a models.Actor, ref string, up casework.Upload) (*models.Attachment, error)
	Document(ctx context.Context, a models.Actor, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error)

	TokenActor(ctx context.Context, token string) (models.Actor, error)
	Queue(ctx context.Context, a models.Actor, in casework.QueueInput) (casework.QueuePage, error)
	Assign(ctx context.Context, a models.Actor, ref string, in casework.AssignInput) (*models.Case, error)
	Classify(ctx context.Context, a models.Actor, ref string, in casework.ClassifyInput) (*models.Case, error)
	Extend(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	AskClarification(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Escalate(ctx context.Context, a models.Actor, ref string, in casework.EscalationInput) (*models.Case, error)
	Decide(ctx context.Context, a models.Actor, ref string, in casework.DecideInput) (*models.Case, error)
	Publish(ctx context.Context, a models.Actor, ref string, in casework.PublishInput) (*models.Case, error)
	Close(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Note(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)

	Events(ctx context.Context, a models.Actor, in casework.EventInput) ([]casework.EventView, string, error)
	Export(ctx context.Context, a models.Actor, in casework.ExportInput, out io.Writer) (int64, error)
}

// Options are what the API is mounted with.
type Options struct {
	Cases   Service
	Version string
	// Scope is the client's address as throttles count it.
	Scope func(*fiber.Ctx) string
	// Stranger is the address for the bounds of what strangers do; "" for this machine.
	Stranger func(*fiber.Ctx) string
	// Base is the address people reach us at, without a trailing slash.
	Base func(*fiber.Ctx) string
	// Lang is the language of the answer's words.
	Lang func(*fiber.Ctx) text.Lang
	// MaxUpload bounds the body of a filing with attachments, in bytes; 0 means 36 MiB.
	MaxUpload int64
	// Now is the clock, nil for the real one.
	Now func() time.Time
}

// Prefix is where the API lives.
const Prefix = "/api/v1"

type server struct {
	Options
	huma huma.API
}

// Mount adds the API to the site. Errors go the way of all others: returned, for
// the site's one error handler to answer.
func Mount(app *fiber.App, o Options) {
	if o.Stranger == nil {
		o.Stranger = func(*fiber.Ctx) string { return "" }
	}
	if o.Scope == nil {
		o.Scope = func(c *fiber.Ctx) string { return c.IP() }
	}
	if o.Base == nil {
		o.Base = func(c *fiber.Ctx) string { return c.BaseURL() }
	}
	if o.Lang == nil {
		o.Lang = func(*fiber.Ctx) text.Lang { return text.Default }
	}
	if o.MaxUpload == 0 {
		o.MaxUpload = 36 << 20
	}
	s := &server{Options: o}
	app.Use("/api", s.guard)
	s.huma = humafiber.NewWithGroup(app, router{app}, configOf(o))
	s.public()
	s.requester()
	s.desk()
	s.audit()
	app.Use("/api", func(*fiber.Ctx) error { return models.Refuse(models.NotFound, "not_found") })
}

func configOf(o Options) huma.Config {
	cfg := huma.DefaultConfig("Terang", o.Version)
	cfg.OpenAPIPath = "/api/openapi"
	cfg.DocsPath, cfg.SchemasPath = "", ""
	cfg.CreateHooks = nil // neither $schema in bodies nor Link headers
	cfg.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	cfg.Info.Description = "Information requests and complaints to public bodies: filing, tracking, what was disclosed, the desk, the trail."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"caseKey": {Type: "apiKey", In: "header", Name: "Authorization", Description: "`Authorization: Case-Key KEY`, with the key that was shown when the case was filed"},
		"officer": {Type: "http", Scheme: "bearer", Description: "an officer's token, from `terang officer token`"},
	}
	return cfg
}

// guard refuses what no operation should have to think of: text that is not UTF-8, or holds
// a NUL, in the address.
func (s *server) guard(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	uri := c.Request().URI()
	for _, raw := range [][]byte{uri.Path(), decoded(uri.QueryString())} {
		if !validText(raw) {
			return refuseText("address")
		}
	}
	return c.Next()
}

// router hands the error that an operation put aside to the site's error handler;
// huma itself would answer it, without log line or incident.
type router struct{ fiber.Router }

func (r router) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	for i, h := range handlers {
		handlers[i] = func(c *fiber.Ctx) error {
			if err := h(c); err != nil {
				return err
			}
			if err, ok := c.Locals(asideKey{}).(error); ok {
				return err
			}
			return nil
		}
	}
	return r.Router.Add(method, path, handlers...)
}

type asideKey struct{}

// request is the plumbing of one request that operations need: where it came from
// and how to answer it. The actor is not in it.
type request struct {
	fiber *fiber.Ctx
	scope string
	from  string // as Options.Stranger says
	base  string
	lang  text.Lang
}

type requestKey struct{}

// withRequest is huma's middleware that makes it.
func (s *server) withRequest(ctx huma.Context, next func(huma.Context)) {
	c := humafiber.Unwrap(ctx)
	r := &request{fiber: c, scope: "api:" + s.Scope(c), from: s.Stranger(c), base: s.Base(c), lang: s.Lang(c)}
	if l, ok := text.Parse(c.Query("lang")); ok {
		r.lang = l
	}
	next(huma.WithValue(ctx, requestKey{}, r))
}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{lang: text.Default}
}

// op describes one operation. security names the schemes that open it.
func (s *server) op(method, path, id, summary string, status int, security ...string) huma.Operation {
	o := huma.Operation{
		Method: method, Path: Prefix + path, OperationID: id, Summary: summary, DefaultStatus: status,
		Middlewares: huma.Middlewares{s.withRequest}, BodyReadTimeout: -1,
	}
	for _, name := range security {
		if name == "" {
			o.Security = append(o.Security, map[string][]string{})
			continue
		}
		o.Security = append(o.Security, map[string][]string{name: {}})
	}
	if tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); tag != "" {
		o.Tags = []string{tag}
	}
	return o
}

// register adds an operation whose errors are the site's to answer.
func register[I, O any](s *server, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			requestOf(ctx).fiber.Locals(asideKey{}, err)
			return nil, nil //nolint:nilnil // the router answers what was put aside
		}
		return out, nil
	})
}

// caseKey reads `Case-Key KEY`. A missing or malformed one is "", which opens nothing.
func caseKey(header string) string {
	scheme, key, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Case-Key") {
		return ""
	}
	return strings.TrimSpace(key)
}

// unlock proves a case's key.
func (s *server) unlock(ctx context.Context, ref, header string) (models.Actor, *models.Case, error) {
	key := caseKey(header)
	if key == "" {
		return models.Actor{}, nil, models.Refuse(models.NotFound, "case_not_found")
	}
	a, c, err := s.Cases.Unlock(ctx, ref, key, requestOf(ctx).scope)
	a.Via = "api"
	return a, c, err
}

// officer is who a bearer token stands for.
func (s *server) officer(ctx context.Context, header string) (models.Actor, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return models.Actor{}, models.Refuse(models.Unauthorized, "token_required")
	}
	a, err := s.Cases.TokenActor(ctx, token)
	a.Via = "api"
	return a, err
}

func rfc3339(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
