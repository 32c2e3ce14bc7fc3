package store

import "strings"

// stopWords are words that say nothing of what a text is about.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(stopList) {
		m[w] = true
	}
	return m
}()

const stopList = `
ada adalah agar akan aku anda antara apa apakah atas atau bagi bahwa banyak beberapa begitu belum berapa bila bisa boleh
bukan dalam dan dapat dari daripada demi dengan di dia hal hanya harus hingga ia ini itu jadi jika juga kalau kami kamu karena
ke kepada kita lagi lain lalu maka mana masih melalui mereka misalnya mohon namun nya oleh pada para pernah pula saat saja
saya sama sangat saudara sebab sebagai sebelum sebuah sedang sehingga sejak selama seluruh semua seperti serta sesuai
sesudah setelah setiap siapa suatu sudah supaya tanpa tapi telah tentang terhadap tersebut tetapi tiap tidak untuk yaitu
yakni yang
a about all an and any are as at be been but by can do for from had has have he her his how i if in is it its me my no not of
on or our she so that the their them there these they this to us was we were what when where which who will with would you your
`
