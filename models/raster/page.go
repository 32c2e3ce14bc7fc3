package raster

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	_ "golang.org/x/image/tiff" // pictures of scans
	_ "golang.org/x/image/webp" // pictures from phones
)

// Page is one page, or a picture, in pixels.
type Page struct {
	Image *image.RGBA
	Size  Size // in points; of a picture, as if it had DPI
	DPI   int
}

// ppm reads the pictures that pdftoppm writes one after the other.
type ppm struct{ r *bufio.Reader }

func newPPM(r io.Reader) *ppm { return &ppm{bufio.NewReaderSize(r, 1<<20)} }

func (p *ppm) next() (*image.RGBA, error) {
	var magic string
	var w, h, depth int
	if _, err := p.r.Peek(1); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanf(p.r, "%2s\n%d %d\n%d", &magic, &w, &h, &depth); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if magic != "P6" || depth != 255 || w <= 0 || h <= 0 || w > MaxPixels || h > MaxPixels || w*h > MaxPixels*2 {
		return nil, fault(Broken)
	}
	if _, err := p.r.ReadByte(); err != nil { // the one white space after the head
		return nil, io.ErrUnexpectedEOF
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	row := make([]byte, 3*w)
	for y := range h {
		if _, err := io.ReadFull(p.r, row); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		out := img.Pix[y*img.Stride : y*img.Stride+4*w]
		for x := range w {
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = row[3*x], row[3*x+1], row[3*x+2], 0xff
		}
	}
	return img, nil
}

// Picture decodes a picture and turns it the way its camera was held. Nothing but pixels is kept of it.
func Picture(r io.ReadSeeker) (Page, error) {
	cfg, _, err := image.DecodeConfig(r)
	if err != nil {
		return Page{}, &Error{Code: NotDrawable, Err: err}
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > MaxPixels || cfg.Height > MaxPixels || cfg.Width*cfg.Height > 2*MaxPixels {
		return Page{}, fault(PageTooLarge, "1")
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Page{}, err
	}
	img, kind, err := image.Decode(r)
	if err != nil {
		return Page{}, &Error{Code: NotDrawable, Err: err}
	}
	turn := 1
	if kind == "jpeg" || kind == "tiff" || kind == "webp" {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return Page{}, err
		}
		head, err := io.ReadAll(io.LimitReader(r, 512<<10))
		if err != nil {
			return Page{}, err
		}
		turn = orientation(head, kind)
	}
	b := img.Bounds()
	flat := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	// What shines through is seen on white, as in every viewer; the colours behind it go.
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, b.Min, draw.Over)
	flat = turned(flat, turn)
	w, h := flat.Bounds().Dx(), flat.Bounds().Dy()
	return Page{Image: flat, Size: Size{float64(w) / DPI * 72, float64(h) / DPI * 72}, DPI: DPI}, nil
}

// orientation reads EXIF's tag 0x0112; 1, upright, where there is none.
func orientation(b []byte, kind string) int {
	var tiff []byte
	switch kind {
	case "tiff":
		tiff = b
	case "webp":
		i := bytes.Index(b, []byte("EXIF"))
		if i < 0 || i+8 > len(b) {
			return 1
		}
		tiff = bytes.TrimPrefix(b[i+8:], []byte("Exif\x00\x00"))
	default:
		for i := 2; i+4 < len(b) && b[i] == 0xff; {
			n := int(binary.BigEndian.Uint16(b[i+2:]))
			end := i + 2 + n
			if b[i+1] == 0xda || n < 2 || end > len(b) {
				return 1
			}
			if seg := b[i+4 : end]; b[i+1] == 0xe1 && bytes.HasPrefix(seg, []byte("Exif\x00\x00")) {
				tiff = seg[6:]
				break
			}
			i = end
		}
	}
	if len(tiff) < 8 {
		return 1
	}
	var o binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		o = binary.BigEndian
	}
	at := int(o.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	n := int(o.Uint16(tiff[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > len(tiff) {
			break
		}
		if o.Uint16(tiff[e:]) == 0x0112 {
			if v := int(o.Uint16(tiff[e+8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}

func turned(src *image.RGBA, o int) *image.RGBA {
	if o <= 1 || o > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dw, dh := w, h
	if o >= 5 {
		dw, dh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range h {
		for x := range w {
			var u, v int
			switch o {
			case 2:
				u, v = w-1-x, y
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				u, v = x, h-1-y
			case 5:
				u, v = y, x
			case 6:
				u, v = h-1-y, x
			case 7:
				u, v = h-1-y, w-1-x
			case 8:
				u, v = y, w-1-x
			}
			copy(dst.Pix[v*dst.Stride+4*u:][:4], src.Pix[y*src.Stride+4*x:][:4])
		}
	}
	return dst
}

// Encode writes the pixels: exactly where they have few colours, as text has, and as JPEG where they are a photograph.
func (p Page) Encode() (data []byte, contentType string, err error) {
	var b bytes.Buffer
	if few := paletted(p.Image); few != nil {
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := enc.Encode(&b, few); err != nil {
			return nil, "", err
		}
		return b.Bytes(), "image/png", nil
	}
	if err := jpeg.Encode(&b, p.Image, &jpeg.Options{Quality: 88}); err != nil {
		return nil, "", err
	}
	return b.Bytes(), "image/jpeg", nil
}

// As encodes a picture in its own format where that keeps every pixel or it was lossy before.
func (p Page) As(contentType string) (data []byte, kind string, err error) {
	var b bytes.Buffer
	if contentType == "image/jpeg" {
		err = jpeg.Encode(&b, p.Image, &jpeg.Options{Quality: 92})
		return b.Bytes(), contentType, err
	}
	if few := paletted(p.Image); few != nil {
		err = png.Encode(&b, few)
	} else {
		err = png.Encode(&b, p.Image)
	}
	return b.Bytes(), "image/png", err
}

// paletted gives the picture with a palette where it has at most 256 colours.
func paletted(img *image.RGBA) *image.Paletted {
	b := img.Bounds()
	index := make(map[uint32]uint8, 256)
	var palette color.Palette
	out := image.NewPaletted(b, nil)
	last, lastIndex, any := uint32(0), uint8(0), false
	for y := range b.Dy() {
		row := img.Pix[y*img.Stride : y*img.Stride+4*b.Dx()]
		to := out.Pix[y*out.Stride:]
		for x := 0; x < len(row); x += 4 {
			k := uint32(row[x])<<16 | uint32(row[x+1])<<8 | uint32(row[x+2])
			if any && k == last {
				to[x/4] = lastIndex
				continue
			}
			i, ok := index[k]
			if !ok {
				if len(palette) == 256 {
					return nil
				}
				i = uint8(len(palette))
				index[k] = i
				palette = append(palette, color.RGBA{row[x], row[x+1], row[x+2], 0xff})
			}
			to[x/4], last, lastIndex, any = i, k, i, true
		}
	}
	out.Palette = palette
	return out
}

// IsPicture says whether Picture may read a type.
func IsPicture(contentType string) bool {
	kind, ok := strings.CutPrefix(contentType, "image/")
	return ok && (kind == "png" || kind == "jpeg" || kind == "webp" || kind == "tiff")
}

// Code gives the code of an error of this package; "" for any other.
func Code(err error) (code string, args []string) {
	var e *Error
	if errors.As(err, &e) {
		return e.Code, e.Args
	}
	return "", nil
}
