package casework

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"terang/models"
)

// fileName makes a claimed name fit to show and to save under: the last path part, without
// control or direction-changing characters, of bounded length, no name that a system keeps
// for itself. It never becomes a path of ours.
func fileName(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), strings.ContainsRune(`/:*?"<>|`, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	s = strings.TrimLeft(strings.TrimSpace(s), ". ")
	s = strings.TrimRight(s, ". ")
	for utf8.RuneCountInString(s) > models.MaxFileName {
		r := []rune(s)
		ext := path.Ext(s)
		if utf8.RuneCountInString(ext) > 10 {
			ext = ""
		}
		s = strings.TrimRight(string(r[:models.MaxFileName-utf8.RuneCountInString(ext)]), ". ") + ext
	}
	stem, _, _ := strings.Cut(s, ".")
	if reserved[strings.ToUpper(strings.TrimSpace(stem))] {
		s = "_" + s
	}
	if s == "" {
		return "file"
	}
	return s
}

// reserved are the names that Windows gives to devices, with whatever behind a dot.
var reserved = func() map[string]bool {
	m := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true}
	for _, d := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"} {
		m["COM"+d], m["LPT"+d] = true, true
	}
	return m
}()

// endings are how names of each accepted type end, the usual one first.
var endings = map[string][]string{
	"application/pdf": {"pdf"}, "image/png": {"png", "apng"}, "image/jpeg": {"jpg", "jpeg", "jpe", "jfif"}, "image/webp": {"webp"}, "image/tiff": {"tif", "tiff"}, "image/heic": {"heic", "heif"},
	"text/plain": {"txt", "text", "log", "md", "csv", "tsv", "ics", "vcf"}, "text/csv": {"csv", "tsv", "txt"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {"docx"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {"xlsx"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {"pptx", "ppsx"},
	"application/vnd.oasis.opendocument.text":                                   {"odt"},
	"application/vnd.oasis.opendocument.spreadsheet":                            {"ods"},
	"application/vnd.oasis.opendocument.presentation":                           {"odp"},
	"application/msword":       {"doc"},
	"application/vnd.ms-excel": {"xls"}, "application/rtf": {"rtf", "doc"},
	"audio/mpeg": {"mp3"}, "audio/ogg": {"ogg", "oga", "opus"}, "audio/mp4": {"m4a", "mp4"}, "video/mp4": {"mp4", "m4v"}, "video/3gpp": {"3gp", "3gpp", "3g2"},
	"message/rfc822": {"eml", "txt"},
}

// running are endings by which a system starts what it opens, or shows it as a page: none of
// them stays in a name, in the middle neither.
var running = strings.Fields(`ade adp apk app appx asp aspx bas bat bin cgi chm class cmd com cpl crt deb desktop dll dmg docm dotm exe gadget hta htm html inf ins
	iso jar jnlp js jse jsp lnk mht mhtml mjs msc msi msp mst one pif php phtml pl pptm ps1 ps1xml ps2 psc1 py rb reg rpm scf scr sct sh shb shs svg svgz swf sys url vb vbe vbs
	vhd vhdx wasm wsc wsf wsh xhtml xla xlam xll xlsm xml xsl`)

// typedName gives a cleaned name the ending of what the file is.
func typedName(name, kind string) string {
	ok := endings[kind]
	parts := strings.Split(name, ".")
	for len(parts) > 1 {
		last := strings.ToLower(strings.TrimSpace(parts[len(parts)-1]))
		if !slices.Contains(running, last) {
			break
		}
		parts = parts[:len(parts)-1]
	}
	for i := 1; i < len(parts)-1; i++ {
		if slices.Contains(running, strings.ToLower(strings.TrimSpace(parts[i]))) {
			parts[i] = "_" + parts[i]
		}
	}
	stem, last := strings.Join(parts, "."), ""
	if len(parts) > 1 {
		last = strings.ToLower(parts[len(parts)-1])
	}
	if len(ok) == 0 || slices.Contains(ok, last) {
		return fileName(stem)
	}
	if known(last) {
		stem = strings.Join(parts[:len(parts)-1], ".")
	}
	return fileName(strings.TrimRight(stem, ". ") + "." + ok[0])
}

// known says whether an ending is one of some type that is accepted: it is then a wrong one,
// and not a part of the name such as in "surat no. 5".
func known(ending string) bool {
	for _, list := range endings {
		if slices.Contains(list, ending) {
			return true
		}
	}
	return false
}
