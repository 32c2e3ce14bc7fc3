package api

import (
	"context"
	"strconv"

	"terang/models"
)

// ListInput is what every list takes. Huma sees exported embedded structs only.
type ListInput struct {
	Cursor string `query:"cursor" maxLength:"500" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Lang   string `query:"lang" doc:"id or en: language of the words in the answer"`
}

type listOutput[T any] struct{ Body page[T] }

// public is what anyone may read.
func (s *server) public() {
	register(s, s.op("GET", "/bodies", "listBodies", "Public bodies that can be asked", 200), s.bodies)
	register(s, s.op("GET", "/bodies/{slug}", "getBody", "One public body with its units", 200), s.body)
	register(s, s.op("GET", "/disclosures", "listDisclosures", "Published cases, newest first", 200), s.disclosures)
}

func (s *server) bodies(ctx context.Context, in *ListInput) (*listOutput[bodyItem], error) {
	var after int64
	if in.Cursor != "" {
		n, err := strconv.ParseInt(in.Cursor, 36, 64)
		if err != nil || n < 0 {
			return nil, badCursor()
		}
		after = n
	}
	list, err := s.Cases.Bodies(ctx, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listOutput[bodyItem]{Body: page[bodyItem]{Items: []bodyItem{}}}
	for _, b := range list {
		out.Body.Items = append(out.Body.Items, bodyItem{Slug: b.Slug, Name: b.Name, Pack: b.Pack, About: b.About})
	}
	if len(list) == in.Limit {
		out.Body.Next = strconv.FormatInt(list[len(list)-1].ID, 36)
	}
	return out, nil
}

func badCursor() error {
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "cursor", Code: "bad_cursor"}}}
}

type bodyInput struct {
	Slug string `path:"slug" maxLength:"60"`
}

type bodyOutput struct{ Body bodyItem }

func (s *server) body(ctx context.Context, in *bodyInput) (*bodyOutput, error) {
	v, err := s.Cases.Body(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	item := bodyItem{Slug: v.Slug, Name: v.Name, Pack: v.Pack, About: v.About}
	for _, u := range v.Units {
		item.Units = append(item.Units, unitItem{u.Slug, u.Name})
	}
	return &bodyOutput{item}, nil
}

type disclosuresInput struct {
	ListInput
	Q  string `query:"q" doc:"words to search for"`
	Of string `query:"body" maxLength:"60" doc:"slug of one public body"`
}

func (s *server) disclosures(ctx context.Context, in *disclosuresInput) (*listOutput[disclosureBody], error) {
	list, next, err := s.Cases.Disclosures(ctx, in.Q, in.Of, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	r := requestOf(ctx)
	out := &listOutput[disclosureBody]{Body: page[disclosureBody]{Items: []disclosureBody{}, Next: next}}
	for _, d := range list {
		out.Body.Items = append(out.Body.Items, r.disclosureBody(d))
	}
	return out, nil
}
