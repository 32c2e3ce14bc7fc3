package policies

import "unicode"

// titleWords go before a name.
var titleWords = wordSet(`bapak bpk pak ibu bu sdr sdri saudara saudari tn ny nn nona tuan nyonya dr drs dra ir prof h hj hjh kh kyai kiai
	ustaz ustadz ustadzah gus rm raden mr mrs ms almarhum almarhumah alm kanda kak`)

// dotTitles are titles only with a full stop and a capital: "H. Budi", never "huruf h".
var dotTitles = wordSet(`h hj hjh kh ny nn tn dr dra drs ir mr mrs ms rm sdr sdri bpk prof alm`)

// introducer is a word that says that a name comes.
type introducer struct {
	colon  bool // only with a colon: the word alone says too little
	recall bool // only when recall counts: "Data Siswa Berprestasi" is written like a name
}

var introducers = map[string]introducer{
	"bernama": {}, "named": {}, "namanya": {},
	"nama": {colon: true}, "name": {colon: true}, "pelapor": {colon: true}, "terlapor": {colon: true}, "pemohon": {colon: true},
	"pasien": {recall: true}, "siswa": {recall: true}, "siswi": {recall: true}, "mahasiswa": {recall: true}, "mahasiswi": {recall: true},
	"tersangka": {recall: true}, "terdakwa": {recall: true}, "terpidana": {recall: true}, "korban": {recall: true}, "saksi": {recall: true},
}

// officeWords stop a name: an office is not personal data, and the word after it is a place more often than a person.
var officeWords = wordSet(`kepala bupati walikota wali gubernur wakil camat lurah kades menteri presiden direktur direktris dirjen irjen sekjen
	sekda sekretaris ketua anggota dinas badan kantor kementerian lembaga ppid kabupaten kota provinsi propinsi kecamatan desa
	kelurahan dusun kampung polisi polri polda polres polsek tni jaksa hakim dokter guru dosen rektor dekan petugas staf staff pegawai
	asn pns operator admin administrator panitia pejabat pimpinan atasan bendahara camat kapolri kapolda kapolres kapolsek
	kajari danramil kodim babinsa ombudsman komisi komisioner dewan dprd dpr mpr dpd kpk bpk bpkp bps bpn bpom bpjs kpu bawaslu rt rw
	rsud puskesmas pt cv ud upt uptd perum perumda bumn bumd universitas sekolah sd smp sma smk yayasan koperasi bank pengadilan
	kejaksaan mahkamah republik indonesia negara nusantara pertiwi pengawas inspektur inspektorat manajer manager general
	redaksi tim bagian bidang seksi subbagian biro satuan unit perangkat kepolisian panglima kapten jenderal kolonel letnan mayor
	hamil menyusui rumah tangga`)

// stopWords are words that, with a capital at the start of a clause or in a title, still are no name.
var nameStops = wordSet(`atas yang di dan atau untuk dengan telah sudah akan adalah ialah mohon tolong saya kami kita anda selaku sebagai dari
	pada tanggal alamat nomor no nik ktp kk npwp tahun bulan hari jam pukul tersebut ini itu tidak belum bukan juga serta bahwa
	karena agar supaya jika bila apakah bagaimana mengapa kapan siapa apa berapa mana dimana ke oleh dalam terkait tentang mengenai
	perihal hal senin selasa rabu kamis jumat sabtu minggu januari februari maret april mei juni juli agustus september oktober
	november desember terima kasih hormat salam selamat demikian berdasarkan menurut sesuai perkara kasus surat data dokumen
	salinan the of and in at for to with from by who is was has jalan jl gang gg lahir ttl usia umur jabatan pekerjaan telp telepon hp
	email anak istri suami lain semua para setiap seluruh ada masih saja bisa dapat harus meminta minta melaporkan lapor meninggal
	nama lengkap perusahaan jenis penyakit covid demam rawat inap jalan umum bpjs miskin lama baru kelas wafat sekalian sekian beserta`)

// particles join names and may be lower-case.
var nameParticles = wordSet(`bin binti binte bte al el van de der von ar as`)

// placeWords, before a title, make the name a street's or a building's: "Jl. Dr. Sutomo", "RSUD dr. Soedono".
var placeWords = wordSet(`jl jln jalan gang gg rs rsud rsup rumkit sakit bandara stadion universitas univ institut masjid musala taman museum gedung
	monumen pelabuhan sma smp sd smk sekolah yayasan perpustakaan makam tugu lapangan terminal jembatan stasiun pasar tahura gor
	puskesmas klinik pesantren ponpes kampus aula auditorium perumahan komplek kompleks simpang`)

// headWords make the place after them an office: "Kepala Puskesmas".
var headWords = wordSet(`kepala direktur direktris ketua pimpinan wakil guru dokter perawat bidan dosen rektor pengurus manajer petugas pegawai`)

// names finds what follows a title or "bernama".
func (s *personalScan) names() {
	for i := 0; i < len(s.toks); i++ {
		start := s.nameStart(i)
		if start < 0 {
			continue
		}
		end := s.nameEnd(start)
		if end < start {
			continue
		}
		s.add(PersonalName, start, end)
		i = end
	}
}

// nameStart says where a name should start if token i introduces one: -1 if it does not.
func (s *personalScan) nameStart(i int) int {
	t := &s.toks[i]
	if t.kind != pWord || t.used {
		return -1
	}
	k := -1
	switch {
	case t.low == "a" && (s.is(i+1, '.') || s.is(i+1, '/')) && s.low(i+2) == "n" && s.tight(i, i+1) && s.tight(i+1, i+2):
		k = s.skip(i+3, ".:")
	case t.low == "an" && s.is(i+1, '.') && s.tight(i, i+1):
		k = i + 2
	case t.low == "atas" && s.low(i+1) == "nama":
		k = s.skip(i+2, ":")
	case t.low == "nama" && s.low(i+1) == "saya":
		k = s.skip(i+2, ":")
		if s.low(k) == "adalah" {
			k++
		}
	case t.low == "nama" && s.low(i+1) == "lengkap" && s.is(i+2, ':'):
		k = i + 3
	default:
		in, ok := introducers[t.low]
		switch {
		case ok && (!in.colon || s.is(i+1, ':')) && (!in.recall || s.mode == Recall || s.is(i+1, ':')):
			k = s.skip(i+1, ":")
		case s.title(i):
			if s.placeBefore(i) {
				return -1
			}
			k = s.afterTitle(i)
		default:
			return -1
		}
	}
	for k < len(s.toks) {
		switch {
		case s.title(k) && s.afterTitle(k) < len(s.toks):
			k = s.afterTitle(k)
		case roleWords[s.low(k)]:
			k++ // "atas nama terdakwa Budi"
		default:
			return k
		}
	}
	return -1
}

// roleWords may stand between a title and a name.
var roleWords = wordSet(`terdakwa tersangka terpidana pelapor terlapor pemohon termohon saksi korban pasien siswa siswi mahasiswa almarhum
	almarhumah`)

// title says that token i is a title. One-letter and clipped ones need their full stop.
func (s *personalScan) title(i int) bool {
	t := &s.toks[i]
	if t.kind != pWord || !titleWords[t.low] || s.tight(i-1, i) && s.toks[i-1].kind != pPunct {
		return false
	}
	if dotTitles[t.low] && !s.is(i+1, '.') {
		if t.low == "bpk" {
			return !s.capital(t) // BPK audits, Bpk. is a man
		}
		return t.upper && len(t.low) > 1 && s.mode == Recall || t.low == "sdr" || t.low == "sdri"
	}
	return true
}

// afterTitle skips a title at token i with its full stop, and the slash of "Bapak/Ibu" or "Sdr/i".
func (s *personalScan) afterTitle(i int) int {
	k := i + 1
	if s.is(k, '.') {
		k++
	}
	if s.is(k, '/') && (s.low(k+1) == "i" || titleWords[s.low(k+1)]) {
		k += 2
		if s.is(k, '.') {
			k++
		}
	}
	return k
}

func (s *personalScan) skip(k int, set string) int {
	for k < len(s.toks) && s.toks[k].isAny(set) {
		k++
	}
	return k
}

// placeBefore says that the words before a title name a street or a building.
func (s *personalScan) placeBefore(i int) bool {
	for k, words := i-1, 0; k >= 0 && words < 3; k-- {
		t := &s.toks[k]
		if t.r == '.' && t.kind == pPunct {
			continue
		}
		if t.kind != pWord || !(placeWords[t.low] || titleWords[t.low] || t.low == "umum" || t.low == "daerah" || t.low == "negeri" || t.low == "raya") {
			return false
		}
		if placeWords[t.low] {
			return !headWords[s.low(k-1)] // "Kepala Puskesmas dr. Rini" is a person, "Puskesmas dr. Rini" a house
		}
		words++
	}
	return false
}

// nameEnd reads a name from token i: up to five capitalised words, initials and particles. It returns the last token,
// or less than i if there is no name.
func (s *personalScan) nameEnd(i int) int {
	end, words := i-1, 0
	caps := i < len(s.toks) && s.capital(&s.toks[i]) && s.toks[i].c1-s.toks[i].c0 > 1
	for k := i; k < len(s.toks) && words < 5; k++ {
		t := &s.toks[k]
		if t.kind != pWord || t.used || k > i && t.nl || k > i && s.tight(k-1, k) && !s.inName(k-1) {
			break
		}
		if nameParticles[t.low] && words > 0 && !t.upper {
			if k+1 < len(s.toks) && s.toks[k+1].upper && !s.toks[k+1].nl {
				continue // counted only if a name follows
			}
			break
		}
		if !t.upper {
			if words == 0 && s.mode == Recall && s.lowerName(k) {
				return k
			}
			break
		}
		if officeWords[t.low] || nameStops[t.low] || titleWords[t.low] && words == 0 || labelWords[t.low] != labelNone && s.capital(t) {
			break
		}
		if words > 0 && !caps && s.capital(t) && t.c1-t.c0 > 2 {
			break // "Bapak Budi DPRD": an office's short name, unless all is in capitals
		}
		end = k
		words++
		switch {
		case s.is(k+1, '.') && s.tight(k, k+1) && t.c1-t.c0 <= 2 && k+2 < len(s.toks) && s.toks[k+2].upper && !s.toks[k+2].nl:
			k++ // an initial: "M. Yusuf"
		case (s.is(k+1, '\'') || s.is(k+1, '’') || s.is(k+1, '-')) && s.tight(k, k+1) && s.tight(k+1, k+2) && s.toks[k+2].kind == pWord:
			end = k + 2 // "Nur'aini", "Al-Farisi": one word
			k += 2
		}
	}
	if end == i && s.toks[i].c1-s.toks[i].c0 < 2 {
		return i - 1 // a lone letter
	}
	return end
}

// inName says that the punctuation at token k may stand inside a name.
func (s *personalScan) inName(k int) bool { return s.toks[k].isAny(".'’-:/(\"“") }

// lowerName says that a lower-case word after a title may be a name, when recall counts.
func (s *personalScan) lowerName(k int) bool {
	t := &s.toks[k]
	if nameStops[t.low] || officeWords[t.low] || titleWords[t.low] || notAName[t.low] || t.c1-t.c0 < 3 {
		return false
	}
	if prev := s.low(k - 1); !titleWords[prev] && prev != "bernama" && prev != "nama" {
		return false
	}
	for _, r := range t.low {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return true
}

// notAName are lower-case words that often follow "bapak", "ibu", "saudara".
var notAName = wordSet(`sekalian semuanya berkenan mohon kandung saudara tiri angkat mertua muda tua tersebut sendiri beliau sudah kota bapak
	pengusaha pedagang petani penjual kami kita mereka dia yth terhormat pribadi orang warga mempelai ingin minta punya dosen
	korban pelapor pemilik penerima pengguna berapa untuk sakit melahirkan rujukan terlantar`)
