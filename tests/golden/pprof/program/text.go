// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/google/pprof/profile"
)

// parse is profile.ParseData without the text formats of old.
func parse(data []byte) (*profile.Profile, error) {
	p, err := profile.ParseUncompressed(data)
	if err != nil {
		return nil, err
	}
	return p, p.CheckValid()
}

// text is all that a profile says, in an order that depends on nothing else: equal samples added
// up, ids left out, and only what samples use (and the first mapping, the main binary).
func text(p *profile.Profile) []string {
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf(format, args...))
	}
	add("time %d duration %d period %d", p.TimeNanos, p.DurationNanos, p.Period)
	if t := p.PeriodType; t != nil {
		add("period type %q %q", t.Type, t.Unit)
	}
	add("default %q drop %q keep %q doc %q", p.DefaultSampleType, p.DropFrames, p.KeepFrames, p.DocURL)
	seen := map[string]bool{}
	for _, c := range p.Comments {
		if !seen[c] {
			add("comment %q", c)
		}
		seen[c] = true
	}
	for _, t := range p.SampleType {
		add("type %q %q", t.Type, t.Unit)
	}
	if len(p.Mapping) > 0 {
		add("main %s", mapping(p.Mapping[0]))
	}
	return append(lines, samples(p)...)
}

func samples(p *profile.Profile) []string {
	sums := map[string][]int64{}
	for _, s := range p.Sample {
		key := sample(s)
		if sums[key] == nil {
			sums[key] = make([]int64, len(s.Value))
		}
		for i, v := range s.Value {
			sums[key][i] += v
		}
	}
	var lines []string
	for key, sum := range sums {
		lines = append(lines, fmt.Sprintf("%v %s", sum, key))
	}
	sort.Strings(lines)
	return lines
}

func mapping(m *profile.Mapping) string {
	if m == nil {
		return "-"
	}
	return fmt.Sprintf("%x-%x %x %q %q %v %v %v %v", m.Start, m.Limit, m.Offset, m.File, m.BuildID,
		m.HasFunctions, m.HasFilenames, m.HasLineNumbers, m.HasInlineFrames)
}

func sample(s *profile.Sample) string {
	var b strings.Builder
	for _, l := range s.Location {
		fmt.Fprintf(&b, "\n  %x %v in %s", l.Address, l.IsFolded, mapping(l.Mapping))
		for _, line := range l.Line {
			f := line.Function
			fmt.Fprintf(&b, "\n    %d:%d %q %q %q %d", line.Line, line.Column, f.Name,
				f.SystemName, f.Filename, f.StartLine)
		}
	}
	for _, key := range keys(s.Label) {
		fmt.Fprintf(&b, "\n  %q = %q", key, s.Label[key])
	}
	for _, key := range keys(s.NumLabel) {
		units := make([]string, len(s.NumLabel[key]))
		copy(units, s.NumUnit[key]) // no units at all is as good as empty ones
		fmt.Fprintf(&b, "\n  %q = %d %q", key, s.NumLabel[key], units)
	}
	return b.String()
}

func keys[V any](m map[string]V) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	sort.Strings(all)
	return all
}

func compare(want, got []string) error {
	for i := 0; i < len(want) || i < len(got); i++ {
		w, g := "(end)", "(end)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			return fmt.Errorf("differs:\nwant %s\ngot  %s", w, g)
		}
	}
	return nil
}
