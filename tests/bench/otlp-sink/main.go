// SPDX-License-Identifier: Apache-2.0

// Otlp-sink takes in profiles over OTLP/gRPC and tells what came, as a line of JSON for each
// request: when it came, how many samples of which process, and when the first of them was taken.
//
//	otlp-sink HOST:PORT
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	service "go.opentelemetry.io/proto/otlp/collector/profiles/v1development"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/protobuf/proto"

	profiles "go.opentelemetry.io/proto/otlp/profiles/v1development"
)

type delivery struct {
	At      int64            `json:"at"`    // ns since the epoch
	First   uint64           `json:"first"` // likewise, the oldest of the samples; 0: none
	Bytes   int              `json:"bytes"` // unpacked
	Samples map[int64]uint64 `json:"samples"`
	InMain  map[int64]uint64 `json:"in_main"` // of them those called from main.main
}

type sink struct {
	service.UnimplementedProfilesServiceServer
	out sync.Mutex
}

// stacksInMain tells of each stack of a request whether it has main.main.
func stacksInMain(d *profiles.ProfilesDictionary) []bool {
	in := make([]bool, len(d.GetStackTable()))
	for i, stack := range d.GetStackTable() {
		for _, location := range stack.LocationIndices {
			for _, line := range d.LocationTable[location].Lines {
				name := d.FunctionTable[line.FunctionIndex].NameStrindex
				in[i] = in[i] || d.StringTable[name] == "main.main"
			}
		}
	}
	return in
}

func weight(sample *profiles.Sample) uint64 {
	if len(sample.Values) == 0 { // one for each time
		return uint64(len(sample.TimestampsUnixNano))
	}
	sum := uint64(0)
	for _, value := range sample.Values {
		sum += uint64(value)
	}
	return sum
}

func (d *delivery) add(pid int64, sample *profiles.Sample, inMain bool) {
	for _, at := range sample.TimestampsUnixNano {
		if d.First == 0 || at < d.First {
			d.First = at
		}
	}
	d.Samples[pid] += weight(sample)
	if inMain {
		d.InMain[pid] += weight(sample)
	}
}

// pidOf gives 0 where it is not told.
func pidOf(r *profiles.ResourceProfiles) int64 {
	for _, attribute := range r.GetResource().GetAttributes() {
		if attribute.Key == "process.pid" {
			return attribute.Value.GetIntValue()
		}
	}
	return 0
}

func (s *sink) Export(_ context.Context, request *service.ExportProfilesServiceRequest) (
	*service.ExportProfilesServiceResponse, error) {
	d := delivery{At: time.Now().UnixNano(), Bytes: proto.Size(request),
		Samples: map[int64]uint64{}, InMain: map[int64]uint64{}}
	inMain := stacksInMain(request.Dictionary)
	for _, resource := range request.ResourceProfiles {
		pid := pidOf(resource)
		for _, scope := range resource.ScopeProfiles {
			for _, profile := range scope.Profiles {
				for _, sample := range profile.Samples {
					d.add(pid, sample, inMain[sample.StackIndex])
				}
			}
		}
	}
	s.out.Lock()
	defer s.out.Unlock()
	return &service.ExportProfilesServiceResponse{}, json.NewEncoder(os.Stdout).Encode(d)
}

func run(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(256 << 20))
	service.RegisterProfilesServiceServer(server, &sink{})
	fmt.Println("ready", listener.Addr())
	return server.Serve(listener)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: otlp-sink HOST:PORT")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "otlp-sink:", err)
		os.Exit(1)
	}
}
