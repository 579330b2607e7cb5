package harborline

// chance is a small generator of numbers that only look random (SplitMix64).
// Each subject has its own, so that one subject's growth moves no other.
type chance struct{ state uint64 }

// chanceOf seeds a generator by its subject's name (FNV-1a).
func chanceOf(subject string) *chance {
	h := uint64(0xcbf29ce484222325)
	for i := range len(subject) {
		h = (h ^ uint64(subject[i])) * 0x100000001b3
	}
	return &chance{h}
}

func (c *chance) next() uint64 {
	c.state += 0x9e3779b97f4a7c15
	z := c.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 up to, not including, n.
func (c *chance) below(n int) int { return int(c.next() % uint64(n)) }

// between returns a number from a to b, both included.
func (c *chance) between(a, b int) int { return a + c.below(b-a+1) }

// permille is true in about n of a thousand cases.
func (c *chance) permille(n int) bool { return c.below(1000) < n }

func pick[T any](c *chance, from []T) T { return from[c.below(len(from))] }
