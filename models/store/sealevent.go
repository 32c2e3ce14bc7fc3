package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"terang/models"
)

// What an event of a case says in words, what it commits to and the salt that opens that are
// sealed in one piece, so that a page of the trail costs one opening an event. The piece is
// bound to the leaf hash that stands beside it.

const eventsColumn = "events.sealed "

var errEvent = errors.New("its sealed part is cut short")

func eventParts(e *models.Event) [4]*string {
	return [4]*string{&e.Reason, &e.Data, &e.Canonical, &e.Salt}
}

func sealEvent(e *models.Event, k *dataKey) []byte {
	n := 0
	parts := eventParts(e)
	for _, p := range parts {
		n += len(*p) + binary.MaxVarintLen32
	}
	plain := make([]byte, 0, n)
	for _, p := range parts {
		plain = binary.AppendUvarint(plain, uint64(len(*p)))
		plain = append(plain, *p...)
	}
	return k.aead.Seal(nil, nil, plain, []byte(eventsColumn+e.LeafHash))
}

// openEvent opens an event; a brief one only as far as its reason.
func openEvent(e *models.Event, k *dataKey, brief bool) error {
	for _, p := range eventParts(e) {
		if *p != "" {
			return fmt.Errorf("its row was changed: it is sealed and holds %q beside", clip([]byte(*p)))
		}
	}
	plain, err := k.aead.Open(e.Sealed[:0], nil, e.Sealed, []byte(eventsColumn+e.LeafHash))
	if err != nil {
		return errors.New("its row was changed: its sealed part cannot be opened, or is another event's")
	}
	for _, p := range eventParts(e) {
		size, n := binary.Uvarint(plain)
		if n <= 0 || size > uint64(len(plain)-n) {
			return errEvent
		}
		*p, plain = string(plain[n:n+int(size)]), plain[n+int(size):]
		if brief {
			break
		}
	}
	e.Sealed = nil
	return nil
}

// closeEvent seals an event for as long as it takes to write it. One of no case is the
// administration's and stays as it is.
func (tx *Tx) closeEvent(e *models.Event) (reopen func(), err error) {
	if e.CaseID == nil {
		return func() {}, nil
	}
	k, err := tx.caseKey(*e.CaseID)
	if err != nil {
		return nil, err
	}
	reason, data, canonical, salt := e.Reason, e.Data, e.Canonical, e.Salt
	e.Sealed = sealEvent(e, k)
	e.Reason, e.Data, e.Canonical, e.Salt = "", "", "", ""
	return func() {
		e.Reason, e.Data, e.Canonical, e.Salt, e.Sealed = reason, data, canonical, salt, nil
	}, nil
}

// openEvents opens events that were just read; rows of anything else are left alone.
func openEvents(r *Reader, rows any) error {
	events, ok := rows.([]models.Event)
	if !ok {
		return nil
	}
	return r.openAll(events, false)
}

// openAll opens events, or gives the first that does not open as an error.
func (r *Reader) openAll(events []models.Event, brief bool) error {
	bad, err := r.openSealed(events, brief)
	if err == nil && bad != nil {
		err = &models.Error{Kind: models.Internal, Code: "sealed_unreadable", Err: bad}
	}
	return err
}

// openSealed opens events. bad is the first that does not open, as a Fault.
func (r *Reader) openSealed(events []models.Event, brief bool) (bad *Fault, err error) {
	r.met.trim()
	var missing []int64
	asked := map[int64]bool{}
	for i := range events {
		if e := &events[i]; len(e.Sealed) > 0 && e.CaseID != nil && !asked[*e.CaseID] && r.met.get(*e.CaseID) == nil {
			asked[*e.CaseID] = true
			missing = append(missing, *e.CaseID)
		}
	}
	if err := r.caseKeys(missing); err != nil {
		return nil, err
	}
	for i := range events {
		e := &events[i]
		if len(e.Sealed) == 0 {
			continue
		}
		why := errors.New("it is sealed and of no case")
		if e.CaseID != nil {
			why = errors.New("it is sealed and its case has no key")
			if k := r.met.get(*e.CaseID); k != nil {
				why = openEvent(e, k, brief)
			}
		}
		if why != nil {
			index := int64(-1)
			if e.Leaf != nil {
				index = *e.Leaf
			}
			return &Fault{What: "event", Index: index, Event: e.ID, Why: why.Error()}, nil
		}
	}
	return nil, nil
}
