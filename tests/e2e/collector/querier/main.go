// SPDX-License-Identifier: Apache-2.0

// Asks a store through Pyroscope's own generated client, as profilecli and Grafana's data source do:
// every call, in protobuf and in JSON, with requests compressed and not. What was pushed are the files
// given; their sums, as google/pprof adds them up, are what the answers are held against. Then they are
// pushed the same way, as profilecli and Grafana Alloy do.
//
//	querier URL FROM-MS TO-MS FILE...
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	googlev1 "github.com/grafana/pyroscope/api/gen/proto/go/google/v1"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
)

const (
	cpu      = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	samples  = "process_cpu:samples:count:cpu:nanoseconds"
	selector = `{service_name="api"}`
)

var ctx = context.Background()

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func equal(what string, is, wanted any) {
	if !reflect.DeepEqual(is, wanted) {
		panic(fmt.Sprintf("%s is %.500v, not %.500v", what, is, wanted))
	}
}

// Values of sample type number by stack: what google/pprof calls equal, and names alone.
func stacks(p *profile.Profile, number int, whole bool) map[string]int64 {
	sums := map[string]int64{}
	for _, s := range p.Sample {
		var key strings.Builder
		for _, l := range s.Location {
			if whole {
				fmt.Fprintf(&key, "%x@%s ", l.Address, l.Mapping.BuildID)
			}
			for _, line := range l.Line {
				if whole {
					fmt.Fprintf(&key, "%s:%d:%d;", line.Function.Filename, line.Function.StartLine, line.Line)
				}
				fmt.Fprintf(&key, "%s|", line.Function.Name)
			}
		}
		sums[key.String()] += s.Value[number]
	}
	return sums
}

func total(sums map[string]int64) (n int64) {
	for _, v := range sums {
		n += v
	}
	return n
}

func parse(p *googlev1.Profile) *profile.Profile {
	out := must(profile.ParseUncompressed(must(p.MarshalVT())))
	if err := out.CheckValid(); err != nil {
		panic(err)
	}
	return out
}

type asker struct {
	querierv1connect.QuerierServiceClient
	from, to int64
	merged   *profile.Profile // by google/pprof
}

func (a *asker) discovery() {
	types := must(a.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: a.from, End: a.to})))
	equal("profile types", len(types.Msg.ProfileTypes), 2)
	equal("first type", types.Msg.ProfileTypes[0].ID, cpu)
	equal("its unit", types.Msg.ProfileTypes[0].SampleUnit, "nanoseconds")
	names := must(a.LabelNames(ctx, connect.NewRequest(&typesv1.LabelNamesRequest{Start: a.from, End: a.to})))
	for _, name := range []string{"pod", "service_name", "__profile_type__"} {
		if i := sort.SearchStrings(names.Msg.Names, name); i == len(names.Msg.Names) || names.Msg.Names[i] != name {
			panic(fmt.Sprintf("no %s in %v", name, names.Msg.Names))
		}
	}
	values := func(selectors ...string) []string {
		return must(a.LabelValues(ctx, connect.NewRequest(&typesv1.LabelValuesRequest{
			Name: "pod", Matchers: selectors, Start: a.from, End: a.to}))).Msg.Names
	}
	equal("pods", values(), []string{"api-0", "api-1", "other-0"})
	equal("pods of api", values(selector), []string{"api-0", "api-1"})
	equal("some pods", values(`{pod=~"api-[1-9]"}`, `{pod!="api-1"}`), []string(nil))
	equal("rest", values(`{pod!~'api-.*', service_name!=""}`), []string{"other-0"})
	series := must(a.Series(ctx, connect.NewRequest(&querierv1.SeriesRequest{
		Start: a.from, End: a.to, LabelNames: []string{"service_name", "__profile_type__"}}))).Msg.LabelsSet
	equal("series", len(series), 4)
	equal("type of the first series", series[0].Labels[0].Value, cpu)
	stats := must(a.GetProfileStats(ctx, connect.NewRequest(&typesv1.GetProfileStatsRequest{}))).Msg
	equal("data ingested", stats.DataIngested, true)
	analyzed := must(a.AnalyzeQuery(ctx, connect.NewRequest(&querierv1.AnalyzeQueryRequest{
		Start: a.from, End: a.to, Query: selector}))).Msg
	equal("series of a query", analyzed.QueryImpact.TotalQueriedSeries, uint64(2))
}

func (a *asker) stacktraces(change func(*querierv1.SelectMergeStacktracesRequest)) *querierv1.SelectMergeStacktracesResponse {
	request := &querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: cpu, LabelSelector: selector, Start: a.from, End: a.to}
	change(request)
	return must(a.SelectMergeStacktraces(ctx, connect.NewRequest(request))).Msg
}

// The same sums as google/pprof.
func (a *asker) merges() {
	for number, id := range []string{samples, cpu} {
		old := must(a.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: id, LabelSelector: selector, Start: a.from, End: a.to}))).Msg
		p := parse(old)
		equal("sample types", len(p.SampleType), 1)
		equal("stacks of "+id, stacks(p, 0, true), stacks(a.merged, number, true))
		equal("duration", p.DurationNanos, a.merged.DurationNanos)
		equal("start", p.TimeNanos, a.merged.TimeNanos)
		equal("period", p.Period, a.merged.Period)
		p = parse(a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) {
			r.ProfileTypeID = id
			r.Format = querierv1.ProfileFormat_PROFILE_FORMAT_PPROF
		}).Pprof.Profile)
		equal("stacks of "+id, stacks(p, 0, true), stacks(a.merged, number, true))
	}
	none := a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) {
		r.LabelSelector = `{service_name="nobody"}`
		r.Format = querierv1.ProfileFormat_PROFILE_FORMAT_PPROF
	})
	equal("samples of nobody", len(none.Pprof.Profile.Sample), 0)
}

// A leaf keeps its callers' lines, whatever its own line is: the edges that Go's compiler reads.
func edges(p *profile.Profile) map[string]int64 {
	sums := map[string]int64{}
	for _, s := range p.Sample {
		if len(s.Location) < 2 {
			continue
		}
		callee := s.Location[0].Line[len(s.Location[0].Line)-1]
		caller := s.Location[1].Line[0]
		sums[fmt.Sprintf("%s:%d %s", caller.Function.Name, caller.Line, callee.Function.Name)] += s.Value[0]
	}
	return sums
}

func (a *asker) pgo() {
	ask := func(keep uint32, aggregate bool) *profile.Profile {
		return parse(a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) {
			r.Format = querierv1.ProfileFormat_PROFILE_FORMAT_PPROF
			r.StackTraceSelector = &typesv1.StackTraceSelector{
				GoPgo: &typesv1.GoPGO{KeepLocations: keep, AggregateCallees: aggregate}}
		}).Pprof.Profile)
	}
	whole, kept, aggregated := ask(0, false), ask(2, false), ask(2, true)
	equal("edges of two locations", edges(kept), edges(whole))
	equal("edges without lines of leaves", edges(aggregated), edges(whole))
	for _, s := range kept.Sample {
		if len(s.Location) > 2 {
			panic("a stack is deeper than two locations")
		}
	}
	bare := 0
	for _, s := range aggregated.Sample {
		if s.Location[0].Line[0].Line == 0 {
			bare++
		}
		for _, caller := range s.Location[1:] {
			if caller.Line[0].Line == 0 {
				panic("a caller lost its line")
			}
		}
	}
	if bare < len(aggregated.Sample)/2 {
		panic("leaves kept their lines")
	}
	if len(aggregated.Sample) > len(kept.Sample) || len(kept.Sample) > len(whole.Sample) {
		panic("aggregating makes more stacks")
	}
	equal("sum", total(stacks(aggregated, 0, false)), total(stacks(whole, 0, false)))
}

// Names of functions, root first, with what is theirs alone.
func fromFlame(f *querierv1.FlameGraph) map[string]int64 {
	type box struct {
		begin, end int64
		stack      string
	}
	sums, above := map[string]int64{}, []box(nil)
	for number, level := range f.Levels {
		var boxes []box
		at := int64(0)
		for i := 0; i < len(level.Values); i += 4 {
			v := level.Values[i : i+4]
			at += v[0]
			b := box{at, at + v[1], ""}
			at += v[1]
			for _, parent := range above {
				if parent.begin <= b.begin && b.end <= parent.end {
					b.stack = parent.stack
				}
			}
			if number > 0 {
				b.stack = f.Names[v[3]] + "|" + b.stack
			}
			if v[2] > 0 {
				sums[b.stack] += v[2]
			}
			boxes = append(boxes, b)
		}
		above = boxes
	}
	return sums
}

func uvarint(b *bytes.Reader) (value uint64) {
	for shift := 0; ; shift += 7 {
		c := must(b.ReadByte())
		value |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return value
		}
	}
}

func fromTree(b *bytes.Reader, above string, sums map[string]int64) {
	name := make([]byte, uvarint(b))
	b.Read(name)
	if len(name) > 0 {
		above = string(name) + "|" + above
	}
	if self := int64(uvarint(b)); self > 0 {
		sums[above] += self
	}
	for n := uvarint(b); n > 0; n-- {
		fromTree(b, above, sums)
	}
}

func (a *asker) trees() {
	wanted := stacks(a.merged, 1, false)
	big := int64(1 << 20)
	flame := a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) { r.MaxNodes = &big }).Flamegraph
	equal("flame graph", fromFlame(flame), wanted)
	equal("total", flame.Total, total(wanted))
	equal("root", flame.Names[0], "total")
	tree := a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) {
		r.MaxNodes = &big
		r.Format = querierv1.ProfileFormat_PROFILE_FORMAT_TREE
	}).Tree
	sums, reader := map[string]int64{}, bytes.NewReader(tree)
	fromTree(reader, "", sums)
	equal("tree", sums, wanted)
	equal("bytes behind the tree", reader.Len(), 0)
	few := int64(20)
	cut := a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) { r.MaxNodes = &few }).Flamegraph
	equal("total of a cut one", cut.Total, total(wanted))
	equal("sum of a cut one", total(fromFlame(cut)), total(wanted))
	nodes := 0
	for _, level := range cut.Levels {
		nodes += len(level.Values) / 4
	}
	if nodes > 60 || nodes < 20 {
		panic(fmt.Sprintf("%d nodes of a cut one", nodes))
	}
	// Below one function, and below nothing that there is.
	for _, s := range a.merged.Sample[:1] {
		root := s.Location[len(s.Location)-1]
		name := root.Line[len(root.Line)-1].Function.Name
		below := a.stacktraces(func(r *querierv1.SelectMergeStacktracesRequest) {
			r.StackTraceSelector = &typesv1.StackTraceSelector{CallSite: []*typesv1.Location{{Name: name}}}
		}).Flamegraph
		var sum int64
		for stack, value := range wanted {
			if strings.HasSuffix(stack, "|"+name+"|") || stack == name+"|" {
				sum += value
			}
		}
		equal("total below "+name, below.Total, sum)
	}
	side := func(selector string) *querierv1.SelectMergeStacktracesRequest {
		return &querierv1.SelectMergeStacktracesRequest{
			ProfileTypeID: cpu, LabelSelector: selector, Start: a.from, End: a.to, MaxNodes: &big}
	}
	diff := must(a.Diff(ctx, connect.NewRequest(&querierv1.DiffRequest{
		Left: side(`{pod="api-0"}`), Right: side(`{pod="api-1"}`)}))).Msg.Flamegraph
	equal("ticks", diff.LeftTicks+diff.RightTicks, total(wanted))
	equal("total of both", diff.Total, total(wanted))
	var selfs int64
	for _, level := range diff.Levels {
		for i := 0; i < len(level.Values); i += 7 {
			selfs += level.Values[i+2] + level.Values[i+5]
		}
	}
	equal("sum of both", selfs, total(wanted))
}

func (a *asker) series() {
	answer := must(a.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: cpu, LabelSelector: "{}", Start: a.from, End: a.to,
		Step: float64(a.to-a.from) / 1000, GroupBy: []string{"service_name"}}))).Msg.Series
	equal("series", len(answer), 2)
	for _, s := range answer {
		if s.Labels[0].Value != "api" {
			continue
		}
		var sum float64
		for _, p := range s.Points {
			if p.Timestamp > a.from {
				sum += p.Value
			}
		}
		equal("sum over time", int64(sum), total(stacks(a.merged, 1, false)))
	}
	short := must(a.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: cpu, LabelSelector: selector, Start: a.from, End: a.to, Step: 15}))).Msg.Series
	equal("series without groups", len(short), 1)
	for i, p := range short[0].Points {
		if (p.Timestamp-a.from)%15000 != 0 || (i > 0 && p.Timestamp <= short[0].Points[i-1].Timestamp) {
			panic("points are out of step")
		}
	}
}

func (a *asker) refusals() {
	code := func(selector, id string) connect.Code {
		_, err := a.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: id, LabelSelector: selector, Start: a.from, End: a.to}))
		return connect.CodeOf(err)
	}
	equal("code of a bad selector", code("{", cpu), connect.CodeInvalidArgument)
	equal("code of a bad pattern", code(`{a=~"("}`, cpu), connect.CodeInvalidArgument)
	equal("code of a bad type", code("{}", "cpu"), connect.CodeInvalidArgument)
	_, err := a.SelectMergeStacktraces(ctx, connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: cpu, LabelSelector: "{}", Start: a.from, End: a.to,
		Format: querierv1.ProfileFormat_PROFILE_FORMAT_DOT}))
	equal("code of dot", connect.CodeOf(err), connect.CodeUnimplemented)
}

func main() {
	var files []*profile.Profile
	for _, name := range os.Args[4:] {
		files = append(files, must(profile.ParseData(must(os.ReadFile(name)))))
	}
	merged := must(profile.Merge(files))
	for number, options := range [][]connect.ClientOption{
		{}, {connect.WithSendGzip()}, {connect.WithProtoJSON()}, {connect.WithProtoJSON(), connect.WithSendGzip()}} {
		a := &asker{
			querierv1connect.NewQuerierServiceClient(http.DefaultClient, os.Args[1], options...),
			must(strconv.ParseInt(os.Args[2], 10, 64)), must(strconv.ParseInt(os.Args[3], 10, 64)), merged}
		a.discovery()
		a.merges()
		a.pgo()
		a.trees()
		a.series()
		a.refusals()
		a.push(os.Args[1], fmt.Sprintf("pushed-%d", number), os.Args[4:], options)
	}
	fmt.Println("all answers are as google/pprof has them")
}
