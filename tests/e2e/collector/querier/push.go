// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"os"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
)

// Too large for the collector that is asked, compressed or not: query's case_client lets it take 1 MiB.
func tooLarge() string {
	random := make([]byte, 2<<20)
	must(rand.Read(random))
	return hex.EncodeToString(random)
}

// Sets a header of each request, as Alloy's writer sets its User-Agent.
func withTenant(tenant string) connect.ClientOption {
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			r.Header().Set("X-Scope-OrgID", tenant)
			return next(ctx, r)
		}
	}))
}

func series(pod string, pprof ...[]byte) *pushv1.RawProfileSeries {
	s := &pushv1.RawProfileSeries{Labels: []*typesv1.LabelPair{
		{Name: "__name__", Value: "process_cpu"},
		{Name: "service_name", Value: "api"},
		{Name: "pod", Value: pod},
	}}
	for _, p := range pprof {
		s.Samples = append(s.Samples, &pushv1.RawSample{RawProfile: p})
	}
	return s
}

func unpacked(name string) []byte {
	var out bytes.Buffer
	if err := must(profile.ParseData(must(os.ReadFile(name)))).WriteUncompressed(&out); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// Push files as a tenant of their own, and ask for their sums: the first ones in one request of two
// series, one of them not compressed, then each again, which changes nothing.
func (a *asker) push(url, tenant string, files []string, options []connect.ClientOption) {
	options = append([]connect.ClientOption{withTenant(tenant)}, options...)
	client := pushv1connect.NewPusherServiceClient(http.DefaultClient, url, options...)
	send := func(all ...*pushv1.RawProfileSeries) error {
		_, err := client.Push(ctx, connect.NewRequest(&pushv1.PushRequest{Series: all}))
		return err
	}
	var rest [][]byte
	for _, name := range files[1:] {
		rest = append(rest, must(os.ReadFile(name)))
	}
	if err := send(series("api-0", unpacked(files[0])), series("api-1", rest...)); err != nil {
		panic(err)
	}
	mine := *a
	mine.QuerierServiceClient = querierv1connect.NewQuerierServiceClient(http.DefaultClient, url, options...)
	mine.merges()
	for i := range rest {
		if err := send(series("api-1", rest[i])); err != nil {
			panic(err)
		}
	}
	mine.merges()

	refused := func(what string, code connect.Code, all ...*pushv1.RawProfileSeries) {
		equal("code of "+what, connect.CodeOf(send(all...)), code)
	}
	refused("garbage", connect.CodeInvalidArgument, series("api-0", []byte("garbage")))
	refused("a label twice", connect.CodeInvalidArgument, &pushv1.RawProfileSeries{
		Labels:  append(series("a").Labels, series("b").Labels...),
		Samples: series("a", rest[0]).Samples})
	large := tooLarge()
	refused("what is too large", connect.CodeResourceExhausted, series("api-0", []byte(large)))
	_, err := mine.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: 2, End: 1}))
	equal("code of a wrong window", connect.CodeOf(err), connect.CodeInvalidArgument)
	_, err = mine.LabelValues(ctx, connect.NewRequest(&typesv1.LabelValuesRequest{Name: large}))
	equal("code of what is asked at too great length", connect.CodeOf(err), connect.CodeResourceExhausted)
}
