package sampling

import (
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The expectations of this file come from Python's hashlib:
//
//	lines = ["ticktie-sample/v1", "soc1-2026", "CM-02.T1", "sha256:" + "ab"*32, "cd"*32, nonce]
//	seed = sha256("".join(l + "\n" for l in lines)).hexdigest()
//	sorted((sha256(seed + "\n" + '["%d"]' % i).hexdigest(), i) for i in range(1000))[:5]
const (
	nonceHex = "00112233445566778899aabbccddeeff"
	seedHex  = "b722ff0f33be5d7757deda057df1931f5dc605b8f8bdc80e7a66b18b12573ff6"
)

func testSeed() [32]byte {
	const ab, cd = "abababababababababababababababababababababababababababababababab", "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	return Seed("soc1-2026", "CM-02.T1", "sha256:"+ab, cd, nonceHex)
}

func numbered(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf(`["%d"]`, i)) {
				return
			}
		}
	}
}

func TestSeedAndCommitment(t *testing.T) {
	seed := testSeed()
	if got := hex.EncodeToString(seed[:]); got != seedHex {
		t.Errorf("seed %s", got)
	}
	nonce, err := hex.DecodeString(nonceHex)
	if err != nil {
		t.Fatal(err)
	}
	if got := Commitment(nonce); got != "a8faed6abbf35c12a4b26e40f6feb19d736d90045c83b9f9a31f638d323e6811" {
		t.Errorf("commitment %s", got)
	}
	rank := Rank(seed, `["Zürich","1.50"]`)
	if got := hex.EncodeToString(rank[:]); got != "4309f652e20f095e42f12626b7b19445dbea76673fbd2067f969b46fc97e17e1" {
		t.Errorf("rank %s", got)
	}
}

func TestDrawTakesTheSmallestRanks(t *testing.T) {
	want := []Selected{
		{872, `["872"]`, "0016cac12f21fea500b554790eeb4fc27ab721a37a2f97d7324983adc94d8bc7"},
		{730, `["730"]`, "001e238325e6ed321d3c8007682018d1e4e6ba264b6945bb1d3c655e10fd576a"},
		{506, `["506"]`, "006c378db9de7b23163f9f46ec5a8997df207deb620e4a0f0413860341ca38a6"},
		{582, `["582"]`, "006d30330ac3069bd79ac8f17789bf7c53d237bed2619e8a93e90e49a88b26bd"},
		{870, `["870"]`, "007f7b6542aacfb2e54508981db2670e21c9c5582daccdfe410d764ec05594c8"},
	}
	if diff := cmp.Diff(want, Draw(testSeed(), 5, numbered(1000))); diff != "" {
		t.Error(diff)
	}
}

// A larger sample begins with the smaller one, and the whole population is
// every item once.
func TestDrawIsAPrefixOfTheWhole(t *testing.T) {
	all := Draw(testSeed(), 2000, numbered(1000))
	if len(all) != 1000 {
		t.Fatalf("%d items", len(all))
	}
	for _, n := range []int{1, 2, 60, 999} {
		if diff := cmp.Diff(all[:n], Draw(testSeed(), n, numbered(1000))); diff != "" {
			t.Errorf("%d items: %s", n, diff)
		}
	}
	seen := map[int64]bool{}
	for _, s := range all {
		seen[s.Item] = true
	}
	if len(seen) != 1000 || !slices.IsSortedFunc(all, func(a, b Selected) int { return strings.Compare(a.Rank, b.Rank) }) {
		t.Error("an item is missing or out of order")
	}
}

func TestDrawTakesTheEarlierOfEqualRanks(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		got := Draw(testSeed(), n, slices.Values([]string{`["a"]`, `["a"]`, `["a"]`, `["a"]`}))
		for i, s := range got {
			if s.Item != int64(i) {
				t.Errorf("of %d, place %d is item %d", n, i, s.Item)
			}
		}
	}
}

func TestDrawOfNothing(t *testing.T) {
	if got := Draw(testSeed(), 0, numbered(3)); len(got) != 0 {
		t.Error(got)
	}
	if got := Draw(testSeed(), 3, numbered(0)); len(got) != 0 {
		t.Error(got)
	}
}

func BenchmarkDraw(b *testing.B) {
	const keys = 1_000_000
	for b.Loop() {
		Draw(testSeed(), 60, numbered(keys))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/keys, "ns/key")
}
