package main

import (
	"context"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"strings"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
)

// bulkBatch is how many cases --bulk writes in one transaction.
const bulkBatch = 1000

// multiply brings the cases up to n after the patterns that were played.
func (s *benchSeed) multiply(ctx context.Context, n int, step func(done, of int64)) error {
	svc := casework.New(casework.Options{Store: s.a.store, Packs: s.a.packs, Files: s.a.files, Secret: s.a.secret, Signer: s.a.signer})
	copies, err := svc.Copies(ctx)
	if err != nil {
		return err
	}
	v, err := newVarier(s.demoRun)
	if err != nil {
		return err
	}
	have := 0
	for g := range copies.Groups() {
		have += copies.Size(g)
	}
	written := have
	words := map[string]int{}
	order := mrand.New(mrand.NewPCG(3, 14)).Perm(copies.Groups())
	next := 0
	prepare := func() *casework.Batch {
		var groups []int
		for size := 0; size < bulkBatch && have < n; next++ {
			g := order[next%len(order)]
			if groups != nil && have+copies.Size(g) > n+5 {
				continue
			}
			groups = append(groups, g)
			size += copies.Size(g)
			have += copies.Size(g)
		}
		if len(groups) == 0 {
			return nil
		}
		return copies.Prepare(groups, v.vary)
	}
	// The next batch is prepared while the last is written.
	ahead := make(chan *casework.Batch, 1)
	go func() {
		defer close(ahead)
		for b := prepare(); b != nil && ctx.Err() == nil; b = prepare() {
			select {
			case ahead <- b:
			case <-ctx.Done():
			}
		}
	}()
	for b := range ahead {
		if ctx.Err() != nil {
			break
		}
		if err := copies.Write(ctx, b); err != nil {
			return errors.Join(err, ctx.Err())
		}
		for i, k := range b.Keys {
			if v.rng.IntN(n) < benchKeys {
				s.world.Keys[v.rng.IntN(len(s.world.Keys))] = benchKey{k.Reference, k.Key}
			}
			if i%8 == 0 {
				countWords(words, k.Subject, k.Text)
			}
		}
		written += len(b.Keys)
		step(int64(written), int64(n))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for w := range words {
		words[w] *= 8
	}
	s.world.Cases, s.world.Words = written, byFrequency(words, n)
	return s.a.store.Analyze(ctx)
}

// varier makes what tells copies apart: names, addresses, and words behind the text. How often
// words come follows Zipf's law, as in any language: a few stand in every third text, most
// in a handful of a million.
type varier struct {
	speaker
	rng   *mrand.Rand
	words []string
	zipf  *mrand.Zipf
}

func newVarier(r *demoRun) (*varier, error) {
	rng := mrand.New(mrand.NewPCG(1945, 8))
	v := &varier{rng: rng, speaker: speaker{dice: rng, lex: &r.words}}
	v.words = append(strings.Fields(commonWords), placeNames()...)
	v.zipf = mrand.NewZipf(rng, 1.07, 2.7, uint64(len(v.words)-1))
	for chunk := 0; chunk < len(v.words); chunk += 200 {
		text := strings.Join(v.words[chunk:min(len(v.words), chunk+200)], " ")
		if got := r.pack.Classify(policies.Facts{Kind: "request", Subject: "Salinan dokumen", Text: text}); got.Class != policies.ClassPublic {
			return nil, fmt.Errorf("words to vary texts with would be classified as %s: %.60s", got.Class, text)
		}
	}
	return v, nil
}

func (v *varier) vary(models.Kind) casework.Variation {
	v.values = map[string]string{}
	out := casework.Variation{Requester: v.requester(false)}
	if v.rng.IntN(2) == 0 {
		out.SubjectMore = " di " + v.words[len(v.words)-1-v.rng.IntN(len(v.words)/2)]
	}
	var b strings.Builder
	b.WriteString("\n\nKeterangan:")
	for range 12 + v.rng.IntN(20) {
		b.WriteByte(' ')
		b.WriteString(v.words[v.zipf.Uint64()])
	}
	b.WriteByte('.')
	out.TextMore = b.String()
	return out
}

// commonWords are everyday words that say nothing a rule looks for, the commonest first.
const commonWords = `tahun kegiatan warga lokasi wilayah kelurahan kecamatan data tabel salinan lampiran laporan daftar jumlah hasil rencana
	tanggal bulan minggu pagi siang sore kantor loket ruang gedung halaman pintu lantai taman lapangan pasar sekolah jembatan trotoar saluran
	selokan lampu rambu marka aspal beton pasir batu semen pipa kabel tiang pagar tangga atap dinding jendela papan meja kursi lemari buku
	pena kertas amplop map gambar peta denah foto surat nomor lembar berkas arsip naskah catatan ringkasan rincian uraian penjelasan
	pertanyaan jawaban saran masukan usul pendapat harapan terima kasih bersama tetangga keluarga anak pemuda petani nelayan pedagang
	pengrajin guru murid mahasiswa peneliti wartawan relawan panitia pengurus ketua sekretaris anggota peserta undangan rapat musyawarah
	diskusi lokakarya pelatihan kunjungan survei pengukuran perhitungan perkiraan target capaian progres tahapan jadwal awal akhir sementara
	lanjutan tambahan sebagian seluruh beberapa banyak sedikit besar kecil panjang pendek lebar sempit tinggi rendah dalam dangkal jauh dekat
	utara selatan timur barat tengah depan belakang samping kiri kanan atas bawah luar baru lama bersih kotor basah kering panas dingin
	hujan banjir genangan lumpur debu sampah pohon rumput bunga kebun sawah ladang sungai danau pantai pulau gunung bukit lembah hutan`

// placeNames are made of syllables that Indonesian places are named by: some thousand that
// sound like names and are of no place in particular.
func placeNames() []string {
	heads := strings.Fields("suka karang banjar tanjung muara kampung rawa bukit lembang kota pasir batu air tirta wana giri sumber mekar marga sindang cipta jati kebon ranca lubuk teluk kuala pulo sungai tegal")
	tails := strings.Fields("mulya jaya sari asri indah raya maju damai rejo mukti baru lama hilir hulu tengah wetan kulon lor kidul makmur sentosa harja negara agung alam permai endah waluya luhur langgeng bakti karya tani bina sejati utama dadi")
	ends := strings.Fields("an in ang ung ah i a o")
	var out []string
	for _, e := range append([]string{""}, ends...) {
		for _, h := range heads {
			for _, t := range tails {
				out = append(out, h+t+e)
			}
		}
	}
	return out
}
