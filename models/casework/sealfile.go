package casework

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"

	"terang/models"
	"terang/models/store"
)

// Whatever keeps the bytes of documents is given ciphertext: Tink's streaming AES-256-GCM
// under a key of the document's own, which stands in its row wrapped by the master key. A
// document is so opened piece by piece and from any place on, and one that was cut short,
// changed, or put under another's name does not open.

const (
	// A piece is small so that a thousand downloads at once need no gigabyte of memory.
	sealedPiece = 64 << 10
	headSize    = 3072 // kept of the content for sniffing its type
)

func fileCipher(key []byte) (*subtle.AESGCMHKDF, error) {
	return subtle.NewAESGCMHKDF(key, "SHA256", 32, sealedPiece, 0)
}

// putFile stores what r gives, at most limit bytes of it, sealed. What it says of the file is
// said of its content.
func (s *Service) putFile(ctx context.Context, r io.Reader, limit int64) (Stored, error) {
	key := store.NewFileKey()
	c, err := fileCipher(key.Content())
	if err != nil {
		return Stored{}, internal("file_seal", err)
	}
	out, in := io.Pipe()
	plain := &plainReader{r: r, left: limit, sum: sha256.New()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		in.CloseWithError(sealStream(c, in, plain))
	}()
	// More than any content within the limit can become: the content's own length is what counts.
	stored, err := s.files.Put(ctx, out, limit+limit/1024+sealedPiece)
	out.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	<-done
	if plain.over {
		if err == nil {
			_ = s.files.Delete(context.WithoutCancel(ctx), stored.Name)
		}
		return Stored{}, models.Refuse(models.TooLarge, "file_too_large")
	}
	if err != nil {
		return Stored{}, err
	}
	if stored.Key, err = s.store.WrapFileKey(key, stored.Name); err != nil {
		_ = s.files.Delete(context.WithoutCancel(ctx), stored.Name)
		return Stored{}, err
	}
	stored.Size, stored.SHA256, stored.Head = plain.n, hex.EncodeToString(plain.sum.Sum(nil)), plain.head
	return stored, nil
}

func sealStream(c *subtle.AESGCMHKDF, out io.Writer, in io.Reader) error {
	w, err := c.NewEncryptingWriter(out, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, in); err != nil {
		return err
	}
	return w.Close()
}

// plainReader notes what passes: length, sum and first bytes.
type plainReader struct {
	r    io.Reader
	left int64
	n    int64
	sum  hash.Hash
	head []byte
	over bool
}

func (p *plainReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.n += int64(n); p.n > p.left {
		p.over = true
		return 0, io.ErrShortBuffer
	}
	p.sum.Write(b[:n])
	if room := headSize - len(p.head); room > 0 {
		p.head = append(p.head, b[:min(room, n)]...)
	}
	return n, err
}

// getFile opens a document's content. What was stored before anything was sealed is read as
// it is: its row, which is sealed, says so.
func (s *Service) getFile(ctx context.Context, d *models.Attachment) (io.ReadSeekCloser, error) {
	key, err := s.store.FileKey(d)
	if err != nil {
		return nil, err
	}
	f, err := s.files.Get(ctx, d.Stored)
	if err != nil || key == nil {
		return f, err
	}
	c, err := fileCipher(key.Content())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &openedFile{f: f, c: c, size: d.Size, at: -1}, nil
}

// openedFile reads a sealed file from any place on. Going back, it begins anew: a document
// is at most some MiB, which open faster than a network takes them.
type openedFile struct {
	f    io.ReadSeekCloser
	c    *subtle.AESGCMHKDF
	r    io.Reader
	at   int64 // where r stands; -1 before the first read
	want int64 // where the next read begins
	size int64
}

func (o *openedFile) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if o.at < 0 || o.want < o.at {
		if _, err := o.f.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
		r, err := o.c.NewDecryptingReader(o.f, nil)
		if err != nil {
			return 0, sealedFile(err)
		}
		o.r, o.at = r, 0
	}
	if o.want > o.at {
		n, err := io.CopyN(io.Discard, o.r, o.want-o.at)
		o.at += n
		if err != nil {
			return 0, sealedFile(err)
		}
	}
	n, err := o.r.Read(b)
	o.at += int64(n)
	o.want = o.at
	return n, sealedFile(err)
}

// sealedFile says what a failure to open means.
func sealedFile(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return internal("file_unreadable", err)
}

func (o *openedFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.want
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("before the beginning of the file")
	}
	o.want = offset
	return offset, nil
}

func (o *openedFile) Close() error { return o.f.Close() }
