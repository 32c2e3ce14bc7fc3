// Package static carries the stylesheet, the script and the pictures inside the program.
//
// Each file is served under a name that holds a hash of its content, so that a browser may keep it for ever and still
// gets the new one after an upgrade. The packed forms are made once, when the first of them is asked for.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

//go:embed css js img
var files embed.FS

// Prefix is where the files are served.
const Prefix = "/static/"

// CacheControl is right for every asset: its name changes with its content.
const CacheControl = "public, max-age=31536000, immutable"

// Asset is one file as it is sent.
type Asset struct {
	ContentType string
	ETag        string
	Body        []byte
	Gzip        []byte // nil where packing does not make it smaller
	Brotli      []byte
}

type index struct {
	urls   map[string]string
	assets map[string]Asset
}

var built = sync.OnceValue(build)

// URL gives the address of a file named as in this folder, such as "css/terang.css". A name that is not there gives an
// address that answers 404, which a test of the pages finds.
func URL(name string) string {
	if u, ok := built().urls[name]; ok {
		return u
	}
	return Prefix + name
}

// Lookup finds the file served at an address path. Only addresses given by URL exist.
func Lookup(address string) (Asset, bool) {
	a, ok := built().assets[address]
	return a, ok
}

// Names lists the embedded files.
func Names() []string {
	var names []string
	for n := range built().urls {
		names = append(names, n)
	}
	return names
}

func build() index {
	ix := index{urls: map[string]string{}, assets: map[string]Asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:6])
		ext := path.Ext(name)
		url := Prefix + strings.TrimSuffix(name, ext) + "." + hash + ext
		ix.urls[name] = url
		ix.assets[url] = Asset{
			ContentType: contentType(ext),
			ETag:        `"` + hash + `"`,
			Body:        body,
			Gzip:        packGzip(body),
			Brotli:      packBrotli(body),
		}
		return nil
	})
	if err != nil {
		panic("static: " + err.Error()) // the files are part of the program
	}
	return ix
}

// The table of the machine is not asked: it differs between systems, and a wrong type with nosniff breaks the page.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return "application/octet-stream"
}

func packGzip(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(body)
	w.Close()
	return smaller(b.Bytes(), body)
}

func packBrotli(body []byte) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, 9)
	w.Write(body)
	w.Close()
	return smaller(b.Bytes(), body)
}

func smaller(packed, body []byte) []byte {
	if len(packed) >= len(body) {
		return nil
	}
	return packed
}
