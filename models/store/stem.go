package store

func stemIndonesian(w string) string { return w }
