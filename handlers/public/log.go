package public

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/views/pages"
)

// tileWidth is how many hashes or entries a whole tile holds (C2SP tlog-tiles).
const tileWidth = 256

func (h *handler) log(c *fiber.Ctx) error {
	note, size, err := h.svc.Checkpoint(c.UserContext())
	if err != nil && models.KindOf(err) != models.NotFound {
		return err
	}
	keys, err := h.svc.LogKeys(c.UserContext())
	if err != nil {
		return err
	}
	l := web.Lang(c)
	v := pages.Log{
		Page: h.w.Page(c, "", ""), Checkpoint: string(note), Keys: keys,
		Command: "terang verify T7-K4M9-XQ2R.tlog-proof --key KEY",
		Addresses: []string{
			h.w.Link("/log/checkpoint"), h.w.Link("/log/key"), h.w.Link("/log/tile/<L>/<N>[.p/<W>]"), h.w.Link("/log/tile/entries/<N>[.p/<W>]"),
		},
	}
	if len(note) > 0 {
		v.Origin, _, _ = strings.Cut(string(note), "\n")
		v.Size = l.Number(int(size))
		v.Witnesses = witnesses(string(note), v.Origin)
	}
	return web.Render(c, fiber.StatusOK, pages.LogPage(v))
}

// checkpoint is the signed head of the log. It changes every few seconds.
func (h *handler) checkpoint(c *fiber.Ctx) error {
	note, _, err := h.svc.Checkpoint(c.UserContext())
	if err != nil {
		return err
	}
	if len(note) == 0 {
		return notFound()
	}
	web.Public(c, "no-cache")
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	return c.Send(note)
}

// witnesses names who else signed a head.
func witnesses(note, origin string) []string {
	_, signatures, _ := strings.Cut(note, "\n\n")
	var out []string
	for line := range strings.Lines(signatures) {
		if f := strings.Fields(line); len(f) == 3 && f[1] != origin && !slices.Contains(out, f[1]) {
			out = append(out, f[1])
		}
	}
	return out
}

// key is the log's public keys, the newest first, for a first look; a careful reader has one
// from elsewhere as well.
func (h *handler) key(c *fiber.Ctx) error {
	keys, err := h.svc.LogKeys(c.UserContext())
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return notFound()
	}
	web.Public(c, "no-cache")
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	return c.SendString(strings.Join(keys, "\n") + "\n")
}

// keyRotation proves the n-th change of keys, so that who trusts the old key can follow.
func (h *handler) keyRotation(c *fiber.Ctx) error {
	n, err := strconv.Atoi(c.Params("n"))
	if err != nil {
		return notFound()
	}
	proof, err := h.svc.KeyRotation(c.UserContext(), n)
	if err != nil {
		return err
	}
	web.Public(c, "no-cache")
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	return c.Send(proof)
}

// tile serves hashes (/log/tile/<L>/<N>) and entries (/log/tile/entries/<N>). What is
// served never changes, so anybody may keep it for ever.
func (h *handler) tile(c *fiber.Ctx) error {
	t, ok := parseTile(c.Params("*"))
	if !ok {
		return notFound()
	}
	var data []byte
	var err error
	if t.entries {
		data, err = h.svc.EntriesTile(c.UserContext(), t.n, t.width)
	} else {
		data, err = h.svc.Tile(c.UserContext(), t.level, t.n, t.width)
	}
	if err != nil {
		return err
	}
	web.Public(c, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	return c.Send(data)
}

type tilePath struct {
	entries  bool
	level, n int64
	width    int
}

// parseTile reads the address of a tile: a level or "entries", the number in groups of
// three digits of which all but the last begin with x, and a width for one that
// is not full. Each tile has one address; any other spelling does not exist.
func parseTile(s string) (tilePath, bool) {
	t := tilePath{width: tileWidth}
	rest, width, partial := strings.Cut(s, ".p/")
	if partial {
		n, err := strconv.ParseUint(width, 10, 8)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != width {
			return t, false
		}
		t.width = int(n)
	}
	head, number, ok := strings.Cut(rest, "/")
	if !ok {
		return t, false
	}
	if head == "entries" {
		t.entries = true
	} else {
		n, err := strconv.ParseUint(head, 10, 8)
		if err != nil || n > 63 || strconv.FormatUint(n, 10) != head {
			return t, false
		}
		t.level = int64(n)
	}
	for _, group := range strings.Split(number, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(group, "x"), 10, 16)
		if err != nil || n > 999 || t.n > 1<<40 {
			return t, false
		}
		t.n = t.n*1000 + int64(n)
	}
	return t, tileNumber(t.n) == number
}

// tileNumber writes a tile's number as its address does: 1234067 is x001/x234/067.
func tileNumber(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}
