package store_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"terang/models/store"
	"terang/models/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestStem(t *testing.T) {
	for w, want := range map[string]string{
		"mempertanggungjawabkan": "tanggungjawab", "anggaran": "anggar", "pelayanan": "layan", "keputusan": "putus", "menyapu": "sapu",
		"pelajar": "ajar", "belajar": "ajar", "bekerja": "kerja", "buku": "buku", "bukumu": "buku", "bacalah": "baca", "informasi": "informasi",
	} {
		if got := store.StemIndonesian(w); got != want {
			t.Errorf("%s: %s, expected %s", w, got, want)
		}
	}
}

const roots = `ajar alam alir ambil anggar angkut arah atur awas ayah baca bagi bangun bantu bayar beri besar bicara buat buka bukti cari catat
cepat daftar dana dasar data dengar desa didik dinas duduk duga edar ekor gali ganti guna hadap hadir hak harga hasil hitung hubung hukum
ibu ikut indah ingat isi izin jabat jaga jalan jawab jelas jual kabar kantor karya kata kawal kaya kecil kelola kembang kena kenal kepala kerja
kirim kota kuasa kumpul kunci laku lapor larang latih layan lebih lepas lihat lindung main maju makan masuk mata mati minta mohon muda mudah
mulai nama nilai nyata olah pakai panggil pasar pasti pegang pelihara periksa perlu pikir pilih pindah pinjam pisah potong publik pulang putus
rakyat rapat rawat rencana rugi rumah rusak sadar sah sakit salah sama sampai sapu saran sedia sekolah selamat selesai serah siap siar simpan
sisa sosial suara suruh susun syarat tagih tahan tahu tanah tanam tanda tanggap tanggungjawab tanya tarik tata tegak temu tentu terima tetap
tindak tinggal tingkat tolak tolong tugas tuju tulis tuntut turun tutup uang ubah uji ukur umum undang upaya urus usaha usul wajib waktu warga
si isi basi informasi transparansi instansi polisi akreditasi komisi organisasi konsultasi`

// The stemmer gives what PostgreSQL's gives, on words made of every affix there is
// and on words made of nothing.
func TestStemAsPostgres(t *testing.T) {
	c := storetest.PostgresConfig(t)
	var words []string
	for _, root := range strings.Fields(roots) {
		for _, first := range []string{"", "di", "ke", "me", "mem", "men", "meng", "meny", "pe", "pem", "pen", "peng", "peny", "ter", "ber", "be", "bel", "per", "pel", "diper", "memper", "keber", "pemper"} {
			for _, last := range []string{"", "kan", "an", "i", "nya", "lah", "kah", "pun", "ku", "annya", "kanlah", "imu"} {
				words = append(words, first+root+last)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	parts := strings.Fields("a i u e o ka ki ku ma mi mu nya nye ber be per pe pel bel ajar men meng mem meny pen pem peny ter di ke sa si su kan an lah kah pun er ser ker xyz q")
	for range 30_000 {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		words = append(words, b.String())
	}
	rows, err := storetest.Raw(t, c).Query("SELECT w, (ts_lexize('indonesian_stem', w))[1] FROM unnest($1::text[]) w", words)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n, wrong := 0, 0
	for rows.Next() {
		var w, want string
		if err := rows.Scan(&w, &want); err != nil {
			t.Fatal(err)
		}
		n++
		if got := store.StemIndonesian(w); got != want {
			if wrong++; wrong < 20 {
				t.Errorf("%s: %s, PostgreSQL %s", w, got, want)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if n != len(words) || wrong > 0 {
		t.Errorf("%d of %d words differ", wrong, n)
	}
	t.Logf("%d words", n)
}

func TestTerms(t *testing.T) {
	s := storetest.SQLite(t)
	for q, want := range map[string]string{
		"":                                "",
		"  dan yang ":                     "dan yang", // nothing but stop words: finds nothing
		"Anggaran PENDIDIKAN":             "anggar didik",
		"requests and documents":          "request document",
		"kebijakan-kebijakan":             "bijak",
		"t7k4m9xq2r":                      "T7-K4M9-XQ2R",
		" T7-K4M9-XQ2R ":                  "T7-K4M9-XQ2R",
		"t7 k4m9 xq2r":                    "T7-K4M9-XQ2R",
		"jalan T7-K4M9-XQ2R rusak":        "jalan T7-K4M9-XQ2R rusak",
		"ＡＮＧＧＡＲＡＮ ½":                      "anggar 1 2",
		`"; DROP TABLE cases; --' OR 1=1`: "drop table case 1",
		"naïve 数据 Ärger":                  "naïve 数据 ärger",
		"a* NEAR(b c) -d ^e":              "near b c d e",
		"2025-2026":                       "2025 2026",
	} {
		got := s.Terms(q)
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, expected %q", q, got, want)
		}
	}
	long := strings.Repeat("é", 100)
	if got := s.Terms(long); len(got) != 1 || len(got[0]) > 64 || !strings.HasPrefix(long, got[0]) {
		t.Errorf("%q", got)
	}
	if got := store.DocumentTerms("b a b", "A yang"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("%q", got)
	}
}
