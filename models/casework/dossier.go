package casework

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// DossierInput is what the caller gives to a dossier: how its page looks.
type DossierInput struct {
	// Page writes index.html, which is read without a network; Style is style.css beside it.
	Page  func(context.Context, io.Writer, *DossierView) error
	Style []byte
}

// DossierView is the file of a case to hand over to a body outside.
type DossierView struct {
	Made    time.Time
	By      models.Actor
	Asked   string // reference of the case it was made from
	Pack    *policies.Pack
	Stage   *OutsideStage // where it can be taken, or was; nil where the law has come to none
	Cases   []DossierCase // the case, then its objections
	Missing []string      // what could not be put in, and why, in codes
}

// DossierCase is one case of it with the files that lie beside the page.
type DossierCase struct {
	*CaseView
	Documents []DossierFile
	Receipts  []DossierFile
}

// DossierFile is a file in the dossier.
type DossierFile struct {
	Path     string    `json:"path"`
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256,omitempty"`
	FromBody bool      `json:"from_body"`
	Event    string    `json:"event,omitempty"` // receipt: of what
	At       time.Time `json:"at"`
	id       int64
}

// Dossier writes the file of a case to hand over outside the body, to the Information
// Commission first (UU 14/2008 art. 37; PERKI 1/2013 art. 11): request, decisions with their
// tests, objections and answers, what happened with every clock explained, the documents and
// receipts the actor may have. A case and its objections are one file. That it was made is an
// event, recorded before the first byte leaves.
func (s *Service) Dossier(ctx context.Context, a models.Actor, ref string, in DossierInput, out io.Writer) error {
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		w, err := s.loadHeld(tx, a, ref)
		if err != nil {
			return err
		}
		if err := w.allowed(policies.ActDossier); err != nil {
			return err
		}
		return w.record("dossier.made", "", "", models.EventData{})
	}); err != nil {
		return err
	}
	if err := s.Sequence(ctx); err != nil {
		return err
	}
	d, err := s.dossier(ctx, a, ref)
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	for i := range d.Cases {
		if err := s.dossierFiles(ctx, &d.Cases[i], d, z); err != nil {
			return err
		}
	}
	if err := dossierIndex(ctx, d, in, z); err != nil {
		return err
	}
	return z.Close()
}

func (s *Service) dossier(ctx context.Context, a models.Actor, ref string) (*DossierView, error) {
	first, err := s.view(ctx, a, ref, false) // dossier.made says so already
	if err != nil {
		return nil, err
	}
	d := &DossierView{Made: s.now(), By: a, Asked: first.Case.Reference, Pack: first.Pack}
	other := func(c *models.Case) (*CaseView, error) {
		return s.view(ctx, kin(a, c), c.Reference, c.ID != first.Case.ID)
	}
	root := first
	if first.Parent != nil {
		if root, err = other(first.Parent); err != nil {
			return nil, err
		}
	}
	d.Cases = []DossierCase{{CaseView: root}}
	for i := range root.Objections {
		o := &root.Objections[i]
		v, err := other(o)
		if models.KindOf(err) == models.NotFound {
			d.Missing = append(d.Missing, o.Reference)
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Cases = append(d.Cases, DossierCase{CaseView: v})
	}
	for i := range d.Cases {
		v := d.Cases[i].CaseView
		v.Messages = without(v.Messages)
		v.Timeline = told(v.Timeline)
		v.Officer = nil // the body answers, by its offices
		for j := range v.Decisions {
			v.Decisions[j].By, v.Decisions[j].OfficerID = "", nil
		}
		for j := range v.Outside {
			if st := &v.Outside[j]; st.Open || st.Filed != nil || st.Passed {
				d.Stage = st // the last one the law has come to
			}
		}
	}
	return d, nil
}

// kin is the actor for a case of the same matter: whoever proved the key of one of them is
// the requester of all.
func kin(a models.Actor, c *models.Case) models.Actor {
	if a.Kind == models.ByRequester {
		a.CaseID = c.ID
	}
	return a
}

// without leaves out what officers wrote for one another.
func without(in []models.Message) []models.Message {
	var out []models.Message
	for _, m := range in {
		if m.Kind != models.InternalNote {
			out = append(out, m)
		}
	}
	return out
}

// told is the timeline as it may leave the house: what a requester would see of it.
func told(in []models.Event) []models.Event {
	var out []models.Event
	for _, e := range in {
		if forRequester(e.Kind) {
			e.Actor, e.ActorID = "", nil
			if !reasonForRequester(e.Kind) {
				e.Reason = ""
			}
			out = append(out, e)
		}
	}
	return out
}

// dossierFiles puts the documents and receipts of one case into the archive.
func (s *Service) dossierFiles(ctx context.Context, c *DossierCase, d *DossierView, z *zip.Writer) error {
	for i := range c.Attachments {
		doc := &c.Attachments[i]
		if doc.SHA256 == "" {
			continue // erased
		}
		if doc.Held() {
			d.Missing = append(d.Missing, c.Case.Reference+" attachment."+string(doc.Scan)) // nobody is given it
			continue
		}
		_, f, err := s.openFile(ctx, doc)
		if err != nil {
			return err
		}
		// A name of a path is made of what we know, never of what was sent.
		e := DossierFile{Path: fmt.Sprintf("%s/documents/%02d-%s", c.Case.Reference, i+1, fileName(doc.Name)), Name: doc.Name, Type: doc.Type, Size: doc.Size,
			SHA256: doc.SHA256, FromBody: doc.FromBody, At: doc.At, id: doc.ID}
		w, err := z.Create(e.Path)
		if err == nil {
			_, err = io.Copy(w, f)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		c.Documents = append(c.Documents, e)
	}
	// Those of the requester, whoever makes the file: an officer's own would name officers.
	a := RequesterOf(c.Case)
	list, err := s.Receipts(ctx, a, c.Case.Reference)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Kind != "case.filed" && p.Kind != "case.answered" && p.Kind != "objection.filed" {
			continue
		}
		raw, err := s.Receipt(ctx, a, c.Case.Reference, p.Event)
		if models.KindOf(err) == models.Conflict {
			d.Missing = append(d.Missing, c.Case.Reference+" "+p.Kind) // the log's witnesses have not signed yet
			continue
		}
		if err != nil {
			return err
		}
		e := DossierFile{Path: fmt.Sprintf("%s/receipts/%d-%s.tlog-proof", c.Case.Reference, p.Event, p.Kind), Name: p.Kind, Type: "text/plain", Size: int64(len(raw)), Event: p.Kind, At: p.At}
		if err := put(z, e.Path, raw); err != nil {
			return err
		}
		c.Receipts = append(c.Receipts, e)
	}
	return nil
}

func put(z *zip.Writer, name string, data []byte) error {
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

func dossierIndex(ctx context.Context, d *DossierView, in DossierInput, z *zip.Writer) error {
	w, err := z.Create("index.json")
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d.machine()); err != nil {
		return err
	}
	if in.Page == nil {
		return nil
	}
	if err := put(z, "style.css", in.Style); err != nil {
		return err
	}
	if w, err = z.Create("index.html"); err != nil {
		return err
	}
	return in.Page(ctx, w, d)
}

// The forms of index.json. Fields are only added.
type (
	dossierJSON struct {
		Format   string            `json:"format"`
		Made     time.Time         `json:"made"`
		ByRole   string            `json:"by_role"`
		Asked    string            `json:"reference"`
		Pack     string            `json:"pack"`
		Version  string            `json:"pack_version"`
		PackHash string            `json:"pack_hash"`
		Stage    *dossierStage     `json:"stage,omitempty"`
		Cases    []dossierCaseJSON `json:"cases"`
		Missing  []string          `json:"missing,omitempty"`
	}
	dossierStage struct {
		ID      string          `json:"id"`
		Title   policies.Text   `json:"title"`
		Before  policies.Text   `json:"before"`
		Clock   string          `json:"clock"`
		Until   string          `json:"until,omitempty"`
		Open    bool            `json:"open"`
		Article string          `json:"article"`
		File    []policies.Text `json:"file"`
	}
	dossierCaseJSON struct {
		Reference  string              `json:"reference"`
		Kind       models.Kind         `json:"kind"`
		Ground     string              `json:"ground,omitempty"`
		Body       string              `json:"body"`
		Subject    string              `json:"subject"`
		Text       string              `json:"text"`
		Purpose    string              `json:"purpose,omitempty"`
		State      models.State        `json:"state"`
		Outcome    models.Outcome      `json:"outcome,omitempty"`
		Class      models.Class        `json:"classification"`
		Received   time.Time           `json:"received"`
		Answered   *time.Time          `json:"answered,omitempty"`
		Requester  *dossierPerson      `json:"requester,omitempty"`
		Decisions  []dossierDecision   `json:"decisions,omitempty"`
		Clocks     []policies.Deadline `json:"clocks,omitempty"`
		Events     []dossierEvent      `json:"events,omitempty"`
		Messages   []dossierMessage    `json:"messages,omitempty"`
		Documents  []DossierFile       `json:"documents,omitempty"`
		Receipts   []DossierFile       `json:"receipts,omitempty"`
		NameHidden bool                `json:"name_hidden,omitempty"`
	}
	dossierPerson struct {
		Kind           string `json:"kind"`
		Name           string `json:"name"`
		Email          string `json:"email,omitempty"`
		Phone          string `json:"phone,omitempty"`
		IdentityNumber string `json:"identity_number,omitempty"`
		Address        string `json:"address,omitempty"`
	}
	dossierDecision struct {
		At         time.Time       `json:"at"`
		Outcome    models.Outcome  `json:"outcome"`
		Role       string          `json:"role"`
		Text       string          `json:"text"`
		Withheld   string          `json:"withheld,omitempty"`
		ReferredTo string          `json:"referred_to,omitempty"`
		Exemptions json.RawMessage `json:"exemptions,omitempty"`
		Tests      json.RawMessage `json:"tests,omitempty"`
		ObjectBy   string          `json:"object_by,omitempty"`
	}
	dossierEvent struct {
		Index   *int64    `json:"index,omitempty"`
		Time    time.Time `json:"time"`
		Event   string    `json:"event"`
		Role    string    `json:"actor_role"`
		Clock   string    `json:"clock,omitempty"`
		DueOn   string    `json:"due_on,omitempty"`
		Article string    `json:"article,omitempty"`
		Reason  string    `json:"reason,omitempty"`
		Leaf    string    `json:"leaf_hash"`
	}
	dossierMessage struct {
		At       time.Time `json:"at"`
		FromBody bool      `json:"from_body"`
		Kind     string    `json:"kind"`
		Text     string    `json:"text"`
	}
)

func (d *DossierView) machine() dossierJSON {
	out := dossierJSON{Format: "terang-dossier-v1", Made: d.Made, ByRole: d.By.RoleLabel(), Asked: d.Asked, Pack: d.Pack.ID, Version: d.Pack.Version, PackHash: d.Pack.Hash, Missing: d.Missing}
	if st := d.Stage; st != nil {
		out.Stage = &dossierStage{ID: st.ID, Title: st.Title, Before: st.Before, Clock: st.Clock, Until: st.Until, Open: st.Open, Article: st.Article, File: st.File}
	}
	for _, c := range d.Cases {
		out.Cases = append(out.Cases, c.machine())
	}
	return out
}

func (c *DossierCase) machine() dossierCaseJSON {
	x := c.Case
	out := dossierCaseJSON{Reference: x.Reference, Kind: x.Kind, Ground: x.Ground, Body: c.Body.Name, Subject: x.Subject, Text: x.Text, Purpose: x.Purpose, State: x.State,
		Outcome: x.Outcome, Class: x.Classification, Received: x.ReceivedAt, Answered: x.AnsweredAt, Documents: c.Documents, Receipts: c.Receipts, NameHidden: c.NameHidden}
	if r := c.Requester; r != nil {
		out.Requester = &dossierPerson{Kind: string(r.Kind), Name: r.Name, Email: r.Email, Phone: r.Phone, IdentityNumber: r.IdentityNumber, Address: r.Address}
	}
	for _, d := range c.Decisions {
		out.Decisions = append(out.Decisions, dossierDecision{At: d.At, Outcome: d.Outcome, Role: string(d.ByRole), Text: d.Text, Withheld: d.Withheld, ReferredTo: d.ReferredTo,
			Exemptions: raw(d.Exemptions), Tests: raw(d.Tests), ObjectBy: d.ObjectBy})
	}
	for _, k := range c.Clocks {
		out.Clocks = append(out.Clocks, k.Deadline)
	}
	for _, e := range c.Timeline {
		out.Events = append(out.Events, dossierEvent{Index: e.Leaf, Time: e.Time, Event: e.Kind, Role: e.ActorRole, Clock: e.Clock, DueOn: e.DueOn, Article: e.Article, Reason: e.Reason, Leaf: e.LeafHash})
	}
	for _, m := range c.Messages {
		out.Messages = append(out.Messages, dossierMessage{At: m.At, FromBody: m.FromBody, Kind: string(m.Kind), Text: m.Text})
	}
	return out
}

// raw passes JSON that is kept as text on as JSON; what cannot be read is left out.
func raw(s string) json.RawMessage {
	if s == "" || !json.Valid([]byte(s)) {
		return nil
	}
	return json.RawMessage(s)
}
