package public

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Bounded is what the service says of how much is done from where.
type Bounded interface {
	Pressure(ctx context.Context, u casework.Use, scope string) (bool, error)
	Used(ctx context.Context, u casework.Use, scope string) error
	Once(ctx context.Context, name string, window time.Duration) (bool, error)
	Spent(ctx context.Context, name string) (bool, error)
}

// step is one question, sealed into its form: for one draft, for a while, for one use.
type step struct {
	Draft  string // thumb of its token
	Nonce  string
	Answer string // in figures, or one letter
	Word   string // the same in words; "" for a letter
	At     int64  // unix milliseconds
}

const (
	stepPurpose = "file step"
	stepLife    = 30 * time.Minute
	// People do not read and answer faster; floods must not.
	stepLeast = 3 * time.Second
	// stepBits is how many leading zero bits of SHA-256 a browser looks for: some 32,000
	// hashes, a second or a few in the background, and no charge to who has no scripts.
	stepBits = 15
)

// stepFirst shows the step where it must come first. It gives true when it has answered.
func (h *handler) stepFirst(c *fiber.Ctx, in *intake) (bool, error) {
	ask, err := h.svc.Pressure(c.UserContext(), casework.UseFile, h.w.Stranger(c))
	if err != nil || !ask {
		return false, err
	}
	f := web.ReadForm(c)
	if f.Line("step") == "" {
		return true, h.askStep(c, in, "", fiber.StatusOK)
	}
	code, err := h.stepFault(c, in, f)
	if err != nil || code == "" {
		return false, err
	}
	return true, h.askStep(c, in, code, fiber.StatusUnprocessableEntity)
}

// stepFault checks what came with the form; "" where it is good.
func (h *handler) stepFault(c *fiber.Ctx, in *intake, f *web.Form) (string, error) {
	var s step
	if h.w.Unseal(stepPurpose, f.Line("step"), &s) != nil || s.Draft != web.Thumb(in.token) {
		return "step_old", nil
	}
	if f.Line("leave_empty") != "" {
		return "step_answer", nil
	}
	if !worked(s.Nonce, f.Line("work")) {
		if answer := strings.ToLower(strings.Join(strings.Fields(f.Line("answer")), "-")); answer != s.Answer && (s.Word == "" || answer != s.Word && strings.ReplaceAll(answer, "-", "") != strings.ReplaceAll(s.Word, "-", "")) {
			return "step_answer", nil
		}
		if h.w.Now().Sub(time.UnixMilli(s.At)) < stepLeast {
			return "step_fast", nil
		}
	}
	first, err := h.svc.Once(c.UserContext(), "step:"+s.Nonce, stepLife)
	if err != nil {
		return "", err
	}
	if !first {
		return "step_old", nil
	}
	return "", nil
}

// worked says whether SHA-256 of "nonce:n" begins with enough zero bits.
func worked(nonce, n string) bool {
	if n == "" || len(n) > 20 {
		return false
	}
	sum := sha256.Sum256([]byte(nonce + ":" + n))
	zero := 0
	for _, b := range sum {
		zero += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return zero >= stepBits
}

func (h *handler) askStep(c *fiber.Ctx, in *intake, code string, status int) error {
	l := web.Lang(c)
	s := step{Draft: web.Thumb(in.token), Nonce: rand.Text(), At: h.w.Now().UnixMilli()}
	question := s.ask(l)
	sealed, err := h.w.Seal(stepPurpose, s, stepLife)
	if err != nil {
		return err
	}
	v := pages.FileStep{Token: sealed, Question: question, Work: s.Nonce, Bits: strconv.Itoa(stepBits)}
	v.Step = pages.Step{Page: h.w.Page(c, "", in.token), Action: "/file/check", BackURL: stepURL("check")}
	if in.body != nil {
		v.BodyName = in.body.Name
	}
	if code != "" {
		v.Errors = []components.FieldError{{Field: "answer", Text: l.Error(code)}}
	}
	return web.Render(c, status, pages.FileStepPage(v))
}

// ask makes up a question that needs no picture and no sound, and keeps its answer.
func (s *step) ask(l text.Lang) string {
	if draw(3) == 0 {
		words := strings.Fields(l.T("filestep.words"))
		word := words[draw(len(words))]
		s.Answer = word[:1]
		return l.T("filestep.letter", word)
	}
	numbers := strings.Fields(l.T("filestep.numbers"))
	a, b := 1+draw(9), 1+draw(9)
	s.Answer, s.Word = strconv.Itoa(a+b), numbers[a+b-1]
	return l.T("filestep.sum", numbers[a-1], numbers[b-1])
}

func draw(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil { // crypto/rand does not fail
		return 0
	}
	return int(v.Int64())
}

// waits shows a throttled form again with the time of day to come back at; other errors go
// the way of every form.
func (h *handler) waits(c *fiber.Ctx, err error, key string) ([]components.FieldError, int, bool) {
	var e *models.Error
	if errors.As(err, &e) && e.Kind == models.RateLimited {
		return []components.FieldError{{Text: web.Lang(c).T(key, h.w.TryAt(c, err))}}, fiber.StatusTooManyRequests, true
	}
	return web.FormErrors(web.Lang(c), err)
}
