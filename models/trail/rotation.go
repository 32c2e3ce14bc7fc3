package trail

import (
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"terang/models"
)

// KeyRotated is the event by which the log itself says that another key signs from here
// on. Its data has both public keys (old, new). It is the last entry of its batch, and
// the checkpoint that ends with it is signed by both keys; heads of smaller trees are the
// old key's, heads of larger ones the new key's. Hence who trusts one key of the chain can
// follow it to the others without being told.
const KeyRotated = "log.key_rotated"

// Rotation is a KeyRotated event's place and keys.
type Rotation struct {
	Size     int64 // of the tree that ends with it
	Old, New string
}

// RotationOf reads a rotation from an event's data; ok is false for what is none.
func RotationOf(kind, data string) (r Rotation, ok bool) {
	if kind != KeyRotated {
		return r, false
	}
	var d models.EventData
	if json.Unmarshal([]byte(data), &d) != nil || d.Old == "" || d.New == "" || d.Old == d.New {
		return r, false
	}
	return Rotation{Old: d.Old, New: d.New}, true
}

// KeyChain is which key signs when.
type KeyChain []Rotation

// NewKeyChain orders rotations as they stand in the log. One that does not name the key
// in force as the old one changes nothing.
func NewKeyChain(all []Rotation) KeyChain {
	var c KeyChain
	for _, r := range all {
		if len(c) == 0 || c[len(c)-1].New == r.Old {
			c = append(c, r)
		}
	}
	return c
}

// Current is the key that signs now; "" where there was no rotation.
func (c KeyChain) Current() string {
	if len(c) == 0 {
		return ""
	}
	return c[len(c)-1].New
}

// Keys are all of the chain, the newest first.
func (c KeyChain) Keys() []string {
	var out []string
	for i := len(c) - 1; i >= 0; i-- {
		out = append(out, c[i].New)
	}
	if len(c) > 0 {
		out = append(out, c[0].Old)
	}
	return out
}

// EndsAt gives the rotation whose tree has the size.
func (c KeyChain) EndsAt(size int64) (Rotation, bool) {
	for _, r := range c {
		if r.Size == size {
			return r, true
		}
	}
	return Rotation{}, false
}

// At is the key that must have signed the head of a size: at a rotation's own size the old
// one, which is the one that vouches. "" where there was no rotation.
func (c KeyChain) At(size int64) string {
	key := ""
	for i, r := range c {
		if i == 0 {
			key = r.Old
		}
		if size > r.Size {
			key = r.New
		}
	}
	return key
}

// Anchored says whether a reader who trusts the given keys can trust the chain: one of them
// is in it.
func (c KeyChain) Anchored(known note.Verifiers) error {
	if len(c) == 0 {
		return nil
	}
	for _, k := range c.Keys() {
		if Knows(known, k) {
			return nil
		}
	}
	return fmt.Errorf("none of the keys the log was signed by is one you know; the newest is %s", c.Current())
}

// Knows says whether a public key is among those known.
func Knows(known note.Verifiers, vkey string) bool {
	v, err := note.NewVerifier(vkey)
	if err != nil || known == nil {
		return false
	}
	_, err = known.Verifier(v.Name(), v.KeyHash())
	return err == nil
}

// FollowRotation reads a rotation out of the receipt that proves it, believing only the keys
// known: the checkpoint in it must be signed by the old one, and end with the rotation.
func FollowRotation(raw []byte, known note.Verifiers) (Rotation, error) {
	r, err := VerifyReceipt(raw, known)
	if err != nil {
		return Rotation{}, err
	}
	rot, ok := RotationOf(r.Fields["event"], r.Fields["data"])
	if !ok {
		return Rotation{}, fmt.Errorf("the receipt is of %s, not of a change of keys", r.Fields["event"])
	}
	rot.Size = r.Index + 1
	if r.Checkpoint.Size != rot.Size {
		return Rotation{}, fmt.Errorf("the change of keys at %d is shown by a head at %d, not by the one both keys signed", rot.Size, r.Checkpoint.Size)
	}
	for _, k := range []string{rot.Old, rot.New} {
		one, err := Verifiers(k)
		if err != nil {
			return rot, err
		}
		if _, err := OpenCheckpoint(r.Checkpoint.Note, one); err != nil {
			return rot, fmt.Errorf("the change of keys is not signed by %s", k)
		}
	}
	if !Knows(known, rot.Old) {
		return rot, fmt.Errorf("the change of keys is from %s, which you do not know", rot.Old)
	}
	return rot, nil
}
