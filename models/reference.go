package models

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// alphabet leaves out what people confuse (0 O, 1 I L, 5 S) and the
// vowels that would spell words.
const alphabet = "23456789BCDFGHJKMNPQRTVWXYZ"

const (
	referenceLen = 10 // 27^10 = 2^47: not guessable in sequence; a collision is caught by the unique index
	keyLen       = 20 // 27^20 = 2^95
)

// NewReference makes a case reference such as T7-K4M9-XQ2R, at random, so that
// it tells neither order nor number of cases.
func NewReference() string { return groupReference(randomText(referenceLen)) }

func groupReference(s string) string { return s[:2] + "-" + s[2:6] + "-" + s[6:] }

// NewKey makes a requester's key, 95 bits, shown once.
func NewKey() string { return groupKey(randomText(keyLen)) }

func groupKey(s string) string {
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:]
}

// KeyFrom makes the key that belongs to a seed of at least 32 uniform bytes, so that
// a retried filing can be answered with the same key without storing it.
func KeyFrom(seed []byte) string {
	// 32 bytes hold 256 bits; 20 symbols take them by repeated division, with a
	// bias far below 2^-100.
	n := append([]byte(nil), seed...)
	out := make([]byte, keyLen)
	for i := range out {
		rem := 0
		for j := range n {
			v := rem<<8 | int(n[j])
			n[j], rem = byte(v/len(alphabet)), v%len(alphabet)
		}
		out[i] = alphabet[rem]
	}
	return groupKey(string(out))
}

func randomText(n int) string {
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		rand.Read(buf) // never fails since Go 1.24
		for _, b := range buf {
			// 243 = 9*27: higher bytes would favour some symbols.
			if b < 243 && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// NormalReference reads a reference as people type it: any case, with or
// without dashes and spaces. ok is false when it cannot be one.
func NormalReference(s string) (ref string, ok bool) {
	t, ok := plain(s, referenceLen)
	if !ok {
		return "", false
	}
	return groupReference(t), true
}

// HashKey reads a key as people type it and gives what is stored of it; "" when it
// cannot be a key.
func HashKey(key string) string {
	t, ok := plain(key, keyLen)
	if !ok {
		return ""
	}
	return HashSecret(t)
}

// HashSecret is the stored form of a random secret of 80 bits or more: SHA-256, hex.
// A slow hash would add nothing against such a secret.
func HashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// SameHash compares two stored hashes in constant time; an empty one matches nothing.
func SameHash(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

func plain(s string, n int) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch {
		case r == '-' || r == ' ' || r == '\u2011' || r == '\u2013':
		case strings.ContainsRune(alphabet, r):
			b.WriteRune(r)
		default:
			return "", false
		}
		if b.Len() > n {
			return "", false
		}
	}
	return b.String(), b.Len() == n
}

// NewToken makes a random secret of 160 bits for sessions, links and bearer tokens.
func NewToken() string {
	b := make([]byte, 20)
	rand.Read(b)
	return hex.EncodeToString(b)
}
