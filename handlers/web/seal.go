package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// keys are derived from the one secret, each for one use.
type keys struct {
	seal cipher.AEAD
	form []byte
}

func deriveKeys(secret []byte) (keys, error) {
	seal, err := hkdf.Key(sha256.New, secret, nil, "terang/web/seal/1", 32)
	if err != nil {
		return keys{}, err
	}
	form, err := hkdf.Key(sha256.New, secret, nil, "terang/web/form/1", 32)
	if err != nil {
		return keys{}, err
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return keys{}, err
	}
	aead, err := cipher.NewGCM(block)
	return keys{seal: aead, form: form}, err
}

func hexed(b []byte) string { return hex.EncodeToString(b) }

var errSeal = errors.New("web: not a sealed value of ours")

// Seal encrypts v for a cookie: nobody but us reads or writes it, it serves only
// the purpose it was made for, and only until it expires.
func (w *Web) Seal(purpose string, v any, ttl time.Duration) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(w.Now().Add(ttl).Unix()))
	plain = append(plain, data...)
	nonce := make([]byte, w.keys.seal.NonceSize())
	rand.Read(nonce) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(w.keys.seal.Seal(nonce, nonce, plain, []byte(purpose))), nil
}

// Unseal reads what Seal made.
func (w *Web) Unseal(purpose, sealed string, v any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	n := w.keys.seal.NonceSize()
	if err != nil || len(raw) < n {
		return errSeal
	}
	plain, err := w.keys.seal.Open(nil, raw[:n], raw[n:], []byte(purpose))
	if err != nil || len(plain) < 8 {
		return errSeal
	}
	if w.Now().Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return errSeal
	}
	return json.Unmarshal(plain[8:], v)
}

// FormToken makes the token of a form from what the browser proves by cookie:
// the session's secret, a draft's token, a case's cookie. It is masked anew
// on every page, because pages are compressed and what an attacker can vary beside
// a constant secret would let him read it off the length (BREACH).
func (w *Web) FormToken(seed string) string {
	if seed == "" {
		return ""
	}
	mac := w.formMAC(seed)
	out := make([]byte, 2*len(mac))
	rand.Read(out[:len(mac)])
	subtle.XORBytes(out[len(mac):], mac, out[:len(mac)])
	return base64.RawURLEncoding.EncodeToString(out)
}

// CheckFormToken says whether a token was made from the same seed.
func (w *Web) CheckFormToken(seed, token string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || seed == "" || len(raw) != 2*sha256.Size {
		return false
	}
	mac := make([]byte, sha256.Size)
	subtle.XORBytes(mac, raw[:sha256.Size], raw[sha256.Size:])
	return hmac.Equal(mac, w.formMAC(seed))
}

func (w *Web) formMAC(seed string) []byte {
	h := hmac.New(sha256.New, w.keys.form)
	h.Write([]byte(seed))
	return h.Sum(nil)
}
