package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"terang/models/casework/inspect"
	"terang/models/casework/inspect/inspecttest"
)

// look inspects data, and gives what would be kept.
func look(t testing.TB, data []byte) (inspect.Finding, []byte, error) {
	t.Helper()
	dir := t.TempDir()
	spool := func() (*os.File, error) { return os.CreateTemp(dir, "x") }
	f, err := spool()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	found, err := inspect.Look(context.Background(), f, int64(len(data)), spool)
	if err != nil {
		return found, nil, err
	}
	if found.File != f {
		defer found.File.Close()
	}
	kept, rerr := io.ReadAll(found.File)
	if rerr != nil {
		t.Fatal(rerr)
	}
	return found, kept, nil
}

func TestSamples(t *testing.T) {
	for _, s := range inspecttest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			start := time.Now()
			found, kept, err := look(t, s.Data)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			var no *inspect.Refusal
			if s.Code != "" {
				if !errors.As(err, &no) || no.Code != s.Code {
					t.Fatalf("%s is %v (%s), want %s", s.Name, err, found.Type, s.Code)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			want := slices.DeleteFunc(slices.Clone(s.Notes), func(n string) bool { return n == inspect.NoteName })
			if found.Type != s.Type || !slices.Equal(found.Notes, want) {
				t.Errorf("%s is %s %v, want %s %v", s.Name, found.Type, found.Notes, s.Type, want)
			}
			if len(want) == 0 && !bytes.Equal(kept, s.Data) {
				t.Errorf("%s was changed", s.Name)
			}
			if bytes.Contains(kept, []byte("GPSMARK")) {
				t.Errorf("%s still says where", s.Name)
			}
			// What was cleaned is clean: a second look finds nothing and changes nothing.
			again, same, err := look(t, kept)
			if err != nil || len(again.Notes) > 0 || !bytes.Equal(same, kept) {
				t.Errorf("%s, cleaned: %v %v, changed %t", s.Name, again.Notes, err, !bytes.Equal(same, kept))
			}
			// And it is still what it was.
			switch found.Type {
			case "image/jpeg", "image/png":
				was, _, err1 := image.Decode(bytes.NewReader(s.Data))
				is, _, err2 := image.Decode(bytes.NewReader(kept))
				if err1 != nil || err2 != nil || !samePicture(was, is) {
					t.Errorf("%s: %v %v: not the same picture", s.Name, err1, err2)
				}
			case "image/tiff":
				if _, err := tiff.Decode(bytes.NewReader(kept)); err != nil {
					t.Error(err)
				}
			case "image/webp":
				if _, err := webp.DecodeConfig(bytes.NewReader(kept)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func samePicture(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			r, g, bl, al := a.At(x, y).RGBA()
			r2, g2, bl2, al2 := b.At(x, y).RGBA()
			if r != r2 || g != g2 || bl != bl2 || al != al2 {
				return false
			}
		}
	}
	return true
}

// A photograph that lies on its side still does.
func TestTurnStays(t *testing.T) {
	_, kept, err := look(t, inspecttest.JPEG(6, true))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(kept, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")) {
		t.Error("the way up is gone")
	}
}

// Streams of a PDF are counted, whatever their dictionaries say.
func TestPDFBomb(t *testing.T) {
	_, _, err := look(t, inspecttest.PDFBomb(17))
	var no *inspect.Refusal
	if !errors.As(err, &no) || no.Code != "file_unpacks" {
		t.Errorf("%v, want file_unpacks", err)
	}
	if _, _, err := look(t, inspecttest.PDFBomb(2)); err != nil {
		t.Errorf("a page stored as it is: %v", err)
	}
}

// FuzzLook must never panic, hang, or take what it cannot take a second time.
func FuzzLook(f *testing.F) {
	for _, s := range inspecttest.Samples() {
		if len(s.Data) < 64<<10 {
			f.Add(s.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, kept, err := look(t, data)
		if err != nil {
			return
		}
		again, _, err := look(t, kept)
		if err != nil {
			t.Errorf("%s %v was taken, and its cleaned copy is not: %v", found.Type, found.Notes, err)
		} else if again.Type != found.Type {
			t.Errorf("%s became %s", found.Type, again.Type)
		}
	})
}
