package web

import (
	"io"
	"mime"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"terang/models"
)

// Download sends a document as one to keep, never to run or show in place: the one way by which
// every door gives them out. It closes data. One range may be asked for, so that a broken
// download goes on where it stopped.
func Download(c *fiber.Ctx, a *models.Attachment, data io.ReadSeekCloser) error {
	kind := a.Type
	if strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	tag := `"` + a.SHA256 + `"`
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, attachmentNamed(a.Name))
	c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	c.Set(fiber.HeaderETag, tag)
	asked := c.Get(fiber.HeaderRange)
	if since := c.Get(fiber.HeaderIfRange); asked == "" || since != "" && since != tag {
		c.Context().SetBodyStream(data, int(a.Size))
		return nil
	}
	from, n, ok, whole := oneRange(asked, a.Size)
	switch {
	case whole:
		c.Context().SetBodyStream(data, int(a.Size))
		return nil
	case !ok:
		c.Set(fiber.HeaderContentRange, "bytes */"+strconv.FormatInt(a.Size, 10))
		c.Response().Header.Del(fiber.HeaderContentDisposition)
		if err := data.Close(); err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusRequestedRangeNotSatisfiable)
	}
	if _, err := data.Seek(from, io.SeekStart); err != nil {
		data.Close()
		return err
	}
	c.Status(fiber.StatusPartialContent)
	c.Set(fiber.HeaderContentRange, "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(from+n-1, 10)+"/"+strconv.FormatInt(a.Size, 10))
	c.Context().SetBodyStream(struct {
		io.Reader
		io.Closer
	}{io.LimitReader(data, n), data}, int(n))
	return nil
}

// oneRange reads a Range header. What is not understood, and more than one range, is answered
// with the whole, as RFC 9110 allows; ok is false for a range that the file does not have.
func oneRange(header string, size int64) (from, n int64, ok, whole bool) {
	spec, found := strings.CutPrefix(header, "bytes=")
	if !found || strings.Contains(spec, ",") {
		return 0, 0, false, true
	}
	first, last, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !found {
		return 0, 0, false, true
	}
	if first == "" { // the last so many
		k, err := strconv.ParseInt(last, 10, 64)
		if err != nil || k < 0 {
			return 0, 0, false, true
		}
		k = min(k, size)
		return size - k, k, k > 0, false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return 0, 0, false, true
	}
	to := size - 1
	if last != "" {
		if to, err = strconv.ParseInt(last, 10, 64); err != nil || to < from {
			return 0, 0, false, true
		}
		to = min(to, size-1)
	}
	return from, to - from + 1, from < size, false
}

// attachmentNamed is a Content-Disposition by RFC 6266: a name of other letters than ASCII's comes
// in its RFC 5987 form, behind one that every client reads.
func attachmentNamed(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	v := mime.FormatMediaType("attachment", map[string]string{"filename": plain})
	if v == "" {
		return "attachment"
	}
	if plain == name {
		return v
	}
	var b strings.Builder
	b.WriteString(v + "; filename*=UTF-8''")
	for _, c := range []byte(name) {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte("0123456789ABCDEF"[c>>4])
		b.WriteByte("0123456789ABCDEF"[c&15])
	}
	return b.String()
}
