package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"terang/models"
)

// A cursor is the key of the last row of a page, opaque to those who carry it. It is
// not secret and grants nothing: every page applies sight anew.

func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, " ")))
}

func parseCursor(s, kind string, parts int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	f := strings.Split(string(raw), " ")
	if err != nil || len(f) != parts+1 || f[0] != kind {
		return nil, badCursor()
	}
	return f[1:], nil
}

func badCursor() error {
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "cursor", Code: "bad_cursor"}}}
}

func timeCursor(kind string, t time.Time, id int64) string {
	return cursor(kind, strconv.FormatInt(t.UnixMicro(), 36), strconv.FormatInt(id, 36))
}

func parseTimeCursor(s, kind string) (time.Time, int64, error) {
	f, err := parseCursor(s, kind, 2)
	if err != nil {
		return time.Time{}, 0, err
	}
	us, err1 := strconv.ParseInt(f[0], 36, 64)
	id, err2 := strconv.ParseInt(f[1], 36, 64)
	if err1 != nil || err2 != nil {
		return time.Time{}, 0, badCursor()
	}
	return time.UnixMicro(us).UTC(), id, nil
}

func idCursor(kind string, id int64) string { return cursor(kind, strconv.FormatInt(id, 36)) }

func parseIDCursor(s, kind string) (int64, error) {
	f, err := parseCursor(s, kind, 1)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(f[0], 36, 64)
	if err != nil {
		return 0, badCursor()
	}
	return id, nil
}

const maxPage = 500

func pageSize(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, maxPage)
}
