// Package public serves requesters and anyone else: search what is out, file, track,
// reply, object, read the disclosure log and the log of the log.
package public

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/pages"
)

// Verbs lists what these pages may do and read.
type Verbs interface {
	Records
	Bounded

	Disclosures(ctx context.Context, q, body, cursor string, limit int) ([]models.Disclosure, string, error)
	Disclosure(ctx context.Context, ref string) (*casework.DisclosureView, error)
	DisclosureDocument(ctx context.Context, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error)
	Similar(ctx context.Context, body, text string, limit int) ([]models.Disclosure, error)
	Bodies(ctx context.Context, after int64, limit int) ([]models.Body, error)
	Body(ctx context.Context, slug string) (*casework.BodyView, error)

	NewDraft(ctx context.Context, lang string) (string, *models.Draft, error)
	Draft(ctx context.Context, token string) (*models.Draft, models.DraftAnswers, []models.Attachment, error)
	SaveDraft(ctx context.Context, token string, a models.DraftAnswers) error
	DraftAttach(ctx context.Context, token string, u casework.Upload) (*models.Attachment, error)
	DraftDetach(ctx context.Context, token string, id int64) error
	CheckFile(ctx context.Context, in casework.FileInput) error
	FileDraft(ctx context.Context, token, lang, from string) (casework.Filed, error)

	Unlock(ctx context.Context, ref, key, scope string) (models.Actor, *models.Case, error)
	Case(ctx context.Context, a models.Actor, ref string) (*casework.CaseView, error)
	Say(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Withdraw(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Complete(ctx context.Context, a models.Actor, ref string, version int64, in casework.RequesterInput, purpose string) (*models.Case, error)
	Object(ctx context.Context, a models.Actor, ref string, in casework.ObjectInput) (casework.Filed, error)
	Document(ctx context.Context, a models.Actor, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error)
	Receipt(ctx context.Context, a models.Actor, ref string, event int64) ([]byte, error)
	Receipts(ctx context.Context, a models.Actor, ref string) ([]casework.Provable, error)

	Checkpoint(ctx context.Context) (text []byte, size int64, err error)
	Tile(ctx context.Context, level, n int64, width int) ([]byte, error)
	EntriesTile(ctx context.Context, n int64, width int) ([]byte, error)
	LogKeys(ctx context.Context) ([]string, error)
	KeyRotation(ctx context.Context, n int) ([]byte, error)

	Account
}

// Options are what the pages say of the installation.
type Options struct {
	Logins []pages.DemoLogin // of a demonstration only
	// Provider is the body's own sign-in service; nil for none.
	Provider *Provider
}

type handler struct {
	svc Verbs
	w   *web.Web
	opt Options
}

// MountLog adds the log's routes. They are the same for everybody and for ever, so
// they stand before the middleware that looks at who is asking.
func MountLog(app fiber.Router, svc Verbs, w *web.Web) {
	h := &handler{svc: svc, w: w}
	app.Get("/log/checkpoint", w.Anyone, h.checkpoint)
	app.Get("/log/key", w.Anyone, h.key)
	app.Get("/log/key/:n", w.Anyone, h.keyRotation)
	app.Get("/log/tile/*", w.Anyone, h.tile)
}

// Mount adds the routes. Who may use one stands on its line: anyone; keyed, who has
// proved the key of the case; drafting, who holds the draft's cookie.
func Mount(app fiber.Router, svc Verbs, w *web.Web, opt Options) {
	h := &handler{svc: svc, w: w, opt: opt}

	app.Get("/", w.Anyone, h.home)
	app.Get("/suggest", w.Anyone, h.suggest)
	app.Get("/disclosures", w.Anyone, h.disclosures)
	app.Get("/disclosures/:ref", w.Anyone, h.disclosure)
	app.Get("/disclosures/:ref/documents/:id", w.Anyone, h.disclosureDocument)
	app.Get("/bodies", w.Anyone, h.bodies)
	app.Get("/bodies/:slug", w.Anyone, h.body)
	app.Get("/how", w.Anyone, h.how)
	app.Get("/accessibility", w.Anyone, h.accessibility)
	app.Get("/log", w.Anyone, h.log)

	app.Get("/file", w.Anyone, h.start)
	app.Get("/file/kind", w.Anyone, h.kindPage)
	app.Post("/file/kind", w.Anyone, h.saveKind)
	app.Get("/file/resume", w.Anyone, h.resumePage)
	app.Post("/file/resume", w.Anyone, h.resume)
	app.Get("/file/done", w.Anyone, h.done)
	app.Get("/file/attachments", h.drafting(h.attachmentsPage))
	app.Post("/file/attachments", h.drafting(h.attach))
	app.Post("/file/attachments/:id/remove", h.drafting(h.detach))
	app.Get("/file/check", h.drafting(h.checkPage))
	app.Post("/file/check", w.Anyone, h.send)
	app.Get("/file/:step", h.drafting(h.stepPage))
	app.Post("/file/:step", h.drafting(h.saveStep))

	app.Get("/track", w.Anyone, h.trackPage)
	app.Post("/track", w.Anyone, h.track)
	app.Get("/cases/:ref", w.Anyone, h.caseOrDisclosure)
	app.Get("/cases/:ref/reply", h.keyed(h.offered(policies.ActMessage, h.replyPage)))
	app.Post("/cases/:ref/reply", h.keyed(h.reply))
	app.Get("/cases/:ref/message", h.keyed(h.offered(policies.ActMessage, h.messagePage)))
	app.Post("/cases/:ref/message", h.keyed(h.message))
	app.Get("/cases/:ref/withdraw", h.keyed(h.offered("withdraw", h.withdrawPage)))
	app.Post("/cases/:ref/withdraw", h.keyed(h.withdraw))
	app.Get("/cases/:ref/object", h.keyed(h.offered("object", h.objectPage)))
	app.Post("/cases/:ref/object", h.keyed(h.object))
	app.Get("/cases/:ref/receipt", h.keyed(h.receipt))
	app.Get("/cases/:ref/documents/:id", h.keyed(h.document))
	app.Get("/cases/:ref/dossier", h.keyed(h.dossier))
	app.Post("/cases/:ref/leave", h.keyed(h.leave))

	h.mountAccount(app)
}

// revalidated pages are the same for all who read one language; a browser may show
// them again on going back.
func revalidated(c *fiber.Ctx) {
	web.Public(c, "private, no-cache")
	web.Reusable(c, web.PageLife)
}

func notFound() error { return models.Refuse(models.NotFound, "not_found") }

func href(path string) templ.SafeURL { return templ.SafeURL(path) }

func caseURL(ref string, more ...string) templ.SafeURL {
	return href("/cases/" + strings.Join(append([]string{ref}, more...), "/"))
}

// caseCookieTTL is how long a proved key opens its case in a browser.
const caseCookieTTL = 12 * time.Hour
