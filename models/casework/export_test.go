package casework

// CountHashes has the service count how often it hashes a password.
func (s *Service) CountHashes(n *int) {
	argon := s.argon
	s.argon = func(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
		*n++
		return argon(password, salt, memory, passes, threads)
	}
}
