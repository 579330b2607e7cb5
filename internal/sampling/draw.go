package sampling

import (
	"bytes"
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
)

// seedFormat is the first line of what a seed is the hash of.
const seedFormat = "ticktie-sample/v1"

// Selected is one item of a sample.
type Selected struct {
	Item int64  `json:"item"` // position in the snapshot, from 0
	Key  string `json:"key"`  // JSON array of strings
	Rank string `json:"rank"` // 64 hex digits
}

// Commitment is what is sealed before a draw: the SHA-256 of the nonce in hex.
// The nonce is at least 16 random bytes, or it could be guessed from this.
func Commitment(nonce []byte) string {
	h := sha256.Sum256(nonce)
	return hex.EncodeToString(h[:])
}

// Seed is the SHA-256 of six lines, each ended by a newline: the format's name,
// the engagement, the test, the digest of the population's snapshot, the hex
// root of the log's tree that ends with the commitment, and the nonce in hex.
// It is fixed by parties of whom none knew the others' part beforehand.
func Seed(engagement, test, populationDigest, rootHex, nonceHex string) [32]byte {
	h := sha256.New()
	for _, line := range []string{seedFormat, engagement, test, populationDigest, rootHex, nonceHex} {
		_, _ = h.Write([]byte(line + "\n")) // a hash does not fail
	}
	return [32]byte(h.Sum(nil))
}

// Rank is the SHA-256 of the seed in hex, a newline, and the item's key.
func Rank(seed [32]byte, key string) [32]byte {
	return sha256.Sum256(append(rankPrefix(seed), key...))
}

func rankPrefix(seed [32]byte) []byte {
	return append(hex.AppendEncode(nil, seed[:]), '\n')
}

// Draw takes the n items with the smallest ranks, in the order of their ranks;
// of equal ranks the earlier item. The keys come in the order of the snapshot.
// It holds n items in memory, however many keys there are; with fewer than n
// keys it takes all, and it is for the caller to say that these are too few.
func Draw(seed [32]byte, n int, keys iter.Seq[string]) []Selected {
	if n < 1 {
		return nil
	}
	var kept worstFirst
	text := rankPrefix(seed)
	start := len(text)
	item := int64(-1)
	for key := range keys {
		item++
		text = append(text[:start], key...)
		rank := sha256.Sum256(text)
		switch {
		case len(kept) < n:
			heap.Push(&kept, ranked{rank, item, key})
		case bytes.Compare(rank[:], kept[0].rank[:]) < 0:
			kept[0] = ranked{rank, item, key}
			heap.Fix(&kept, 0)
		}
	}
	slices.SortFunc(kept, byRank)
	out := make([]Selected, len(kept))
	for i, k := range kept {
		out[i] = Selected{Item: k.item, Key: k.key, Rank: hex.EncodeToString(k.rank[:])}
	}
	return out
}

type ranked struct {
	rank [32]byte
	item int64
	key  string
}

func byRank(a, b ranked) int {
	return cmp.Or(bytes.Compare(a.rank[:], b.rank[:]), cmp.Compare(a.item, b.item))
}

// worstFirst is a heap with the largest rank on top.
type worstFirst []ranked

func (w worstFirst) Len() int           { return len(w) }
func (w worstFirst) Less(i, j int) bool { return byRank(w[i], w[j]) > 0 }
func (w worstFirst) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *worstFirst) Push(x any)        { *w = append(*w, x.(ranked)) }
func (w *worstFirst) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}
