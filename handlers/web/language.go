package web

import (
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/views/text"
)

const langCookie = "terang_lang"

// Language settles the language of the answer: asked for in the address, chosen
// before, preferred by the browser, Indonesian.
func (w *Web) Language(c *fiber.Ctx) error {
	r := of(c)
	if asked := c.Query("lang"); asked != "" {
		if l, ok := text.Parse(asked); ok {
			r.lang = l
			w.SetCookie(c, Cookie{Name: langCookie, Value: string(l), TTL: 365 * 24 * time.Hour})
			return c.Next()
		}
	}
	if l, ok := text.Parse(w.GetCookie(c, langCookie, "/")); ok {
		r.lang = l
		return c.Next()
	}
	r.lang = preferred(c.Get(fiber.HeaderAcceptLanguage))
	return c.Next()
}

// preferred reads Accept-Language.
func preferred(header string) text.Lang {
	type choice struct {
		lang text.Lang
		q    float64
	}
	var choices []choice
	for i, part := range strings.Split(header, ",") {
		if i == 20 {
			break
		}
		tag, params, _ := strings.Cut(part, ";")
		l, ok := text.Parse(tag)
		if !ok {
			continue
		}
		q := 1.0
		if v, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || f <= 0 {
				continue
			}
			q = f
		}
		choices = append(choices, choice{l, q})
	}
	if len(choices) == 0 {
		return text.Default
	}
	sort.SliceStable(choices, func(i, j int) bool { return choices[i].q > choices[j].q })
	return choices[0].lang
}
