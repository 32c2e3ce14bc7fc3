package casework

import "sync"

// MeetAtHash has the service hold every password it hashes until n of them are there: tries
// that are sent at once.
func (s *Service) MeetAtHash(n int) {
	argon := s.argon
	var all sync.WaitGroup
	all.Add(n)
	s.argon = func(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
		all.Done()
		all.Wait()
		return argon(password, salt, memory, passes, threads)
	}
}

// AfterHash does something between the next password that is hashed and what comes of it.
func (s *Service) AfterHash(do func()) {
	argon := s.argon
	s.argon = func(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
		s.argon = argon
		sum := argon(password, salt, memory, passes, threads)
		do()
		return sum
	}
}

// CountHashes has the service count how often it hashes a password.
func (s *Service) CountHashes(n *int) {
	argon := s.argon
	s.argon = func(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
		*n++
		return argon(password, salt, memory, passes, threads)
	}
}
