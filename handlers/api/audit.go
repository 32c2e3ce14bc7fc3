package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"terang/models"
	"terang/models/casework"
)

// audit is the trail, for those whose role reads it.
func (s *server) audit() {
	list := s.op("GET", "/audit/events", "listEvents", "The trail, in log order", 200, "officer")
	list.RejectUnknownQueryParameters = true // a misspelt filter would show everything
	register(s, list, s.events)
	export := s.op("GET", "/audit/export", "exportEvents", "The compliance log as a file, streamed", 200, "officer")
	export.RejectUnknownQueryParameters = true
	content := map[string]*huma.MediaType{}
	for _, kind := range exportTypes {
		kind, _, _ = strings.Cut(kind, ";")
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	export.Responses = map[string]*huma.Response{"200": {Description: "the file", Content: content}}
	register(s, export, s.export)
}

// SpanInput filters the trail.
type SpanInput struct {
	Authorization string `header:"Authorization" doc:"Bearer TOKEN"`
	From          string `query:"from" doc:"first day, or RFC 3339 time; UTC"`
	To            string `query:"to" doc:"last day, or RFC 3339 time; UTC"`
	Of            string `query:"body" maxLength:"60" doc:"slug of one public body"`
	Event         string `query:"event" maxLength:"60" doc:"kind of event, such as case.filed"`
	Lang          string `query:"lang"`
}

// span reads from and to; a day as to is the whole day.
func (in *SpanInput) span() (from, to *time.Time, err error) {
	var c models.Check
	read := func(field, s string, end bool) *time.Time {
		if s == "" {
			return nil
		}
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			t = t.UTC()
			return &t
		}
		t, err := time.Parse(time.DateOnly, s)
		c.Field(err == nil, field, "not_a_date")
		if end {
			t = t.AddDate(0, 0, 1).Add(-time.Second)
		}
		return &t
	}
	from, to = read("from", in.From, false), read("to", in.To, true)
	return from, to, c.Err()
}

type eventsInput struct {
	SpanInput
	Cursor    string `query:"cursor" maxLength:"500"`
	Limit     int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Reference string `query:"reference" maxLength:"40"`
	Role      string `query:"role" maxLength:"40" doc:"role of who acted"`
	Order     string `query:"order" enum:"asc,desc" default:"asc"`
}

func (s *server) events(ctx context.Context, in *eventsInput) (*listOutput[eventItem], error) {
	a, err := s.officer(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	from, to, err := in.span()
	if err != nil {
		return nil, err
	}
	rows, next, err := s.Cases.Events(ctx, a, casework.EventInput{
		From: from, To: to, Body: in.Of, Kind: in.Event, Reference: in.Reference, Role: in.Role, Cursor: in.Cursor, Limit: in.Limit, Desc: in.Order == "desc",
	})
	if err != nil {
		return nil, err
	}
	out := &listOutput[eventItem]{Body: page[eventItem]{Items: []eventItem{}, Next: next}}
	for _, v := range rows {
		out.Body.Items = append(out.Body.Items, eventItemOf(v))
	}
	return out, nil
}

type exportInput struct {
	SpanInput
	Format string `query:"format" required:"true" doc:"csv, jsonl, xlsx or bundle"`
}

// exportTypes are the media types of the formats, and exportEndings what their files end
// in where that is not the format's name.
var (
	exportTypes = map[string]string{
		"csv":    "text/csv; charset=utf-8; header=present",
		"jsonl":  "application/jsonl",
		"xlsx":   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"bundle": "application/zip",
	}
	exportEndings = map[string]string{"bundle": "zip"}
)

func (s *server) export(ctx context.Context, in *exportInput) (*streamOutput, error) {
	a, err := s.officer(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	from, to, err := in.span()
	if err != nil {
		return nil, err
	}
	// The export goes on after this function has returned, so it outlives the request's
	// context; when the client goes away the pipe closes and it ends there.
	work := context.WithoutCancel(ctx)
	r, w := io.Pipe()
	go func() {
		_, err := s.Cases.Export(work, a, casework.ExportInput{Format: in.Format, From: from, To: to, Body: in.Of, Kind: in.Event}, w)
		w.CloseWithError(err)
	}()
	// A refusal comes before the first byte, while there still is a status to give.
	buf := bufio.NewReaderSize(r, 1<<16)
	if _, err := buf.Peek(1); err != nil && err != io.EOF {
		return nil, err
	}
	c := requestOf(ctx).fiber
	ending := in.Format
	if e, ok := exportEndings[in.Format]; ok {
		ending = e
	}
	name := "terang-" + s.now().UTC().Format("20060102T150405Z") + "." + ending
	return &streamOutput{func(huma.Context) {
		c.Status(http.StatusOK)
		c.Set("Content-Type", exportTypes[in.Format])
		c.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		c.Context().SetBodyStream(stream{buf, r}, -1)
	}}, nil
}

// stream closes the pipe when the client has gone or all is sent.
type stream struct {
	io.Reader
	io.Closer
}

func (s *server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
