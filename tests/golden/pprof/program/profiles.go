// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand"
	rpprof "runtime/pprof"
	"time"

	"github.com/google/pprof/profile"
)

// ownProfiles are those that Go's runtime/pprof writes of this program.
func ownProfiles() map[string]*profile.Profile {
	all := map[string]*profile.Profile{}
	var cpu bytes.Buffer
	if err := rpprof.StartCPUProfile(&cpu); err != nil {
		panic(err)
	}
	work := func(context.Context) {
		// Until there surely are samples: the clock that counts is the thread's.
		for start := time.Now(); time.Since(start) < time.Second; {
			sha256.Sum256(make([]byte, 1<<16))
		}
	}
	rpprof.Do(context.Background(), rpprof.Labels("path", "/a", "tenant", "t1"), work)
	rpprof.StopCPUProfile()
	all["cpu"] = mustParse(cpu.Bytes())
	for _, kind := range []string{"heap", "goroutine", "allocs"} {
		var b bytes.Buffer
		if err := rpprof.Lookup(kind).WriteTo(&b, 0); err != nil {
			panic(err)
		}
		all[kind] = mustParse(b.Bytes())
	}
	return all
}

func mustParse(data []byte) *profile.Profile {
	p, err := profile.ParseData(data)
	if err != nil {
		panic(err)
	}
	return p
}

// everyField has something in each field, ids far apart, and entries that no sample uses.
func everyField() *profile.Profile {
	f := &profile.Function{ID: math.MaxUint64, Name: "main.f[go.shape.int]", SystemName: "main.f",
		Filename: "/src/main.go", StartLine: 12}
	g := &profile.Function{ID: 7, Name: "main.main", StartLine: -1}
	m := &profile.Mapping{ID: 1 << 40, Start: 0x400000, Limit: 0x500000, Offset: 0x1000,
		File: "/bin/api", BuildID: "c0ffee", HasFunctions: true, HasFilenames: true,
		HasLineNumbers: true, HasInlineFrames: true}
	vdso := &profile.Mapping{ID: 3, Start: math.MaxUint64 - 4096, Limit: math.MaxUint64, File: "[vdso]"}
	a := &profile.Location{ID: 1 << 63, Mapping: m, Address: 0x401234, Line: []profile.Line{
		{Function: f, Line: 13, Column: 4}, {Function: g, Line: math.MinInt64}}}
	b := &profile.Location{ID: 2, Mapping: vdso, Address: math.MaxUint64, IsFolded: true}
	c := &profile.Location{ID: 1, Line: []profile.Line{{Function: g, Line: 3}}}
	labels := map[string][]string{"path": {"/z", "/a"}, "": {"no key"}, "bytes": {"text"}}
	return &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}, {}},
		DefaultSampleType: "cpu",
		Sample: []*profile.Sample{
			{Location: []*profile.Location{a, b, c}, Value: []int64{1, -5, math.MaxInt64}},
			{Location: []*profile.Location{a, b, c}, Value: []int64{1, 6, math.MaxInt64}, Label: labels},
			{Location: []*profile.Location{c, c}, Value: []int64{2, 0, 0},
				NumLabel: map[string][]int64{"bytes": {512, 0, -1}, "id": {9}},
				NumUnit:  map[string][]string{"bytes": {"bytes", "kilobytes", "bytes"}}},
			{Location: []*profile.Location{c, c}, Value: []int64{3, 0, 0}, Label: labels,
				NumLabel: map[string][]int64{"bytes": {512}}},
			{Location: []*profile.Location{a, b, c}, Value: []int64{1, 1, 1}, Label: labels},
			{Value: []int64{0, 0, 0}},
		},
		Mapping:  []*profile.Mapping{m, vdso, {ID: 4, File: "/lib/unused.so"}},
		Location: []*profile.Location{a, b, c, {ID: 5, Address: 1}},
		Function: []*profile.Function{f, g, {ID: 9, Name: "main.unused"}},
		Comments: []string{"z first", "a second", "Größe"},
		DocURL:   "https://example.com/doc", DropFrames: "^drop$", KeepFrames: "keep|this",
		TimeNanos: 1700000000123456789, DurationNanos: 30e9,
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10000000,
	}
}

// randomProfile is small, and full of equal things under different ids.
func randomProfile(r *rand.Rand) *profile.Profile {
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:     r.Int63n(3), TimeNanos: r.Int63(), DurationNanos: r.Int63n(100),
	}
	if r.Intn(2) == 0 {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: "cpu", Unit: "nanoseconds"})
	}
	ids := r.Perm(1000)
	id := func(i int) uint64 { return uint64(ids[i])*uint64(r.Intn(2)*1e12+1) + 1 + uint64(i)*1e6 }
	for i := 0; i < 1+r.Intn(3); i++ {
		p.Mapping = append(p.Mapping, &profile.Mapping{ID: id(i), File: pick(r, "/bin/a", "/lib/b.so"),
			HasFunctions: r.Intn(2) == 0})
	}
	for i := 0; i < 1+r.Intn(8); i++ {
		p.Function = append(p.Function, &profile.Function{ID: id(i), Name: fmt.Sprint("main.f", r.Intn(5)),
			Filename: pick(r, "", "a.go"), StartLine: r.Int63n(2)})
	}
	for i := 0; i < 1+r.Intn(12); i++ {
		l := &profile.Location{ID: id(i), Address: uint64(r.Intn(4))}
		if r.Intn(4) > 0 {
			l.Mapping = p.Mapping[r.Intn(len(p.Mapping))]
		}
		for k := r.Intn(3); k > 0; k-- {
			l.Line = append(l.Line, profile.Line{Function: p.Function[r.Intn(len(p.Function))],
				Line: r.Int63n(3)})
		}
		p.Location = append(p.Location, l)
	}
	for i := 0; i < r.Intn(40); i++ {
		p.Sample = append(p.Sample, randomSample(r, p))
	}
	return p
}

func randomSample(r *rand.Rand, p *profile.Profile) *profile.Sample {
	s := &profile.Sample{}
	for range p.SampleType {
		s.Value = append(s.Value, r.Int63n(1000)-10)
	}
	for k := r.Intn(6); k > 0; k-- {
		s.Location = append(s.Location, p.Location[r.Intn(len(p.Location))])
	}
	if r.Intn(3) == 0 {
		s.Label = map[string][]string{pick(r, "k", "l"): {pick(r, "v", "w")}}
	}
	if r.Intn(3) == 0 {
		s.NumLabel = map[string][]int64{pick(r, "k", "n"): {1 + r.Int63n(2)}}
		if r.Intn(2) == 0 {
			s.NumUnit = map[string][]string{}
			for key := range s.NumLabel {
				s.NumUnit[key] = []string{pick(r, "bytes", "seconds")}
			}
		}
	}
	return s
}

func pick(r *rand.Rand, texts ...string) string {
	return texts[r.Intn(len(texts))]
}

// damaged is data with one to three small changes.
func damaged(data []byte, r *rand.Rand) []byte {
	d := append([]byte(nil), data...)
	for n := 1 + r.Intn(3); n > 0; n-- {
		at := r.Intn(len(d))
		switch r.Intn(6) {
		case 0:
			d[at] = byte(r.Intn(256))
		case 1:
			d[at] ^= 1 << r.Intn(8)
		case 2:
			d[at] += byte(r.Intn(5)) - 2
		case 3:
			d = append(d[:at:at], d[at+1:]...)
		case 4:
			d = append(d[:at:at], append([]byte{byte(r.Intn(32))}, d[at:]...)...)
		case 5:
			// A piece a second time, often a whole field.
			end := at + r.Intn(len(d)-at)
			d = append(d[:end:end], append(append([]byte(nil), d[at:end]...), d[end:]...)...)
		}
		if len(d) == 0 {
			return data
		}
	}
	return d
}
